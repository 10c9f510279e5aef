# `make help` lists the targets. Plain `go test ./...` needs nothing but Go.

export STATICCHECK := v0.8.2
export GOFUMPT := v0.12.0
export STRICT ?= 0

BIN := .tools/bin
SUITE := .ci/suite
# The nested modules, which users never link.
NESTED := openapi/tools

.DEFAULT_GOAL := help
.PHONY: help check setup build test fuzz lint examples cover clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

# The budgets are minutes on two cores with cold caches.
check: ## everything that must pass; installs what it lacks where it can (STRICT=1: nothing may be left out)
	@$(SUITE) setup 5 .ci/setup
	@$(SUITE) contract 3 $(MAKE) --no-print-directory verify spec-lint
	@$(SUITE) lint 3 $(MAKE) --no-print-directory lint
	@$(SUITE) tests 6 $(MAKE) --no-print-directory test
	@$(SUITE) examples 5 $(MAKE) --no-print-directory examples
	@$(SUITE) fuzz 4 $(MAKE) --no-print-directory fuzz FUZZTIME=1s
	@echo '== check: all suites passed'

setup: ## get the tools that check needs
	@.ci/setup

build: ## compile everything
	go build ./...

test: ## run all tests with the race detector, in random order
	@if command -v cc >/dev/null 2>&1; then go test -race -shuffle=on ./...; \
	else echo 'test: no C compiler, so without the race detector'; test "$(STRICT)" = 0 && go test -shuffle=on ./...; fi
	@for m in $(NESTED); do (cd $$m && go test ./...) || exit 1; done

FUZZTIME ?= 3s
fuzz: ## run every fuzz target for FUZZTIME (default 3s)
	@go list -f '{{.Dir}}' ./... | while read -r dir; do \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$$dir"/*_test.go 2>/dev/null | cut -c6-); do \
			echo "fuzz $$f"; \
			out=$$(go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) "$$dir" 2>&1) || { echo "$$out"; exit 1; }; \
		done || exit 1; \
	done

lint: ## go vet, staticcheck, gofumpt
	go vet ./...
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
	rm -rf .tools

include openapi/openapi.mk

.PHONY: crash-full chaos

crash-full: ## kill and stop real processes many times (minutes; the short form is part of test)
	ERPMOCK_CRASH=full go test -count=1 -v -run 'Killed|Stopped|FullDisk' ./mockserver/cmd/erpmock
	SQLITESTORE_CRASH_ROUNDS=1000 go test -count=1 -timeout 0 -run Kill ./store/sqlitestore
	RECEIVER_CRASH_ROUNDS=1000 go test -count=1 -timeout 0 -run TestWhatWasAcknowledgedSurvivesKill ./receiver

chaos: ## run client and receiver against the mock under 100 random but seeded mixes of faults
	go test -count=1 -run TestTheClientSurvivesEveryFault ./mockserver -args -fault-seeds=100
