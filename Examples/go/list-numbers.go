// Lists a project's numbers, as often at once as each line of input says.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		TokenURL:     setting("TOKEN_URL", "https://auth.sinch.com/oauth2/token"),
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
	// What the token is fetched with; the client below has a timeout of its own.
	fetching := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Timeout: 10 * time.Second})
	client := config.Client(fetching)
	client.Timeout = 20 * time.Second
	url := setting("API_URL", "https://numbers.api.sinch.com") + "/v1/projects/" + os.Getenv("PROJECT_ID") + "/activeNumbers"

	answers := make(chan string)
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		count, _ := strconv.Atoi(input.Text())
		for i := 0; i < count; i++ {
			go func() { answers <- numbers(client, url) }()
		}
		for i := 0; i < count; i++ {
			fmt.Println(<-answers)
		}
	}
}

func numbers(client *http.Client, url string) string {
	answer, err := client.Get(url)
	if err != nil {
		return fmt.Sprintf("error: %q", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("error: %s %q %v", answer.Status, body, err)
	}
	return string(body)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
