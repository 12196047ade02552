# One virtual environment in .venv, with the versions of constraints.txt, and what is done with it.
# `demo` needs the product's own dependencies only; `check`, `test` and `lock` the developers' too.

PYTHON ?= python3
BIN := .venv/bin

# Builds of packages (hatchling among them) take their versions from the same file.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_BUILD_CONSTRAINT := $(PIP_CONSTRAINT)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup check test bench simulate faults simulate-mutants tamper histories whatif demo demo-full docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: .venv/developer.stamp ## Set up .venv with everything that check and test need

check: .venv/developer.stamp ## Format, lint, types and module borders
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# First the servers, because installing packages must not count against a test's time limit. If
# none can be had, the tests that need them fail with the command to run, and the others still run.
# A file of tests stays on one worker, so that few workers start servers of their own.
test: .venv/developer.stamp ## All tests; private PostgreSQL and RabbitMQ servers start by themselves
	-@PYTHONPATH=tests $(BIN)/python -m support.machine
	$(BIN)/pytest -n 2 --dist loadfile --durations 10

# BENCH="--quick --only append" is a look at some of them; only the whole gives numbers to quote.
bench: .venv/developer.stamp ## Measure against the alternatives; results in var/bench/results.json
	PYTHONPATH=tests $(BIN)/python -m benchmarks $(BENCH)

# SEEDS=1 START=4 WITHOUT=ceiling lives one seed again, without one of the guards.
SEEDS ?= 1000
START ?= 1

simulate: .venv/developer.stamp ## Live SEEDS seeds of the simulation from START on; a failing one is named
	PYTHONPATH=tests $(BIN)/python -m simulation --seeds $(SEEDS) --start $(START) $(addprefix --without ,$(WITHOUT))

simulate-mutants: .venv/developer.stamp ## Take out each guard in turn: is it noticed?
	PYTHONPATH=tests $(BIN)/python -m simulation.hunt

# TAMPER="--samples 20 --seeds 200 --start 1000" tries more.
tamper: .venv/developer.stamp ## Change copies of clean histories in every way: what does an auditor find?
	PYTHONPATH=tests $(BIN)/python -m tamper $(TAMPER)

histories: .venv/developer.stamp ## Record what today's program does as NAME=2027-01-what-is-new
	PYTHONPATH=tests $(BIN)/python -m histories $(NAME)

whatif: .venv/developer.stamp ## Ask what other rules would change, play them, and compare; WHATIF=--full for the whole list
	PYTHONPATH=tests $(BIN)/python -m whatif $(WHATIF)

FAULTS ?= --seeds 5 --start 1

faults: .venv/developer.stamp ## Kill, cut, stall and stop real processes and servers; logs in var/faults
	PYTHONPATH=tests $(BIN)/python -m faults $(FAULTS)

demo: .venv/product.stamp ## One grant as a story, then 2,985 operations; results in var/demo
	$(BIN)/pruefpfad --data var/demo demo

demo-full: .venv/product.stamp ## All 19,389 operations; results in var/demo-full
	$(BIN)/pruefpfad --data var/demo-full demo --full

docs: .venv/product.stamp ## Write docs/events.md and the other files generated from the code
	$(BIN)/pruefpfad contracts write
	$(BIN)/pruefpfad broker definitions --output infra/rabbitmq/definitions.json

lock: .venv/bin/python ## Write constraints.txt anew, with the newest versions that fit
	rm -rf .venv/lock
	$(PYTHON) -m venv .venv/lock
	env -u PIP_CONSTRAINT -u PIP_BUILD_CONSTRAINT .venv/lock/bin/python -m pip install --quiet \
	  '.[dev]' setuptools wheel $$($(PYTHON) -c 'import tomllib; from pathlib import Path; \
	    print(*tomllib.loads(Path("pyproject.toml").read_text())["build-system"]["requires"])')
	{ grep '^#' constraints.txt; \
	  .venv/lock/bin/python -m pip freeze --all --exclude pip --exclude pruefpfad; \
	} > .venv/lock/constraints.txt
	mv .venv/lock/constraints.txt constraints.txt
	rm -rf .venv/lock

clean: ## Remove the virtual environment and every cache; var/ stays
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find services shared tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Prüfpfad needs Python 3.11 or newer, and $(PYTHON) is" \
	    "$$($(PYTHON) --version 2>&1 || echo missing). Name another: make PYTHON=python3.12 …" >&2; \
	  exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/product.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable .
	@touch $@

.venv/developer.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[dev]'
	@touch .venv/product.stamp $@
