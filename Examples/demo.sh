#!/usr/bin/env bash
# The whole way: sandbox, broker, key, client, token, API call. `once` exits afterwards, `run` stays up, with what it
# made in the folder .demo.
# With SINCH_PROJECT_ID, SINCH_KEY_ID and SINCH_KEY_SECRET it uses the real auth.sinch.com in place of the sandbox.
set -euo pipefail
mode=${1:?usage: demo.sh run|once}
bin=${BROKER_BIN_DIR:?says where the programs are; 'make demo' sets it}
if [[ $mode == run ]]; then
    dir=$PWD/.demo
    mkdir --mode 0700 "$dir" || { echo "a demo runs here already, or was cut off: then remove $dir" >&2; exit 1; }
else
    dir=$(mktemp -d)
fi
pids=()

finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

step() { printf '\n== %s\n' "$*"; }

# Prints the first match of a pattern's group in a file, as soon as it is there.
await() {
    for _ in $(seq 200); do
        found=$(sed -nE "s|$1|\1|p" "$2" 2>/dev/null | head -n 1)
        if [[ -n $found ]]; then echo "$found"; return; fi
        sleep 0.05
    done
    echo "gave up waiting for '$1' in $2:" >&2
    cat "$2" >&2
    return 1
}

if [[ -n ${SINCH_PROJECT_ID:-} && -n ${SINCH_KEY_ID:-} && -n ${SINCH_KEY_SECRET:-} ]]; then
    project=$SINCH_PROJECT_ID key=$SINCH_KEY_ID secret=$SINCH_KEY_SECRET
    endpoint=https://auth.sinch.com/oauth2/token api=https://elastic-trunking.api.sinch.com
else
    project=demo-project key=demo-key secret=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
    step "the sandbox, in place of auth.sinch.com and of the Elastic SIP Trunking API"
    (umask 077; printf %s "$secret" > "$dir/sandbox-key")
    "$bin/sinch-sandbox" --port 0 --project "$project" --key-id "$key" --key-secret-file "$dir/sandbox-key" \
        > "$dir/sandbox.out" &
    pids+=($!)
    api=$(await '.*"http":"([^"]*)".*' "$dir/sandbox.out")
    endpoint=$api/oauth2/token
    echo "$api"
fi

step "the broker"
ln -s "$bin/token-broker" "$dir/token-broker"
export TOKEN_BROKER_DATA_DIR=$dir/data TOKEN_BROKER_TOKEN_ENDPOINT=$endpoint
if [[ $mode == once ]]; then
    export TOKEN_BROKER_LISTEN=127.0.0.1:0,unix:$dir/data/client.sock TOKEN_BROKER_OPS_LISTEN=127.0.0.1:0
fi
"$bin/token-broker" init
"$bin/token-broker" serve --log-format json 2> "$dir/broker.log" &
pids+=($!)
broker=http://$(await '.*"address":"([^"u][^"]*)","listener":"client".*' "$dir/broker.log")
operations=http://$(await '.*"address":"([^"]*)","listener":"operations".*' "$dir/broker.log")
await '.*"listener":"(admin)".*' "$dir/broker.log" > /dev/null
curl --silent --show-error --fail --retry 20 --retry-all-errors --retry-delay 1 "$operations/health/ready"
echo

step "an access key, verified by minting with it"
printf %s "$secret" | "$bin/token-broker" key add --project "$project" --key-id "$key"

step "a client, which this Unix user is by the Unix socket"
"$bin/token-broker" client add demo-service --project "$project" --uid "$(id -un)" --with-secret | tee "$dir/client"
await 'client secret: ([^ ]*) .*' "$dir/client" > "$dir/client-secret"
credentials=demo-service:$(< "$dir/client-secret")

step "a token, as any OAuth2 client fetches it"
curl --silent --show-error --fail -u "$credentials" -d grant_type=client_credentials "$broker/oauth2/token" |
    tee "$dir/token"
echo
token=$(await '.*"access_token":"([^"]*)".*' "$dir/token")

step "and over the Unix socket: the same one"
curl --silent --show-error --fail -u "$credentials" -d grant_type=client_credentials \
    --unix-socket "$TOKEN_BROKER_DATA_DIR/client.sock" http://localhost/oauth2/token > "$dir/again"
grep -qF "$token" "$dir/again" && echo yes

step "an API call with it"
curl --silent --show-error --fail -H "Authorization: Bearer $token" "$api/v1/projects/$project/trunks"
echo

step "what the operator sees"
"$bin/token-broker" status

if [[ $mode == once ]]; then
    printf '\ndone: every step worked\n'
    exit 0
fi
cat <<END

== by hand, in another terminal
curl -u "demo-service:\$(cat .demo/client-secret)" -d grant_type=client_credentials $broker/oauth2/token
curl --unix-socket .demo/data/client.sock -H 'Accept: text/plain' http://localhost/v1/projects/$project/token
curl -H @<(.demo/token-broker token --project $project --format header --data-dir .demo/data) \\
    $api/v1/projects/$project/trunks
.demo/token-broker status --data-dir .demo/data
the status page: $operations/

up until interrupted (Ctrl-C)
END
wait -n "${pids[@]}"
