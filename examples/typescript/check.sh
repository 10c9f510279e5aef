#!/bin/sh
# Holds the example to all that it promises, from nothing; `make lang-typescript`
# runs it. ERPMOCK names the program of the mock, and REPORT what its conformance
# run writes.
set -eu
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.package-lock; then
	npm ci
	cp package-lock.json node_modules/.package-lock
fi
rm -rf build
npm run -s generate >/dev/null
npm run -s lint
npm run -s build
out=$(npm test -s 2>&1) || {
	printf '%s\n' "$out"
	exit 1
}
printf '%s\n' "$out" | grep -E '^# (tests|pass|fail|skipped) '
"$ERPMOCK" conformance --quiet --junit "$REPORT" -- node build/src/candidate.js
