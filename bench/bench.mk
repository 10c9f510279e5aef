# Targets of the folder bench/; included by the Makefile. Paths are relative to
# the root of the repository.

PEERS := bench/.cache/peers

.PHONY: bench bench-peers soak

# BENCH takes flags of the command, such as BENCH='-run gin -rounds 9'.
bench: ## measure beside the alternatives, five rounds, as a table and a page in docs/ (40 minutes)
	@cd bench && go build -o .cache/bench . && .cache/bench -docs ../docs $(BENCH)

bench-peers: $(PEERS)/.installed ## measure the mock beside Prism and WireMock (needs npm and java; 10 minutes)
	@cd bench && go build -o .cache/bench . && .cache/bench -peers $(BENCH)

SOAK ?= 30m
SOAK_REQUESTS ?= 0
RACE ?=
soak: ## let everything run under half load with faults for SOAK=30m, and look for leaks (RACE=-race, SOAK_REQUESTS=1000000)
	@cd bench && go build $(RACE) -o .cache/soak ./soak && .cache/soak -for $(SOAK) -requests $(SOAK_REQUESTS)

# The lock file pins every package by its checksum.
$(PEERS)/.installed: bench/peers/package.json bench/peers/package-lock.json bench/peers/.npmrc
	@command -v npm >/dev/null 2>&1 || { echo 'bench-peers: needs npm; on Debian: apt-get install npm'; exit 1; }
	@mkdir -p $(PEERS)
	@cp bench/peers/package.json bench/peers/package-lock.json bench/peers/.npmrc $(PEERS)/
	cd $(PEERS) && npm ci --no-audit --no-fund
	@touch $@
