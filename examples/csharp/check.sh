#!/bin/sh
# Holds the example to all that it promises, from nothing; `make lang-csharp` runs
# it. ERPMOCK names the program of the mock, and REPORT what its conformance run
# writes.
set -eu
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.package-lock; then
	npm ci --ignore-scripts --silent
	cp package-lock.json node_modules/.package-lock
fi
make --silent all
out=$(make --silent test 2>&1) || {
	printf '%s\n' "$out"
	exit 1
}
printf '%s\n' "$out" | grep '^Tests run'
"$ERPMOCK" conformance --quiet --junit "$REPORT" -- mono build/candidate.exe
