# Targets of the pages; included by the Makefile. Paths are relative to the root of
# the repository.

PAGES_NPM := .tools/web/node_modules

.PHONY: webassets pages-types

# The lock file pins every package by its checksum.
$(PAGES_NPM)/.installed: internal/webassets/npm/package.json internal/webassets/npm/package-lock.json internal/webassets/npm/.npmrc
	@mkdir -p .tools/web
	@cp internal/webassets/npm/package.json internal/webassets/npm/package-lock.json internal/webassets/npm/.npmrc .tools/web/
	cd .tools/web && npm ci --no-audit --no-fund
	@touch $@

webassets: ## write the vendored files of the pages anew (needs npm)
	@$(MAKE) --no-print-directory -f $(firstword $(MAKEFILE_LIST)) $(PAGES_NPM)/.installed
	@sh internal/webassets/npm/build.sh

pages-types: ## check the types of the pages' modules (needs npm)
	@$(MAKE) --no-print-directory -f $(firstword $(MAKEFILE_LIST)) $(PAGES_NPM)/.installed
	@$(PAGES_NPM)/.bin/tsc -p internal/webassets/npm/tsconfig.json

.PHONY: pages

# The pages are tried in a browser. BROWSER_TESTS may name some of the tests.
BROWSER_TESTS ?= internal/webassets/browser/*.test.mjs
pages: ## check the pages' types, and try them in a browser (needs npm and Chromium)
	@if ! command -v npm >/dev/null 2>&1; then \
		echo 'pages: left out: npm is missing; get Node.js 20.19 or later, on Debian: apt-get install npm'; test "$(STRICT)" = 0; \
	elif [ -z "$$CHROMIUM" ] && ! { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory pages-types && \
		echo 'pages: not tried: Chromium is missing; on Debian: apt-get install chromium, or set CHROMIUM to its path'; test "$(STRICT)" = 0; \
	else \
		$(MAKE) --no-print-directory pages-types && mkdir -p .tools/bin && go build -o .tools/bin/ ./examples/console ./mockserver/cmd/erpmock && \
		node --test --test-timeout=180000 --test-reporter=spec $(BROWSER_TESTS); \
	fi

.PHONY: screenshots

screenshots: pages-types ## photograph the pages anew, for the documentation (needs npm and Chromium)
	@mkdir -p .tools/bin && go build -o .tools/bin/ ./examples/console ./mockserver/cmd/erpmock
	@node internal/webassets/browser/screenshots.mjs
