// What a team writes that needs tokens in several places: an HTTP server that hands out what x/oauth2 caches.
//
// Takes the token endpoint and how many projects there are; client-1 with the secret tbs_1 may have the tokens of
// project-0, and so on. Listens on the addresses that follow: a port of 127.0.0.1, a socket's path, or tls:PORT:CERTIFICATE:KEY.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type client struct {
	secret  [32]byte
	project string
	tokens  oauth2.TokenSource
}

type broker struct {
	clients map[string]client
}

type answer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
	TokenType   string `json:"token_type"`
}

func (b *broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	project := ""
	if r.URL.Path != "/oauth2/token" {
		project = strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/projects/"), "/oauth2/token")
	}
	id, secret, _ := r.BasicAuth()
	client, known := b.clients[id]
	digest := sha256.Sum256([]byte(secret))
	if !known || subtle.ConstantTimeCompare(digest[:], client.secret[:]) != 1 {
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
		return
	}
	if project != "" && project != client.project {
		http.Error(w, `{"error":"unauthorized_client"}`, http.StatusBadRequest)
		return
	}
	if r.Method != http.MethodPost || r.FormValue("grant_type") != "client_credentials" {
		http.Error(w, `{"error":"unsupported_grant_type"}`, http.StatusBadRequest)
		return
	}
	token, err := client.tokens.Token()
	if err != nil {
		http.Error(w, `{"error":"temporarily_unavailable"}`, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	json.NewEncoder(w).Encode(answer{token.AccessToken, int(time.Until(token.Expiry).Seconds()), "", "bearer"})
}

func main() {
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	b := &broker{clients: map[string]client{}}
	for number := 0; number < count; number++ {
		config := clientcredentials.Config{
			ClientID: fmt.Sprintf("key-%d", number), ClientSecret: fmt.Sprintf("secret-of-key-%d", number),
			TokenURL: os.Args[1], AuthStyle: oauth2.AuthStyleInHeader,
		}
		b.clients[fmt.Sprintf("client-%d", number+1)] = client{
			secret:  sha256.Sum256([]byte(fmt.Sprintf("tbs_%d", number+1))),
			project: fmt.Sprintf("project-%d", number),
			tokens:  config.TokenSource(context.Background()),
		}
	}
	for _, address := range os.Args[3:] {
		go func(parts []string) {
			switch {
			case parts[0] == "tls":
				log.Fatal(http.ListenAndServeTLS("127.0.0.1:"+parts[1], parts[2], parts[3], b))
			case strings.HasPrefix(parts[0], "/"):
				listener, err := net.Listen("unix", parts[0])
				if err != nil {
					log.Fatal(err)
				}
				log.Fatal(http.Serve(listener, b))
			default:
				log.Fatal(http.ListenAndServe("127.0.0.1:"+parts[0], b))
			}
		}(strings.Split(address, ":"))
	}
	select {}
}
