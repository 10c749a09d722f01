#!/usr/bin/env bash
# A walk through the whole API. Run it against a server:
#
#     FAREGATE_URL=http://127.0.0.1:8080 FAREGATE_KEY=fg_... examples/walkthrough.sh
#
# or paste it piece by piece. Every step says which status it expects; the script ends at the first
# other one. Needs curl alone.
set -euo pipefail

FAREGATE_URL="${FAREGATE_URL:-http://127.0.0.1:8080}"
: "${FAREGATE_KEY:?set FAREGATE_KEY to an admin key: the bootstrap key, or one of faregate keys create}"
# A new wallet each time, so that the walk can be repeated.
run="$(date +%s)-$$"
wallet="acme-$run"

# call EXPECTED METHOD PATH [BODY] [CURL-ARGUMENT...] prints the call and the answer, and leaves the
# body in $answer and the headers in $headers.
call() {
    local expected="$1" method="$2" path="$3" body="${4:-}" status headers_file
    shift $(($# < 4 ? $# : 4))
    local arguments=(-sS -X "$method" -H "Authorization: Bearer $FAREGATE_KEY" "$@")
    [[ -z $body ]] || arguments+=(-H "Content-Type: application/json" -d "$body")
    headers_file="$(mktemp)"
    printf '\n> %s %s %s\n' "$method" "$path" "$body"
    answer="$(curl "${arguments[@]}" -D "$headers_file" -w '\n%{http_code}' "$FAREGATE_URL$path")"
    headers="$(cat "$headers_file")"
    rm -f "$headers_file"
    status="${answer##*$'\n'}"
    answer="${answer%$'\n'*}"
    printf '< %s %s\n' "$status" "$answer"
    if [[ ! " $expected " == *" $status "* ]]; then
        printf 'expected status %s, got %s\n' "$expected" "$status" >&2
        exit 1
    fi
}

# The value of the answer's first member of that name.
member() {
    printf '%s' "$answer" | grep -o "\"$1\": *\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4
}

# expect TEXT: the answer contains it.
expect() {
    if [[ $answer != *"$1"* ]]; then
        printf 'expected %s in the answer\n' "$1" >&2
        exit 1
    fi
}

say() { printf '\n=== %s\n' "$*"; }

say "Assets: anything a wallet can hold. The scale is fixed for good; 201 new, 409 there already"
call "201 409" POST /v1/assets '{"code": "USD", "scale": 9, "name": "US dollar", "symbol": "$"}'
call "201 409" POST /v1/assets '{"code": "TOKENS", "scale": 0, "name": "model tokens"}'
call 200 GET /v1/assets

say "A wallet, whose id the caller chooses"
call 201 POST /v1/wallets '{"id": "'"$wallet"'", "name": "Acme Ltd", "over_capture": "cap"}'
call 409 POST /v1/wallets '{"id": "'"$wallet"'"}'

say "Grants. Low priority burns first, then what expires first, then gifts before paid credit"
in_an_hour="$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"
call 201 POST "/v1/wallets/$wallet/grants" \
    '{"asset": "USD", "amount": "100", "kind": "paid"}' -H "Idempotency-Key: grant-paid"
call 201 POST "/v1/wallets/$wallet/grants" \
    '{"asset": "USD", "amount": "5", "kind": "promotional", "priority": 10, "expires_at": "'"$in_an_hour"'"}'
promotion="$(member id)"
call 201 POST "/v1/wallets/$wallet/grants" '{"asset": "TOKENS", "amount": "1000000"}'

say "A dry run decides and changes nothing"
call 200 POST /v1/authorize '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "1000", "dry_run": true}'
expect '"declined"'

say "Authorize before the costly work: the amount is held"
call 201 POST /v1/authorize \
    '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "2.50", "ttl_seconds": 600, "description": "gpt-4o"}' \
    -H "Idempotency-Key: call-1"
authorization="$(member id)"

say "The same key again gives the same answer and holds nothing more"
first="$answer"
call 201 POST /v1/authorize \
    '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "2.50", "ttl_seconds": 600, "description": "gpt-4o"}' \
    -H "Idempotency-Key: call-1"
[[ $answer == "$first" ]] || { echo "the replayed answer differs" >&2; exit 1; }
grep -qi '^idempotency-replayed: true' <<<"$headers" || { echo "no Idempotency-Replayed" >&2; exit 1; }

say "The same key with another body is an error"
call 422 POST /v1/authorize \
    '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "99"}' -H "Idempotency-Key: call-1"
expect '"idempotency_key_reused"'

say "Capture a part while the answer streams; the rest stays held"
call 200 POST "/v1/authorizations/$authorization/capture" '{"amount": "0.75", "final": false}'

say "It takes longer than thought: hold more, and for longer"
call 200 POST "/v1/authorizations/$authorization/increment" '{"amount": "1", "ttl_seconds": 900}'

say "The final capture releases what was not used"
call 200 POST "/v1/authorizations/$authorization/capture" '{"amount": "1.2345"}' \
    -H "Idempotency-Key: call-1-capture"
call 200 GET "/v1/authorizations/$authorization"
expect '"captured"'

say "An authorization ends once"
call 409 POST "/v1/authorizations/$authorization/void" '{}'

say "Void gives everything back"
call 201 POST /v1/authorize '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "10"}'
call 200 POST "/v1/authorizations/$(member id)/void" '{}'

say "Two assets in one request: whole or not at all"
call 201 POST /v1/authorize \
    '{"wallet": "'"$wallet"'", "amounts": [{"asset": "USD", "amount": "0.01"}, {"asset": "TOKENS", "amount": "2048"}]}'
call 200 POST "/v1/authorizations/$(member id)/capture" '{}'

say "A debit checks and spends in one step"
call 201 POST /v1/debits \
    '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "0.000000001", "description": "one nano-dollar"}' \
    -H "Idempotency-Key: debit-1"

say "What is not there cannot be spent"
call 402 POST /v1/debits '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "1000000"}'
expect '"insufficient_funds"'

say "A typo must not spend money: unknown members and wrong amounts are refused"
call "400 422" POST /v1/debits '{"wallet": "'"$wallet"'", "asset": "USD", "amuont": "1"}'
call 422 POST /v1/debits '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "0.0000000001"}'

say "Many operations in one request, each for itself"
call 200 POST /v1/batch '{"operations": [
    {"op": "debit", "wallet": "'"$wallet"'", "asset": "USD", "amount": "0.10", "idempotency_key": "batch-1"},
    {"op": "debit", "wallet": "'"$wallet"'", "asset": "USD", "amount": "0.20", "idempotency_key": "batch-2"},
    {"op": "debit", "wallet": "'"$wallet"'", "asset": "USD", "amount": "1000000"}]}'
