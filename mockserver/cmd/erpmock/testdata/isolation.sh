#!/bin/sh
# One of several tests that use one mock at once, each with a company of its own.
# usage: isolation.sh ROOT COMPANY TESTS, and how many TESTS there are
set -eu
root=$1 company=$2 tests=$3
mock=$root/__mock/v1
path=/v1/customerinvoice/003501

# call METHOD URL [JSON] prints the answer, and ends the script if it is a refusal.
call() {
	if ! curl -sS --fail-with-body -X "$1" ${3:+-H 'Content-Type: application/json' -d "$3"} "$2"; then
		echo "$1 $2 ${3-}" >&2
		exit 1
	fi
}

# submit prints the status.
submit() {
	curl -sS -o /dev/null -w '%{http_code}' -H "ipp-company-id: $company" -H 'erp-api-background: none' "$root$path"
}

# same WHAT GOT WANT
same() {
	if [ "$2" != "$3" ]; then
		echo "$1: got $2, want $3" >&2
		exit 1
	fi
}

# meet waits until every test was here for the time of this number.
meet() {
	curl -sS -o /dev/null -H 'ipp-company-id: meeting' "$root$path"
	call POST "$mock/wait" "{\"request\": {\"company\": \"meeting\"}, \"count\": $(($1 * tests)), \"timeoutMs\": 60000}" >/dev/null
}

call POST "$mock/companies/$company/reset"
call POST "$mock/faults" "{\"rules\": [{\"name\": \"busy-$company\", \"on\": \"intake\", \"company\": \"$company\", \"times\": 1, \"do\": {\"status\": 503}}]}" >/dev/null
call POST "$mock/clock/freeze?company=$company" >/dev/null
meet 1

same 'the call that is disturbed' "$(submit)" 503
same 'the next one' "$(submit)" 202
call POST "$mock/verify" "{\"expectations\": [{\"operation\": {\"company\": \"$company\", \"state\": \"Finished\"}, \"times\": 0}]}" >/dev/null
call POST "$mock/clock/advance?company=$company" '{"by": "1h"}' >/dev/null
call POST "$mock/wait" "{\"operation\": {\"company\": \"$company\", \"state\": \"Finished\"}, \"timeoutMs\": 60000}" >/dev/null
meet 2

call POST "$mock/verify" "{\"expectations\": [
	{\"request\": {\"company\": \"$company\", \"path\": \"$path\"}, \"times\": 2},
	{\"request\": {\"company\": \"$company\", \"path\": \"$path\", \"statusCode\": 503}, \"times\": 1},
	{\"operation\": {\"company\": \"$company\"}, \"times\": 1}]}" >/dev/null
hits=$(call GET "$mock/hits?company=$company")
same 'hits of faults' "$(echo "$hits" | grep -o '"rule":"[^"]*"')" "\"rule\":\"busy-$company\""
moves=$(call GET "$mock/journal?company=$company&kind=clock")
same 'moves of the clock' "$(echo "$moves" | grep -o '"action":"advance' | wc -l | tr -d ' ')" 1
meet 3

call POST "$mock/companies/$company/reset"
call POST "$mock/verify" "{\"expectations\": [{\"operation\": {\"company\": \"$company\"}, \"times\": 0}, {\"request\": {\"company\": \"$company\"}, \"times\": 0}]}" >/dev/null
same 'faults after the reset' "$(call GET "$mock/faults?company=$company" | grep -c busy || true)" 0
