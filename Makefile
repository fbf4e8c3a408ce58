# Everything a person types here. `make` alone lists it.
# Needed: Rust (rustup), Python 3.11+ with venv, make, a C compiler. No root, no Docker.

PORT  ?= 7223
LOCAL := target/release/bridge-local
TOOLS := infra/local/tools.sh
FUNCTIONS := $(notdir $(patsubst %/Cargo.toml,%,$(wildcard functions/*/Cargo.toml)))

# Functions in a container do not reach the simulators, which listen on this machine's loopback.
IN_CONTAINER := $(addprefix --skip ,delivery domain_auth::the_domain export:: export_ ldap_ login:: login_refused:: loops:: ncircc_ push:: pull:: r_vision samba_ targets::)

.DEFAULT_GOAL := help
.PHONY: help tools build test up down demo check bench fuzz redrive deploy

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools: ## install the tools of the tests into .tools (no root; Samba with root only)
	@$(TOOLS)

# One selection of packages and targets everywhere: another one unifies features differently and
# compiles most dependencies a second time.
build: ## build everything: the functions, the local stack's program, the tests
	cargo build --release --locked --workspace --all-targets

demo: build ## alerts from SIEMs to IRPs and back, an incident to NCIRCC, on the real template
	@$(TOOLS) ministack sam
	@$(LOCAL) demo --port $(PORT)

up: build ## start the stack at https://localhost:7223 (PORT=) and leave it running
	@$(TOOLS) ministack sam
	@$(LOCAL) up --port $(PORT)

down: ## stop the stack and leave nothing behind
	@if [ -x $(LOCAL) ]; then $(LOCAL) down; else echo 'there is no stack to stop'; fi

test: build ## every test: on the deployed stack with IAM enforced, then in a container where Docker is
	@$(TOOLS)
	$(LOCAL) run --auth -- cargo test --release --locked --workspace
	$(LOCAL) run --container -- cargo test --release --locked --workspace --test e2e -- $(IN_CONTAINER)

check: ## formatting, lints, documentation, template
	@$(TOOLS) sam lint
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --workspace --no-deps
	SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam validate --lint --template-file infra/template.yaml --region eu-central-1
	.tools/lint/bin/cfn-lint --regions eu-central-1 -- infra/template.yaml
	@if command -v cargo-deny >/dev/null; then cargo deny --locked check; \
	else echo 'cargo-deny is not installed: its bans and licences were checked by tests/policy'; fi
	.tools/lint/bin/checkov --quiet --compact --framework cloudformation --file infra/template.yaml

bench: build ## costs as ratios, beside a bare function; also writes target/bench.json
	@$(TOOLS) slapd
	$(dir $(LOCAL))bridge-bench

fuzz: ## a million hostile inputs to every parser of outside bytes (minutes)
	PROPTEST_CASES=1000000 cargo test --release --locked --workspace --test fuzz

redrive: build ## list what was given up and why; ARGS='--yes' queues it again, ARGS=--help says more
	@$(dir $(LOCAL))bridge-redrive $(ARGS)

deploy: ## build for AWS (arm64) and deploy; needs AWS credentials, a region, and the Rust target
	@$(TOOLS) sam deploy
	rustup target add aarch64-unknown-linux-gnu
	PATH="$(CURDIR)/.tools/deploy/bin:$$PATH" cargo lambda build --release --locked --arm64 $(addprefix --package ,$(FUNCTIONS))
	SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam deploy
