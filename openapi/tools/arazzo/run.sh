#!/bin/sh
# Runs the workflows of openapi/arazzo.yaml against erpmock with Redocly's runner,
# and checks that the mock saw all that they are to do. The waits between polls,
# of which that runner obeys no Retry-After, are cut short in a copy. Run from the
# root of the repository; ERPMOCK names the program of the mock, REDOCLY the runner.
set -eu
here=openapi/tools/arazzo
work=$(mktemp -d)
"$ERPMOCK" --quiet --listen 127.0.0.1:0 --port-file "$work/port" --exec-time 1ms --faults $here/faults.json >"$work/log" 2>&1 &
mock=$!
trap 'kill $mock; rm -rf "$work"' EXIT
"$ERPMOCK" ready --port-file "$work/port" >/dev/null || { cat "$work/log"; exit 1; }
sed 's/retryAfter: .*/retryAfter: 0.1/' openapi/arazzo.yaml >"$work/arazzo.yaml"
cp openapi/background.yaml "$work"
"$REDOCLY" respect "$work/arazzo.yaml" --server "background=http://127.0.0.1:$(cat "$work/port")" --input '{"token":"x"}' >"$work/out" 2>&1 ||
	{ cat "$work/out"; exit 1; }
"$ERPMOCK" verify $here/expected.yaml --port-file "$work/port" >"$work/seen" 2>&1 || { cat "$work/out" "$work/seen"; exit 1; }
grep -oE '(Workflows|Steps|Checks): .*' "$work/out"
