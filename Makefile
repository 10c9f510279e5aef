# `make help` lists the targets. Plain `go test ./...` needs nothing but Go.

export STATICCHECK := v0.8.2
export GOFUMPT := v0.12.0
export STRICT ?= 0

BIN := .tools/bin
SUITE := .ci/suite

# What check runs is compiled in two ways only, so that nothing is compiled more
# often: plain, without C; or with the race detector, which needs C. Both leave
# out gin's msgpack, whose codec takes longer than this whole module.
ONCE := setup verify lint documents test-plain test-postgres crash examples languages erpmock-binary
$(ONCE): export CGO_ENABLED := 0
$(ONCE): export GOFLAGS := $(strip $(shell go env GOFLAGS) -tags=nomsgpack)

.DEFAULT_GOAL := help
.PHONY: help check setup build test test-plain test-postgres crash race postgres fuzz lint examples cover clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-15s %s\n", $$1, $$2 }'

# The budgets are minutes on two cores with cold caches, see .ci/suite. What goes
# on for long (fuzzing beyond the seeds, soak, thousands of kills) has targets of
# its own; the short forms are ordinary tests.
check: ## everything that must pass; installs what it lacks where it can (STRICT=1: nothing may be left out)
	@$(SUITE) setup 2 $(MAKE) --no-print-directory setup
	@$(SUITE) contract 3 $(MAKE) --no-print-directory verify spec-lint arazzo
	@$(SUITE) lint 3 $(MAKE) --no-print-directory lint
	@$(SUITE) documents 3 $(MAKE) --no-print-directory documents
	@$(SUITE) tests 10 $(MAKE) --no-print-directory test-plain
	@$(SUITE) postgres 6 $(MAKE) --no-print-directory test-postgres
	@$(SUITE) examples 3 $(MAKE) --no-print-directory examples
	@$(SUITE) pages 4 $(MAKE) --no-print-directory pages
	@$(SUITE) languages 15 $(MAKE) --no-print-directory languages
	@$(SUITE) --table
	@echo '== check: all suites passed'

setup: ## get the tools that check needs
	@.ci/setup

build: ## compile everything
	go build ./...

RACE := $(shell command -v cc >/dev/null 2>&1 && echo -race)
# GOTEST runs all of go vet as well; no other target does for this system.
GOTEST := $(if $(RACE),CGO_ENABLED=1) .ci/gotest $(RACE) -vet=all -shuffle=on

# Tests of these packages, and those with these words in their names, are on
# PostgreSQL: a suite of its own, so that it shows where the time goes. The two
# examples are run by their target.
ON_POSTGRES := OnAPostgreSQL|OverTwoReplicas
POSTGRES := ./store/pgstore ./store/cmd/... ./internal/pgcluster/...
NOT_POSTGRES = $(shell go list ./... | grep -vE '/(store/pgstore|store/cmd/[^/]*|internal/pgcluster(/.*)?|examples/outbox|examples/replicas)$$')

test: test-plain test-postgres ## run all tests with the race detector, in random order, and go vet

test-plain: race ## run the tests that need no PostgreSQL
	@$(GOTEST) -skip '$(ON_POSTGRES)' -- $(NOT_POSTGRES)
	@cd bench && go test -vet=all -p 1 $$(go list ./... | grep -v /internal/pgrows$$) # not at once, for they compare speeds

test-postgres: race postgres ## run the tests on PostgreSQL
	@$(GOTEST) -- $(POSTGRES)
	@$(GOTEST) -run '$(ON_POSTGRES)' -- ./internal/crashtest ./receiver ./client/cmd/erpcall
	@cd bench && go test -vet=all ./internal/pgrows

# The tests that kill, stop and start real processes are those of these
# packages that have one of these words in their names.
crash: race postgres ## run only the tests that kill and stop real processes
	@$(GOTEST) -count=1 -run 'Kill|Stopped|Process' -- ./internal/crashtest ./internal/lockfile ./internal/pgcluster ./mockserver/cmd/erpmock ./mockserver/queue/sqlitequeue ./receiver ./store/cmd/sqlite2postgres ./store/sqlitestore

race:
	@test -n "$(RACE)" || { echo 'no C compiler, so without the race detector'; test "$(STRICT)" = 0; }

postgres:
	@test -n "$$DATABASE_URL$$BACKGROUND_TEST_POSTGRES" || command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ echo 'no PostgreSQL: its tests are skipped; `make setup` installs it, or says how; DATABASE_URL names a server that is there'; test "$(STRICT)" = 0; }

