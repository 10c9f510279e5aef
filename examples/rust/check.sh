#!/bin/sh
# Holds the example to all that it promises, from nothing; `make lang-rust` runs
# it. ERPMOCK names the program of the mock, and REPORT what its conformance run
# writes.
set -eu
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="$PWD/build" CARGO_TERM_COLOR=never
cargo fmt --check
cargo clippy --locked --quiet --all-targets -- --deny warnings
cargo test --locked --quiet
cargo build --locked --quiet
"$ERPMOCK" conformance --quiet --junit "$REPORT" -- build/debug/candidate
