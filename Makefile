SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Kept for every clone on this machine: compiled dependencies, the programs, the tests' Python packages.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/token-broker
VENV := $(CACHE)/venv-$(shell { python3 --version; cat Tests/ProgramTests/requirements.txt; } 2>&1 | sha256sum | head -c 16)
SCRATCH := --scratch-path $(CACHE)/build

# What building and running need besides the Swift toolchain.
PACKAGES := libsqlite3-dev curl ca-certificates openssl
TEST_PACKAGES := wget python3 python3-venv systemd iproute2 strace zsh fish
# What the examples are written in, besides Python and Go.
EXAMPLE_PACKAGES := nodejs openjdk-17-jdk-headless perl
# A real browser, for the status page.
BROWSER_PACKAGES := chromium fonts-dejavu-core
# Other people's servers, load generators, and what syncs nothing: unpacked, so that nothing of them changes this machine.
TOOL_PACKAGES := nginx haproxy prometheus liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 wrk libluajit-5.1-2 slowhttptest libeatmydata1 \
	squid squid-common libecap3 libtdb1 libltdl7 libnetfilter-conntrack3 libnfnetlink0
BENCH_PACKAGES := libssl-dev libssl3
BENCH_TOOLS := $(CACHE)/tools-$(shell echo $(BENCH_PACKAGES) | sha256sum | head -c 16)
GO_PACKAGES := golang-1.19-go golang-1.19-src golang-golang-x-oauth2-dev golang-golang-x-net-dev
GO_TOOLS := $(CACHE)/tools-$(shell echo $(GO_PACKAGES) | sha256sum | head -c 16)
export BROKER_TOOLS_DIR := $(CACHE)/tools-$(shell echo $(TOOL_PACKAGES) | sha256sum | head -c 16)
# The engine that builds the image and runs its tests, if one works on this machine. buildah needs a container runtime
# (crun or runc) besides itself. IMAGE_BUILDER is a program that builds the image instead, called with a folder and the
# image's name; the tests then need buildah.
IMAGE_ENGINE := $(shell for engine in docker podman buildah; do $$engine info > /dev/null 2>&1 || continue; \
	[ $$engine != buildah ] || command -v crun > /dev/null || command -v runc > /dev/null || continue; echo $$engine; break; done)
export BUILDAH_FORMAT := docker
export TOKEN_BROKER_COMMIT := $(shell git describe --always --dirty --exclude '*' 2>/dev/null || echo unknown)
PYTHON_SOURCES := Tests Benchmarks Examples
SWIFT_SOURCES := Package.swift Benchmarks Examples Sources Tests migrations
DEBUG := swift build $(SCRATCH) --build-tests --explicit-target-dependency-import-check error
RELEASE := swift build $(SCRATCH) --configuration release --static-swift-stdlib
SWIFT_TEST := swift test $(SCRATCH) --skip-build
# What is measured in real time over real sockets does not share the processor with what keeps it busy.
REAL_TIME := ^(BrokerUpstreamTests|SandboxTests|TokenBrokerClientTests)\.

# The programs are tested and shown as they are built for production.
PROGRAMS := export BROKER_BIN_DIR="$$($(RELEASE) --show-bin-path)" &&
PYTEST := $(PROGRAMS) export EXAMPLE_GO=$(CACHE)/go-example && cd Tests/ProgramTests && $(VENV)/bin/pytest

# $(call stage,TARGET,SECONDS): makes the target and says how many seconds it took. The limit only ends a stage that hangs.
define stage
@begin=$$SECONDS; printf '\n== %s\n' $(1); \
timeout --foreground --kill-after=20 $(2) $(MAKE) --no-print-directory $(1) || \
    { status=$$?; printf '== %s: failed with %d after %d of %d s\n' $(1) $$status $$((SECONDS - begin)) $(2); exit 1; }; \
printf '== %s: %d s\n' $(1) $$((SECONDS - begin))
endef

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: release ## Build, start sandbox and broker, register a key and a client, fetch a token, use it; stays up
	$(PROGRAMS) Examples/demo.sh run

.PHONY: demo
demo: release ## The same, and exit: non-zero if any step failed
	$(PROGRAMS) Examples/demo.sh once

.PHONY: check
check: test-packages ## Red or green in two minutes: format, build, the domain's tests, a few of the program's
	$(call stage,lint,600)
	$(call stage,build,2400)
	$(call stage,test-domain,900)
	$(call stage,test-smoke,900)

.PHONY: test
test: test-packages ## Everything that must pass
	$(call stage,lint,600)
	$(call stage,build,2400)
	$(call stage,docs,600)
	$(call stage,test-swift,1800)
	$(call stage,test-program,3600)
