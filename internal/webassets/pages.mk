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
