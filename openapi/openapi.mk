# Targets of the folder openapi/; included by the Makefile. Paths are relative to
# the root of the repository.

OPENAPI_NPM := .tools/npm/node_modules

.PHONY: generate verify spec-lint arazzo docs schemathesis

generate: ## write all that follows from openapi/background.yaml, mockserver/admin/openapi.yaml and the tables of options of erpmock and erpcall
	@sh openapi/tools/generate.sh
	@go run ./mockserver/cmd/erpmock docs --markdown docs/erpmock.md --man mockserver/cmd/erpmock/man
	@go run ./client/cmd/erpcall docs --markdown docs/erpcall.md --man client/cmd/erpcall/man

verify: ## fail if generated files are out of date, or documents and mock differ; try other generators and editions
	@sh openapi/tools/verify.sh
	@go test -run TestTheReferenceIsUpToDate ./mockserver/cmd/erpmock ./client/cmd/erpcall
	@go test -run 'TestTheDocumentsDeclare|TestTheLinks|TestNotificationsAreAs' ./mockserver

spec-lint: ## check the OpenAPI documents by strict rules (needs npm)
	@if command -v npm >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory -f $(firstword $(MAKEFILE_LIST)) $(OPENAPI_NPM)/.installed && \
		REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(OPENAPI_NPM)/.bin/redocly lint --config openapi/redocly.yaml --max-problems 50 openapi/background.yaml openapi/background-3.1.yaml openapi/erp/erp.yaml openapi/arazzo.yaml mockserver/admin/openapi.yaml; \
	else \
		echo 'spec-lint: left out: npm is missing; get Node.js 20.19 or later, on Debian: apt-get install npm'; \
		test -z "$(STRICT)" || test "$(STRICT)" = 0; \
	fi

arazzo: erpmock-binary ## run the workflows of openapi/arazzo.yaml against erpmock with Redocly's runner (needs npm)
	@if command -v npm >/dev/null 2>&1; then \
		$(MAKE) -s -f $(firstword $(MAKEFILE_LIST)) $(OPENAPI_NPM)/.installed && \
		REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true ERPMOCK=$(ERPMOCK) REDOCLY=$(OPENAPI_NPM)/.bin/redocly sh openapi/tools/arazzo/run.sh; \
	else \
		echo 'arazzo: left out: npm is missing; get Node.js 20.19 or later, on Debian: apt-get install npm'; \
		test -z "$(STRICT)" || test "$(STRICT)" = 0; \
	fi

docs: ## build openapi/index.html anew with Redoc from npm (needs npm)
	@$(MAKE) --no-print-directory -f $(firstword $(MAKEFILE_LIST)) $(OPENAPI_NPM)/.installed
	cd openapi/tools && go run ./refpage -spec ../background.yaml -page ../index.html -redoc ../../$(OPENAPI_NPM)/redoc/bundles

schemathesis: ## hold erpmock against the OpenAPI documents with random calls (needs Python and PyPI; 5 minutes)
	@sh openapi/tools/schemathesis/run.sh

# The lock file pins every package by its checksum.
$(OPENAPI_NPM)/.installed: openapi/tools/npm/package.json openapi/tools/npm/package-lock.json openapi/tools/npm/.npmrc
	@mkdir -p .tools/npm
	@cp openapi/tools/npm/package.json openapi/tools/npm/package-lock.json openapi/tools/npm/.npmrc .tools/npm/
	cd .tools/npm && npm ci --no-audit --no-fund
	@touch $@