ifneq (,$(IMAGE_ENGINE)$(IMAGE_BUILDER))
	$(call stage,test-image,2400)
else
	@printf '\n== test-image: not run, because it needs docker, podman or buildah\n'
endif
	$(call stage,demo,600)
	$(call stage,fuzz,1800)

.PHONY: long
long: packages ## The tests that take their time, in their long setting
	$(call stage,build,2400)
	$(call stage,test-long,1800)

.PHONY: crash-sweep
crash-sweep: release $(VENV)/installed $(BROKER_TOOLS_DIR)/installed ## Every admin command, killed and failed at every call that changes files; 300 kills, 10,000 flips: an hour
	$(PROGRAMS) cd Tests/ProgramTests && LONG=1 timeout 7200 $(VENV)/bin/pytest --numprocesses 2 --dist load -rP $(or $(ARGS),crashes)

FUZZ_RUNS ?= 20000
FUZZ_TARGETS ?= $(notdir $(wildcard Tests/Fuzzing/Corpus/*))
FUZZ := TOKEN_BROKER_FUZZING=1 swift build --scratch-path $(CACHE)/fuzzing --configuration release --product Fuzzing \
	-Xswiftc -enable-testing -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address
.PHONY: fuzz
fuzz: packages ## Every reader of what strangers send, fed by libFuzzer: FUZZ_RUNS=20000, FUZZ_TARGETS='form connection'
	$(FUZZ)
	@# A leak checker does not know Swift's pointers, which have other bits in them.
	@export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0; for target in $(FUZZ_TARGETS); do \
		found=$(CACHE)/corpus/$$target; mkdir -p $$found; echo "$$target: $(FUZZ_RUNS) runs"; \
		FUZZ_TARGET=$$target "$$($(FUZZ) --show-bin-path)/Fuzzing" -runs=$(FUZZ_RUNS) -max_len=4096 \
			-artifact_prefix=$(CACHE)/corpus/$$target- $$found Tests/Fuzzing/Corpus/$$target > $$found.log 2>&1 \
			|| { tail -50 $$found.log; exit 1; }; \
		tail -n 1 $$found.log; \
	done

.PHONY: sanitize
sanitize: packages ## The Swift tests, one after the other, under the address and the thread sanitizer
	@for sanitizer in address thread; do \
		printf '\n== %s\n' $$sanitizer; \
		swift build --scratch-path $(CACHE)/sanitize-$$sanitizer --build-tests --sanitize $$sanitizer; \
		for tests in --skip --filter; do \
			SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/thread-sanitizer.supp timeout 1200 swift test --no-parallel --scratch-path $(CACHE)/sanitize-$$sanitizer --skip-build --sanitize $$sanitizer $$tests '$(REAL_TIME)'; \
		done; \
	done

BENCHMARK := export PYTHONPATH=../../Tests/ProgramTests PYTHONDONTWRITEBYTECODE=1 && timeout 1800 $(VENV)/bin/python bench.py
.PHONY: bench bench-side-by-side bench-under-load
bench: bench-side-by-side bench-under-load ## All benchmarks: Benchmarks/RESULTS.md and Benchmarks/UNDER-LOAD.md
bench-side-by-side: release $(CACHE)/load $(CACHE)/go-broker $(VENV)/installed $(BROKER_TOOLS_DIR)/installed ## The broker beside nginx, Go and Envoy; ARGS='"TCP, 32"' to look at one row
	$(PROGRAMS) cd Benchmarks/side-by-side && \
	export LOAD=$(CACHE)/load GO_BROKER=$(CACHE)/go-broker GO=$(GO) ENVOY=$(VENV)/bin/envoy \
	GO_OAUTH2_VERSION=$$(apt-cache policy golang-golang-x-oauth2-dev | awk '/Candidate/ { print $$2 }') && \
	$(BENCHMARK) $(or $(ARGS),--results ../RESULTS.md)
bench-under-load: release $(VENV)/installed $(BROKER_TOOLS_DIR)/installed ## How long clients wait while something else happens, and the goals
	$(PROGRAMS) cd Benchmarks/under-load && $(BENCHMARK) $(or $(ARGS),--results ../UNDER-LOAD.md)

LIBRARY := $(CACHE)/TokenBrokerClient
.PHONY: docs
docs: debug ## The Swift library's documentation, with a warning for an error: for Xcode, or any web server
	@rm -rf $(LIBRARY)*; mkdir -p $(LIBRARY)
	swift package $(SCRATCH) dump-symbol-graph --minimum-access-level public > $(LIBRARY).log
	cp $(CACHE)/build/*/symbolgraph/TokenBrokerClient*.json $(LIBRARY)
	docc convert Sources/TokenBrokerClient/TokenBrokerClient.docc --additional-symbol-graph-dir $(LIBRARY) \
		--output-path $(LIBRARY).doccarchive --warnings-as-errors
	@echo $(LIBRARY).doccarchive

MANUAL := $(CACHE)/manual
.PHONY: manual
manual: release ## The manual page, and completions for bash, zsh and fish
	@# For its help alone the plugin builds the generator, and not the program once more.
	swift package $(SCRATCH) generate-manual --help > /dev/null
	mkdir -p $(MANUAL)
	$(PROGRAMS) $(CACHE)/build/*/debug/generate-manual-tool "$$BROKER_BIN_DIR/token-broker" \
		--date $(or $(shell git log -1 --format=%cs 2>/dev/null),$(shell date +%F)) --output-directory $(MANUAL); \
	for shell in bash zsh fish; do \
		"$$BROKER_BIN_DIR/token-broker" --generate-completion-script $$shell > $(MANUAL)/token-broker.$$shell; \
	done

PREFIX ?= /usr
.PHONY: install
install: manual ## The program, its documents, its manual and its systemd unit; PREFIX=/usr, DESTDIR= for packagers
	$(PROGRAMS) install -D --strip --mode 0755 "$$BROKER_BIN_DIR/token-broker" "$(DESTDIR)$(PREFIX)/bin/token-broker"
	install -D --mode 0644 --target-directory "$(DESTDIR)$(PREFIX)/share/doc/token-broker" README.md CHANGELOG.md LICENSE
	install -D --mode 0644 --target-directory "$(DESTDIR)$(PREFIX)/share/doc/token-broker/docs" docs/*.md
	install -D --mode 0644 --target-directory "$(DESTDIR)$(PREFIX)/share/doc/token-broker/docs/screenshots" docs/screenshots/*.png
	install -D --mode 0644 $(MANUAL)/token-broker.1 "$(DESTDIR)$(PREFIX)/share/man/man1/token-broker.1"
	install -D --mode 0644 $(MANUAL)/token-broker.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/token-broker"
	install -D --mode 0644 $(MANUAL)/token-broker.zsh "$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_token-broker"
	install -D --mode 0644 $(MANUAL)/token-broker.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/token-broker.fish"
	install -D --mode 0644 deploy/systemd/token-broker.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/token-broker.conf"
	mkdir -p "$(DESTDIR)$(PREFIX)/lib/systemd/system"
	install -D --mode 0644 deploy/systemd/token-broker.tmpfiles "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/token-broker.conf"
	for unit in deploy/systemd/*.service deploy/systemd/*.timer; do \
	  sed 's|/usr/bin/token-broker|$(PREFIX)/bin/token-broker|g; s|/usr/share/|$(PREFIX)/share/|g' $$unit \
	    > "$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}"; \
	done

.PHONY: format
format: $(VENV)/installed ## Swift and Python as the lint wants them
	swift format --in-place --recursive --parallel $(SWIFT_SOURCES)
	$(VENV)/bin/ruff check --quiet --fix $(PYTHON_SOURCES)
	$(VENV)/bin/ruff format --quiet $(PYTHON_SOURCES)

.PHONY: fresh
fresh: ## .ci/run in a clone of HEAD
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	git clone --quiet . "$$folder/main"; \
	if [[ -d ../shared ]]; then cp -r ../shared "$$folder/shared"; fi; \
	cd "$$folder/main" && CI=true bash .ci/run < /dev/null

.PHONY: clean-cache
clean-cache: ## Forget what is kept for every clone: the next build begins from nothing
	rm -rf "$(CACHE)"

.PHONY: image
image: ## The container image token-broker:local, built by docker, podman or buildah
ifdef IMAGE_BUILDER
	$(IMAGE_BUILDER) . token-broker:local
else ifdef IMAGE_ENGINE
	$(IMAGE_ENGINE) build --build-arg COMMIT=$(TOKEN_BROKER_COMMIT) --tag token-broker:local .
else
	@echo 'error: the image needs docker, podman or buildah, and none of them works here' >&2; exit 1
endif

# The stages.

.PHONY: lint
lint: $(VENV)/installed
	swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/ruff check --quiet $(PYTHON_SOURCES)
	$(VENV)/bin/ruff format --quiet --check $(PYTHON_SOURCES)
	python3 Tests/check_time_limits.py

.PHONY: build
build: debug release

.PHONY: debug
debug: packages
	$(DEBUG)

.PHONY: release
release: packages
	$(RELEASE) --product token-broker
	$(RELEASE) --product sinch-sandbox
	$(RELEASE) --product make-registry
	$(RELEASE) --product list-numbers

.PHONY: test-domain
test-domain:
	$(SWIFT_TEST) --filter '^BrokerTests\.'

.PHONY: test-swift
test-swift:
	$(SWIFT_TEST) --skip '$(REAL_TIME)'
	$(SWIFT_TEST) --filter '$(REAL_TIME)'

.PHONY: test-smoke
test-smoke: $(VENV)/installed $(BROKER_TOOLS_DIR)/installed
	$(PYTEST) --numprocesses 2 --dist loadfile -m smoke

.PHONY: test-program
test-program: program-tests
	@# More workers than processors: most tests wait most of the time.
	$(PYTEST) --numprocesses 8 --dist worksteal -m 'not alone and not image'
	$(PYTEST) -m alone

.PHONY: swift-test
swift-test: debug ## Some of the Swift tests: make swift-test ARGS='--filter BrokerHTTPTests'
	$(SWIFT_TEST) $(ARGS)

.PHONY: test-image
test-image: image $(VENV)/installed
	$(PYTEST) -m image

.PHONY: pytest
pytest: program-tests ## Some of the program's tests: make pytest ARGS='client -k 401'
	$(PYTEST) $(ARGS)

.PHONY: screenshots
screenshots: program-tests ## What the status page looks like, for docs/screenshots
	$(PROGRAMS) cd Tests/ProgramTests && SCREENSHOTS=$(CURDIR)/docs/screenshots $(VENV)/bin/pytest page/test_for_everybody.py

.PHONY: test-long
test-long: export LONG = 1
test-long: $(VENV)/installed $(BROKER_TOOLS_DIR)/installed
	$(PYTEST) -m long

# What the stages need.

.PHONY: program-tests
program-tests: browser languages $(VENV)/installed $(BROKER_TOOLS_DIR)/installed $(CACHE)/go-example

.PHONY: packages test-packages browser languages
packages: WANTED = $(PACKAGES)
test-packages: WANTED = $(PACKAGES) $(TEST_PACKAGES)
browser: WANTED = $(BROWSER_PACKAGES)
languages: WANTED = $(EXAMPLE_PACKAGES)
packages test-packages browser languages:
	@missing=(); for package in $(WANTED); do \
		dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing+=($$package); \
	done; \
	if (( $${#missing[@]} )); then \
		as_root=$$( (( $$(id -u) )) && echo sudo || true); \
		$$as_root apt-get update -q && $$as_root apt-get install -qy --no-install-recommends "$${missing[@]}"; \
	fi

$(BROKER_TOOLS_DIR)/installed: UNPACKED = $(TOOL_PACKAGES)
$(BENCH_TOOLS)/installed: UNPACKED = $(BENCH_PACKAGES)
$(GO_TOOLS)/installed: UNPACKED = $(GO_PACKAGES)
$(BROKER_TOOLS_DIR)/installed $(BENCH_TOOLS)/installed $(GO_TOOLS)/installed: | packages
	@rm -rf $(@D); mkdir -p $(@D); cd $(@D); \
	if ! apt-get download -q $(UNPACKED); then \
		as_root=$$( (( $$(id -u) )) && echo sudo || true); \
		$$as_root apt-get update -q && apt-get download -q $(UNPACKED); \
	fi; \
	for package in *.deb; do dpkg --extract $$package .; rm $$package; done
	touch $@

$(VENV)/installed: | test-packages
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r Tests/ProgramTests/requirements.txt
	touch $@

$(CACHE)/load: Benchmarks/load/load.c | $(BENCH_TOOLS)/installed
	clang -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o $@ $< \
		$(addprefix -I$(BENCH_TOOLS)/usr/include,/ /x86_64-linux-gnu /aarch64-linux-gnu) \
		$(addprefix -L$(BENCH_TOOLS)/usr/lib/,x86_64-linux-gnu aarch64-linux-gnu) -lssl -lcrypto

GO = $(GO_TOOLS)/usr/lib/go-1.19/bin/go
$(CACHE)/go-broker: Benchmarks/side-by-side/broker.go
$(CACHE)/go-example: Examples/go/list-numbers.go
$(CACHE)/go-broker $(CACHE)/go-example: | $(GO_TOOLS)/installed
	GOROOT=$(GO_TOOLS)/usr/lib/go-1.19 GOPATH=$(GO_TOOLS)/usr/share/gocode GO111MODULE=off \
		GOCACHE=$(CACHE)/go $(GO) build -o $@ $<
