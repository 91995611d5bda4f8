#!/usr/bin/env bash
# Lists a project's numbers, as often at once as each line of input says.
set -euo pipefail
api=${API_URL:-https://numbers.api.sinch.com}

# By the Unix socket a client that is registered with this Unix user has no secret at all. A secret goes to curl in a
# file, for everybody can read command lines.
credentials() {
    if [[ -v BROKER_SOCKET ]]; then
        printf 'unix-socket = "%s"\n' "$BROKER_SOCKET"
    else
        printf 'user = "%s:%s"\n' "$CLIENT_ID" "$CLIENT_SECRET"
    fi
}

token() {
    local status
    for _ in {1..5}; do
        curl --silent --show-error --fail-with-body --max-time 20 --config <(credentials) \
            --header 'Accept: text/plain' "${BROKER_URL:-http://127.0.0.1:8787}/v1/projects/$PROJECT_ID/token" && return
        status=$?
        # Nobody listens there, as while the broker is being restarted.
        ((status == 7)) && sleep 1 || return "$status"
    done
}

numbers() {
    local answer
    if answer=$(token) && answer=$(
        curl --silent --show-error --fail-with-body --max-time 20 "$api/v1/projects/$PROJECT_ID/activeNumbers" \
            --config <(printf 'header = "Authorization: Bearer %s"\n' "$answer")
    ); then
        echo "$answer"
    else
        echo "error: $answer"
    fi
}

while read -r count; do
    for ((i = 0; i < count; i++)); do numbers & done
    wait
done
