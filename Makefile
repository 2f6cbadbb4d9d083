# What is done with this project, as commands. The first one makes .venv by itself.
# PYTHON=... names the Python (3.11 or newer) to make it with; ARGS=... goes to demo, test and lock.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test leaks check bench fmt catalogues install lock

BIN := .venv/bin

# The first Python on the PATH that is new enough. Names are tried because `python3` may be older.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

help:
	@echo 'make demo        the whole line on this machine, with a pretend network'
	@echo 'make test        all tests'
	@echo 'make leaks       a thousand callers, every fault, and a search for anything they said'
	@echo 'make check       linters, types, import contracts, catalogues, every screen in every language'
	@echo 'make bench       what a turn and a search cost'
	@echo 'make fmt         format the code, and mend what the linter can'
	@echo 'make catalogues  bring the translations up to what the menus say'
	@echo 'make install     only .venv, as an operator needs it'
	@echo 'make lock        pin what pyproject.toml asks for; ARGS=--upgrade takes the newest'

demo: .venv/installed
	@$(BIN)/isange demo $(ARGS)

test: .venv/installed-dev
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

leaks: .venv/installed-dev
	@$(BIN)/python -m tests.leaks.scan $(ARGS)

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@COLUMNS=100 $(BIN)/lint-imports --no-logo
	$(BIN)/python -m gateway.catalogues check
	$(BIN)/isange menus check

bench: .venv/installed
	$(BIN)/python -m bench.dialogue

fmt: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

catalogues: .venv/installed
	$(BIN)/python -m gateway.catalogues update

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
