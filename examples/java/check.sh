#!/bin/sh
# Holds the example to all that it promises, from nothing; `make lang-java` runs
# it. ERPMOCK names the program of the mock, and REPORT what its conformance run
# writes. MAVEN_CENTRAL names another place to get the artifacts from.
set -eu
cd "$(dirname "$0")"
# What runs is what is listed: it is fetched and checked before Maven, which then
# stays offline, runs any of it.
if ! cmp -s artifacts.sha256 .m2/artifacts.sha256; then
	rm -rf .m2
	while read -r _ path; do
		printf 'url = "%s/%s"\noutput = ".m2/%s"\n' "${MAVEN_CENTRAL:-https://repo1.maven.org/maven2}" "$path" "$path"
	done <artifacts.sha256 |
		curl --config - --parallel --create-dirs --fail --no-progress-meter --location --retry 3
	(cd .m2 && sha256sum --check --quiet --strict) <artifacts.sha256
	cp artifacts.sha256 .m2
fi
out=$(mvn --batch-mode --quiet --offline -Dmaven.repo.local=.m2 package 2>&1) || {
	printf '%s\n' "$out"
	exit 1
}
cat build/surefire-reports/*.txt | grep '^Tests run'
# Each scenario is a process of its own, so it is started from an archive of the
# classes that one uses, without a compiler for what runs long.
candidate="java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp build/background-1.jar:$(printf %s: build/lib/*.jar)"
echo '{"step":1,"do":"submit","key":"k","method":"POST","path":"/","body":"{}","notify":"none"}' |
	BACKGROUND_ROLE=client BACKGROUND_URL=http://127.0.0.1:1 BACKGROUND_POLL_MS=1 BACKGROUND_CALL_TIMEOUT_MS=9999 \
		BACKGROUND_WEBHOOK_PORT=0 BACKGROUND_DIR="$(mktemp -d build/archive.XXXX)" \
		$candidate -XX:ArchiveClassesAtExit=build/candidate.jsa -Xlog:disable conformance.Candidate >/dev/null
"$ERPMOCK" conformance --quiet --junit "$REPORT" -- $candidate -XX:SharedArchiveFile=build/candidate.jsa conformance.Candidate
