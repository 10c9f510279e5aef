#!/bin/sh
# Writes internal/webassets/files/vendor.js and the fonts anew from the packages that
# the lock file pins, and their sums. Run from the root of the repository, by make
# webassets.
set -eu
modules=$PWD/.tools/web/node_modules
out=internal/webassets/files
cp internal/webassets/npm/vendor.entry.js .tools/web/
"$modules/.bin/esbuild" .tools/web/vendor.entry.js --bundle --format=esm --minify --target=es2022 --legal-comments=none --log-level=warning \
	--banner:js='// Preact 11.2.0 (MIT, Jason Miller) and htm 3.1.1 (Apache-2.0, Jason Miller), bundled by make webassets.' --outfile="$out/vendor.js"
cp "$modules/@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-400-normal.woff2" "$out/plex-sans-400.woff2"
cp "$modules/@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-600-normal.woff2" "$out/plex-sans-600.woff2"
cp "$modules/@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2" "$out/plex-mono-400.woff2"
cp "$modules/@fontsource/ibm-plex-sans/LICENSE" "$out/plex-LICENSE.txt"
(cd "$out" && sha256sum vendor.js plex-*.woff2 >../vendor.sum)
