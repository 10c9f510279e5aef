# `make help` lists the targets. Plain `go test ./...` needs nothing but Go.

export STATICCHECK := v0.8.2
export GOFUMPT := v0.12.0
export STRICT ?= 0

BIN := .tools/bin
SUITE := .ci/suite
# The nested modules, which users never link.
NESTED := openapi/tools bench

.DEFAULT_GOAL := help
.PHONY: help check setup build test crash race fuzz lint examples cover clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

# The budgets are minutes on two cores with cold caches, see .ci/suite. Fuzzing
# beyond the seeds, which are ordinary tests, is a target of its own.
check: ## everything that must pass; installs what it lacks where it can (STRICT=1: nothing may be left out)
	@$(SUITE) setup 5 .ci/setup
	@$(SUITE) contract 3 $(MAKE) --no-print-directory verify spec-lint
	@$(SUITE) lint 5 $(MAKE) --no-print-directory lint
	@$(SUITE) tests 11 $(MAKE) --no-print-directory test SKIP='$(CRASH)'
	@$(SUITE) crash 5 $(MAKE) --no-print-directory crash
	@$(SUITE) examples 5 $(MAKE) --no-print-directory examples
	@$(SUITE) soak 3 $(MAKE) --no-print-directory soak SOAK=1m
	@$(SUITE) --table
	@echo '== check: all suites passed'

setup: ## get the tools that check needs
	@.ci/setup

build: ## compile everything
	go build ./...

# The tests that kill, stop and start real processes are those of these
# packages that have one of these words in their names. They are a suite of
# their own in `check`, so that either is quick; `test` has all.
CRASH := Kill|Stopped|Process
CRASHED := ./internal/crashtest ./mockserver/cmd/erpmock ./receiver ./store/sqlitestore
RACE := $(shell command -v cc >/dev/null 2>&1 && echo -race)
SKIP ?=

test: race ## run all tests with the race detector, in random order
	@.ci/gotest $(RACE) -shuffle=on -- $$(go list ./... | grep -vxF "$$(go list $(CRASHED))")
	@.ci/gotest $(RACE) -shuffle=on $(if $(SKIP),-skip '$(SKIP)') -- $(CRASHED)
	@for m in $(NESTED); do (cd $$m && go test ./...) || exit 1; done

crash: race ## run the tests that kill and stop real processes; `test` has them, too
	@.ci/gotest $(RACE) -shuffle=on -count=1 -run '$(CRASH)' -- $(CRASHED)

race:
	@test -n "$(RACE)" || { echo 'no C compiler, so without the race detector'; test "$(STRICT)" = 0; }

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

lint: ## what git tracks, go vet (also as for Windows and macOS), staticcheck, gofumpt
	@.ci/tree
	go vet ./...
	GOOS=windows go vet ./...
	GOOS=darwin go vet ./...
	@for m in $(NESTED); do (cd $$m && go vet ./...) || exit 1; done
	$(BIN)/staticcheck ./...
	@out=$$($(BIN)/gofumpt -l $$(git ls-files --cached --others --exclude-standard '*.go' ':!*.gen.go')); \
	test -z "$$out" || { echo "not formatted by gofumpt:"; echo "$$out"; exit 1; }

examples: ## run the programs in examples/
	go run ./examples/quickstart
	CGO_ENABLED=0 go run -tags nomsgpack ./examples/ginapp --demo
	CGO_ENABLED=0 GINAPP_IMAGE=1 go test -count=1 -tags nomsgpack -run TestTheImage -v ./examples/ginapp

cover: ## show the test coverage by package
	go test -cover ./...

clean: ## remove what the targets made
	rm -rf .tools bench/.cache

include openapi/openapi.mk
include bench/bench.mk

.PHONY: crash-full chaos

crash-full: ## kill and stop real processes a thousand times each (an hour; the short form is crash)
	ERPMOCK_CRASH=full go test -count=1 -v -run 'Killed|Stopped|FullDisk' ./mockserver/cmd/erpmock
	SQLITESTORE_CRASH_ROUNDS=1000 go test -count=1 -timeout 0 -run Kill ./store/sqlitestore
	RECEIVER_CRASH_ROUNDS=1000 go test -count=1 -timeout 0 -run TestWhatWasAcknowledgedSurvivesKill ./receiver
	CRASHTEST_ROUNDS=1000 go test -count=1 -timeout 0 -v ./internal/crashtest

chaos: ## run client and receiver against the mock under 100 random but seeded mixes of faults
	go test -count=1 -run TestTheClientSurvivesEveryFault ./mockserver -args -fault-seeds=100
