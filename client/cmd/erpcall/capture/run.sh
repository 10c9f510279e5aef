#!/bin/sh
# Films a terminal in which erpcall is used against its mock, and writes
# docs/img/erpcall.svg, which has no script. Run from the root of the repository; needs termtosvg (on
# Debian: apt-get install termtosvg).
set -eu
command -v termtosvg >/dev/null || { echo 'capture: termtosvg is missing; on Debian: apt-get install termtosvg' >&2; exit 1; }
here=$PWD/client/cmd/erpcall/capture
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bin/" ./client/cmd/erpcall
cp "$here/invoice.json" "$work/"
cd "$work"
PATH="$work/bin:$PATH" HOME="$work" XDG_STATE_HOME="$work" XDG_CONFIG_HOME="$work" ERPCALL_MOCK=true \
	script -qec "termtosvg film.svg -g 100x24 -t window_frame -M 1500 -D 4000 -c 'sh $here/session.sh'" /dev/null >/dev/null
cp film.svg "$here/../../../../docs/img/erpcall.svg"
