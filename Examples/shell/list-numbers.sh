#!/usr/bin/env bash
# Lists a project's numbers, as often at once as each line of input says.
set -euo pipefail
export API_URL=${API_URL:-https://numbers.api.sinch.com}

# What runs with a token. It goes to curl in a file, for everybody can read command lines.
numbers() {
    curl --silent --show-error --fail-with-body --max-time 20 "$API_URL/v1/projects/$PROJECT_ID/activeNumbers" \
        --config <(printf 'header = "Authorization: Bearer %s"\n' "$SINCH_ACCESS_TOKEN")
}
export -f numbers

call() {
    local answer
    if answer=$(token-broker exec --project "$PROJECT_ID" -- bash -c numbers 2>&1); then
        echo "$answer"
    else
        echo "error: $answer"
    fi
}

while read -r count; do
    for ((i = 0; i < count; i++)); do call & done
    wait
done