FUZZTIME ?= 3s
# What is fuzzed has to be compiled for it with all that it links, which takes
# minutes for the examples; `check` leaves those to their seeds.
FUZZED ?= ./...
fuzz: ## run every fuzz target for FUZZTIME (default 3s)
	@go list -f '{{.Dir}}' $(FUZZED) | while read -r dir; do \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$$dir"/*_test.go 2>/dev/null | cut -c6-); do \
			echo "fuzz $$f"; \
			out=$$(go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) "$$dir" 2>&1) || { echo "$$out"; exit 1; }; \
		done || exit 1; \
	done

lint: ## what git tracks, go vet as for Windows and macOS (test has it for this system), staticcheck, gofumpt
	@.ci/tree
	$(BIN)/vet windows darwin
	$(BIN)/staticcheck ./...
	@out=$$($(BIN)/gofumpt -l $$(git ls-files --cached --others --exclude-standard '*.go' ':!*.gen.go')); \
	test -z "$$out" || { echo "not formatted by gofumpt:"; echo "$$out"; exit 1; }

examples: ## run the programs in examples/
	go run ./examples/quickstart
	go run ./examples/ginapp --demo
	go test -count=1 -timeout 1m -v ./examples/outbox ./examples/replicas # runs them, or says that there is no PostgreSQL
	GINAPP_IMAGE=1 go test -count=1 -run TestTheImage -v ./examples/ginapp
	IMAGE_ERPMOCK=1 go test -count=1 -run TestTheImage -v ./mockserver/cmd/erpmock

cover: ## show the test coverage by package
	go test -cover ./...

clean: ## remove what the targets made
	rm -rf .tools bench/.cache

include openapi/openapi.mk
include internal/webassets/pages.mk
include bench/bench.mk
include examples/languages.mk

.PHONY: documents documents-full crash-full chaos

# TRIED are the documents whose names match, such as TRIED='visma*'.
TRIED ?=
documents: ## try what reads OpenAPI documents on public ones, which it brings by npm and the Go proxy (3 minutes)
	@if command -v npm >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory $(OPENAPI_NPM)/.installed && .ci/documents short && \
		DOCUMENTS="$(CURDIR)/.tools/documents" DOCUMENTS_ONLY='$(TRIED)' go test -count=1 -timeout 20m -v -run 'Public|Generated' ./internal/documents; \
	else \
		echo 'documents: left out: npm is missing; get Node.js 20.19 or later, on Debian: apt-get install npm'; \
		test -z "$(STRICT)" || test "$(STRICT)" = 0; \
	fi

documents-full: $(OPENAPI_NPM)/.installed ## the same on more than 2 700 of them, also by PyPI, with all their views and ajv (an hour)
	@.ci/documents full
	@mkdir -p .tools/ajv && cp internal/documents/ajv/* .tools/ajv/ && cd .tools/ajv && npm ci --no-audit --no-fund
	@DOCUMENTS="$(CURDIR)/.tools/documents" DOCUMENTS_ONLY='$(TRIED)' DOCUMENTS_FULL=1 DOCUMENTS_AJV="$(CURDIR)/.tools/ajv" go test -count=1 -timeout 3h -v -run 'Public|Generated' ./internal/documents

crash-full: postgres ## kill and stop real processes a thousand times each (an hour; the short form is crash)
	CRASH_ERPMOCK=full go test -count=1 -v -run 'Killed|Stopped|FullDisk' ./mockserver/cmd/erpmock
	SQLITESTORE_CRASH_ROUNDS=1000 go test -count=1 -timeout 0 -run Kill ./store/sqlitestore
	RECEIVER_CRASH_ROUNDS=1000 go test -count=1 -timeout 0 -run TestWhatWasAcknowledgedSurvivesKill ./receiver
	CRASHTEST_ROUNDS=1000 go test -count=1 -timeout 0 -v -skip TestReplicas ./internal/crashtest
	CRASHTEST_MINUTES=10 go test -count=1 -timeout 0 -v -run TestReplicas ./internal/crashtest
	RECEIVER_DUPLICATES=100 go test -count=1 -timeout 0 -v -run TestDuplicatesOverTwoReplicas ./receiver

chaos: ## run client and receiver against the mock under 100 random but seeded mixes of faults
	go test -count=1 -run TestTheClientSurvivesEveryFault ./mockserver -args -fault-seeds=100
