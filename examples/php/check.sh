#!/bin/sh
# Holds the example to all that it promises, from nothing; `make lang-php` runs
# it. ERPMOCK names the program of the mock, and REPORT what its conformance run
# writes. MAVEN_CENTRAL names another place to get the generator from.
set -eu
cd "$(dirname "$0")"
for module in curl mbstring pdo_sqlite; do
	php -m | grep -qx "$module" || {
		echo "php: its module $module is missing; on Debian: apt-get install php-curl php-mbstring php-sqlite3" >&2
		exit 1
	}
done
generator=openapi-generator-cli-7.25.0.jar
if ! sha256sum --check --quiet generator.sha256 2>/dev/null; then
	mkdir -p build
	curl --fail --silent --show-error --location --retry 3 --output "build/$generator" \
		"${MAVEN_CENTRAL:-https://repo1.maven.org/maven2}/org/openapitools/openapi-generator-cli/7.25.0/$generator"
	sha256sum --check --quiet generator.sha256
fi
rm -rf generated
out=$(java -jar "build/$generator" generate -g php -i ../../openapi/background.yaml -o generated --invoker-package Erp 2>&1) || {
	printf '%s\n' "$out"
	exit 1
}
for file in *.php example/*.php src/*.php tests/*.php; do
	php -l "$file" >/dev/null
done
phpcs -q
phpunit
"$ERPMOCK" conformance --quiet --junit "$REPORT" -- php candidate.php
