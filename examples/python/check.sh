#!/bin/sh
# Holds the example to all that it promises, from nothing; `make lang-python` runs
# it. ERPMOCK names the program of the mock, and REPORT what its conformance run
# writes.
set -eu
cd "$(dirname "$0")"
if ! cmp -s requirements.txt .venv/requirements.txt; then
	rm -rf .venv
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	cp requirements.txt .venv/requirements.txt
fi
PATH=$PWD/.venv/bin:$PATH
openapi-python-client generate --path ../../openapi/background.yaml --meta none --config generator.yaml --output-path generated/erp_background --overwrite
python decimals.py generated/erp_background
ruff format --check --quiet .
ruff check --quiet .
mypy .
pytest -q
"$ERPMOCK" conformance --quiet --junit "$REPORT" -- python candidate.py
