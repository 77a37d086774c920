# What CI runs, a laptop runs: `just ci` is the whole of it.

# Format the code.
fmt:
    cargo fmt --all

# Warnings are errors.
lint:
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- -D warnings
    cargo clippy --locked -p privatelink --no-default-features --bin privatelink -- -D warnings

# All tests.
test:
    cargo test --locked --workspace

# 100,000 random histories of the core, with faults.
simulate:
    SIM_HISTORIES=100000 cargo test --locked --release -p privatelink-core --test simulation -- --nocapture

# Every scenario x every call x everything that can go wrong there.
survive:
    SURVIVE=all cargo test --locked --release -p privatelink-e2e -p privatelink --test survival --test disturbed -- --nocapture

# The binary and the SDK against the emulator; `UPDATE_GOLDEN=1 just e2e` accepts new goldens of the scenarios.
e2e:
    cargo test --locked -p privatelink -p privatelink-e2e -p privatelink-gcp

# Refresh the generated reference pages and the schema, and what pages show of outputs.
docs:
    cargo run --locked -- crd > crds/privatelinks.yaml
    cargo run --locked -- docs > docs/reference/cli.md
    UPDATE=1 cargo test --locked -p privatelink-e2e --test documents
    UPDATE=1 cargo test --locked -p privatelink-emulator --lib the_guesses
    UPDATE=1 cargo test --locked -p privatelink-emulator --test recordings
    UPDATE=1 cargo test --locked -p privatelink-e2e --test survival every_scenario
    UPDATE=1 cargo test --locked -p privatelink --test disturbed every_operation
    UPDATE=1 cargo test --locked -p privatelink --test killed the_page
    UPDATE=1 cargo test --locked -p privatelink --test clients each_client
    UPDATE=1 cargo test --locked -p privatelink --test pages

# How a turn grows with the number of links.
bench:
    cargo bench --locked -p privatelink --bench turn

# Licences, bans, sources (needs cargo-deny: `cargo install cargo-deny --locked`) and advisories (needs the network).
deny:
    cargo deny --locked check --hide-inclusion-graph

# What has to pass before a change is merged.
ci:
    CI=true .ci/run