expect '402'

say "A credit line lets the wallet pay later"
call 200 PATCH "/v1/wallets/$wallet" '{"overdraft_limits": {"USD": "50"}}'

say "Revoke what is left of the promotion; it goes to breakage"
call 200 POST "/v1/grants/$promotion/revoke" '{}'

say "A frozen wallet spends nothing"
call 200 PATCH "/v1/wallets/$wallet" '{"status": "frozen"}'
call "402 403 409" POST /v1/debits '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "1"}'
expect '"wallet_frozen"'
call 200 PATCH "/v1/wallets/$wallet" '{"status": "active"}'

say "Wait for PostgreSQL instead of the local journal, for this one call"
call 201 POST /v1/debits '{"wallet": "'"$wallet"'", "asset": "USD", "amount": "1"}' \
    -H "Faregate-Durability: postgres"

say "The wallet, its grants, its statement, and its balances now and then"
call 200 GET "/v1/wallets/$wallet"
call 200 GET "/v1/wallets/$wallet/grants"
call 200 GET "/v1/wallets/$wallet/entries?asset=USD&limit=5"
now="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
call 200 GET "/v1/wallets/$wallet/balances"
call 200 GET "/v1/wallets/$wallet/balances?at=$now"
call 200 GET "/v1/wallets?limit=3"

say "The audit: issued = posted + revenue + breakage, in memory and in PostgreSQL"
call 200 GET /v1/audit
expect '"ok":true'

say "All steps answered as expected"
