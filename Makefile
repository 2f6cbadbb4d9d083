# What is done with this project, as commands. The first one makes .venv by itself.
# PYTHON=... names the Python (3.11 or newer) to make it with; ARGS=... goes to demo, test and lock;
# STRICT=1 has the audit fail where no vulnerability service can be reached.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-system leaks bench mutants fmt catalogues install lock
.PHONY: check ruff mypy imports catalogued book secrets audit sbom faults faults-short

BIN := .venv/bin

# The first Python on the PATH that is new enough. Names are tried because `python3` may be older.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

help:
	@echo 'make demo        the whole line on this machine, with a pretend network'
	@echo 'make test        most tests, against real servers: 5 minutes on two cores'
	@echo 'make test-system whole demos, kills, long walks, a browser, Kannel: 8 minutes'
	@echo 'make leaks       over a thousand reports, every fault, and a search for what they said: 10 minutes'
	@echo 'make check       linters, types, import contracts, every screen in every language: 3 minutes'
	@echo 'make audit       known faults in the versions of requirements.lock; STRICT=1 for a release'
	@echo 'make sbom        build/sbom.json: every component with its hashes, as CycloneDX'
	@echo 'make bench       what a step, a burst, an alert and a start cost: 15 minutes; ARGS="step" some'
	@echo 'make faults-short a process killed at every point once, and how long an alert takes: 3 minutes'
	@echo 'make faults      processes killed, disks full, clocks wrong, providers away: an hour; RUNS=25 more'
	@echo 'make mutants     code broken on purpose, and how much the tests notice: two hours'
	@echo 'make fmt         format the code, and mend what the linter can'
	@echo 'make catalogues  bring the translations up to what the menus say'
	@echo 'make install     only .venv, as an operator needs it'
	@echo 'make lock        pin what pyproject.toml asks for; ARGS=--upgrade takes the newest'

demo: .venv/installed
	@$(BIN)/isange demo $(ARGS)

test: .venv/installed-dev
	@$(BIN)/python -m pytest -n auto --dist worksteal -m 'not system' $(ARGS)

# Also talks to programs that no Python package brings: Debian's chromium, kannel and kannel-extras.
# Tests of one file share a demo, so they stay together.
test-system: .venv/installed-dev
	@$(BIN)/python -m pytest -n auto --dist loadfile -m system $(ARGS)

leaks: .venv/installed-dev
	@$(BIN)/python -m tests.leaks.scan $(ARGS)

check: ruff mypy imports catalogued book secrets audit

ruff: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

mypy: .venv/installed-dev
	$(BIN)/mypy

imports: .venv/installed-dev
	@COLUMNS=100 $(BIN)/lint-imports --no-logo

catalogued: .venv/installed-dev
	$(BIN)/python -m menutools.catalogues check

book: .venv/installed-dev
	$(BIN)/isange menus check

secrets: .venv/installed-dev
	$(BIN)/python -m tests.supply.secret_scan

audit: .venv/installed-dev
	$(call with_tool,pip-audit~=2.10,tests.supply.vulnerabilities $$tools/bin/pip-audit)

sbom: .venv/installed-dev
	$(call with_tool,cyclonedx-bom~=7.5,tests.supply.components $$tools/bin/cyclonedx-py build/sbom.json)

# A tool that we do not build upon, in a folder that is gone afterwards: tool, module of ours and
# its arguments. Where the tool cannot be had the module says what that means.
define with_tool
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && "$(PYTHON)" -m venv "$$tools" && \
	{ "$$tools/bin/python" -m pip install -qq --disable-pip-version-check '$(1)' || true; } && \
	$(BIN)/python -m $(2)
endef

bench: .venv/installed-dev
	@$(BIN)/python -m bench $(ARGS)

# Each point once is some minutes. RUNS is how often at each point, GROUNDS how many side by side.
RUNS ?= 1
GROUNDS ?= 3

faults: .venv/installed-dev
	$(BIN)/python -m tests.faults.crashes --runs $(RUNS) --grounds $(GROUNDS) --database sqlite
	$(BIN)/python -m tests.faults.crashes --runs $(RUNS) --grounds $(GROUNDS) --database postgresql
	$(BIN)/python -m tests.faults.latency --database sqlite
	$(BIN)/python -m tests.faults.latency --database postgresql
	ISANGE_EXAMPLES=60 $(BIN)/python -m pytest tests/faults/test_state_machine.py
	$(BIN)/python -m pytest tests/faults/long -n 6 $(ARGS)

# What a change has to pass: each point once, on one of the two databases, and what an alert takes.
faults-short: .venv/installed-dev
	$(BIN)/python -m tests.faults.crashes --grounds $(GROUNDS) --database both
	$(BIN)/python -m tests.faults.latency --database sqlite

# An hour or two for all; ARGS='vault --survivors FILE' is one group, and what nobody noticed in it.
mutants: .venv/installed-dev
	$(call with_tool,mutmut~=3.8,tests.mutation $$tools $(ARGS))

fmt: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

catalogues: .venv/installed
	$(BIN)/python -m menutools.catalogues update

install: .venv/installed

# A stamp is older than its lock file when the lock changed; without a change there is nothing to do.
.venv/installed: requirements.lock pyproject.toml | $(BIN)/python
	$(call install,requirements.lock)

.venv/installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(call install,requirements-dev.lock)

define install
	@echo 'Installing what $(1) names into .venv: about half a minute.'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(1)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
endef

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'This needs Python 3.11 or newer: install it, or name it with PYTHON=/where/it/is' >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null || { \
	  echo 'This Python cannot make a .venv: install python3-venv (its name on Debian and Ubuntu)' >&2; exit 2; }
	@"$(PYTHON)" -m venv .venv

# Universal: one file for every platform and Python. No header and no index, so it names no place.
LOCK := pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet $(ARGS)

lock: $(BIN)/python
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	"$(PYTHON)" -m venv "$$tools" && "$$tools/bin/python" -m pip install -qq uv && \
	"$$tools/bin/uv" $(LOCK) --output-file requirements.lock && \
	"$$tools/bin/uv" $(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock
