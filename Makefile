SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# What the build and the tests need besides the Swift toolchain.
PACKAGES := libsqlite3-dev curl ca-certificates python3 python3-venv
SWIFT_SOURCES := Package.swift Sources Tests migrations
REAL_TIME := BrokerUpstreamTests|SandboxTests
BUILD_TESTS := swift build --build-tests --explicit-target-dependency-import-check error

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: release ## Build, start sandbox and broker, register a key and a client, fetch a token, use it; stays up
	Examples/demo.sh run

.PHONY: demo
demo: release ## The same, and exit: non-zero if any step failed
	Examples/demo.sh once

.PHONY: test
test: packages .venv/installed ## Everything that must pass
	$(BUILD_TESTS)
	@# What is measured in real time over real sockets does not share the processor with what keeps it busy.
	swift test --skip-build --skip '$(REAL_TIME)'
	swift test --skip-build --filter '$(REAL_TIME)'
	.venv/bin/pytest Tests/ProgramTests

.PHONY: lint
lint: packages ## Format, warnings as errors, the dependency arrows of Package.swift
	swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	$(BUILD_TESTS)

.PHONY: release
release: packages
	swift build -c release --product token-broker
	swift build -c release --product sinch-sandbox

.PHONY: packages
packages:
	@missing=(); for package in $(PACKAGES); do \
		dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing+=($$package); \
	done; \
	if (( $${#missing[@]} )); then \
		as_root=$$( (( $$(id -u) )) && echo sudo || true); \
		$$as_root apt-get update -q && $$as_root apt-get install -qy --no-install-recommends "$${missing[@]}"; \
	fi

.venv/installed: Tests/ProgramTests/requirements.txt | packages
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@
