#!/bin/sh
# Holds erpmock against the documents of the ERP, one minute each, and of its control,
# two minutes, with Schemathesis from PyPI.
set -eu
version=4.32.5
venv=.tools/schemathesis
here=openapi/tools/schemathesis
if [ "$(cat $venv/version 2>/dev/null)" != $version ]; then
	python3 -m venv $venv
	$venv/bin/pip install -q schemathesis==$version
	echo $version >$venv/version
fi
go build -o $venv/erpmock ./mockserver/cmd/erpmock
port=$venv/port
rm -f $port
$venv/erpmock --quiet --listen 127.0.0.1:0 --port-file $port --exec-time 1ms --rate-limit 1000000000 >$venv/erpmock.log 2>&1 &
mock=$!
trap 'kill $mock' EXIT
while [ ! -s $port ]; do
	kill -0 $mock || { cat $venv/erpmock.log; exit 1; }
	sleep 0.1
done
root=http://127.0.0.1:$(cat $port)
status=0

# hold SECONDS DOCUMENT URL
hold() {
	echo "== $2"
	$venv/bin/schemathesis run "$2" --url "$3" --max-time "$1" --request-timeout 30 --continue-on-failure --warnings off \
		--checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance ||
		status=1
}

SCHEMATHESIS_HOOKS=calls PYTHONPATH=$here hold 60 openapi/background.yaml "$root"
hold 60 openapi/erp/erp.yaml "$root"
hold 120 mockserver/admin/openapi.yaml "$root/__mock/v1"
exit $status
