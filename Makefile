# Everything from a plain python3: see CONTRIBUTING.md. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PYTHON ?= python3
WORKERS ?= 2
TEST_LIMIT ?= 45m
TESTS ?= tests
COVERAGE ?=
DEMO ?=

# Whatever Python writes by itself stays in the tree, and is kept: compiled kernels and bytecode make
# every later start faster, so a switched-off bytecode cache is switched on again.
unexport PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache
export NUMBA_CACHE_DIR := $(CURDIR)/.cache/numba
export RUFF_CACHE_DIR := $(CURDIR)/.cache/ruff
export MYPY_CACHE_DIR := $(CURDIR)/.cache/mypy
export COVERAGE_FILE := $(CURDIR)/.cache/coverage

# The stamp carries Python's version: another PYTHON, or an upgraded one, makes the environment anew.
ask_version := 'import sys; print("%d.%d.%d" % sys.version_info[:3])'
python_version := $(shell $(PYTHON) -c $(ask_version) 2>/dev/null)
ready := .venv/.ready-$(or $(python_version),none)
bin := .venv/bin
samples := .cache/samples/traffic/data/samples

# Programs that write files of the tree: `make fmt` runs them, `make check` runs them with --check.
generators := "python -m scripts.notice" "detente reference docs"

.PHONY: help setup demo test coverage bench mutants check fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(ready) ## make .tools (uv) and .venv (the locked packages)
	@echo "setup: ready, Python $(python_version) in .venv"

$(ready): uv.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh
	@rm -f .venv/.ready-*
	@touch $@

demo: $(ready) ## a real day of flights, two parties, two nodes, borders (DEMO=--keep leaves all running)
	@scripts/samples.sh
	@scripts/boundaries.sh
	@DETENTE_BOUNDARIES=.cache/boundaries $(bin)/detente demo $(DEMO) \
		--flights $(samples)/collections/switzerland.json.gz \
		--incursions $(samples)/tv_relay/tour_de_france.json.gz \
		--spoofed $(samples)/noisy/noisy_spoofing.json.gz

check: $(ready) ## format, lint, types, layers, generated files
	@echo "check: format"
	@$(bin)/ruff format --check --output-format=concise --quiet . || { echo "run: make fmt"; exit 1; }
	@echo "check: lint"
	@$(bin)/ruff check --output-format=concise --quiet .
	@echo "check: types"
	@$(bin)/mypy --no-error-summary src tests bench scripts
	@echo "check: layers"
	@$(bin)/lint-imports --no-logo --cache-dir .cache/import_linter > .cache/layers.txt 2>&1 \
		|| { cat .cache/layers.txt; exit 1; }
	@echo "check: generated files"
	@for generator in $(generators); do \
		$(bin)/$$generator --check || { echo "run: make fmt"; exit 1; }; \
	done

# Compiled before the tests, while mypy has the other core: in a new tree every process of a test that
# needs geometry would compile it for itself otherwise, half a minute each.
.PHONY: kernels
kernels: $(ready)
	@$(bin)/python -c "from detente import feeds, watch; feeds.warm_up(); watch.warm_up()"

# The limit is a last resort: a test that hangs shows its stacks after ten minutes.
test: $(ready) ## check, then every test (TESTS=tests/unit for some of them)
	@$(MAKE) --jobs=2 check kernels
	@scripts/browser.sh
	@scripts/node_tools.sh
	@scripts/samples.sh
	@scripts/boundaries.sh
	@timeout --kill-after=30s $(TEST_LIMIT) $(bin)/python -m pytest $(TESTS) \
		-n $(WORKERS) --dist loadgroup -o cache_dir=.cache/pytest -o faulthandler_timeout=600 \
		$(COVERAGE) --durations=10 --durations-min=1

coverage: ## the tests, counting the lines that they run (half as long again)
	@$(MAKE) --no-print-directory test \
		COVERAGE="--cov=detente --cov-report=term:skip-covered"

bench: $(ready) ## measure; writes bench/results.json and docs/benchmarks.md
	@$(bin)/python -m bench

mutants: $(ready) ## small mistakes put into the verifier: at least 90 % must be noticed (a long run)
	@$(bin)/python -m scripts.mutants --workers $(WORKERS)

fmt: $(ready) ## format the code, rewrite the generated files
	@$(bin)/ruff format .
	@$(bin)/ruff check --fix .
	@for generator in $(generators); do $(bin)/$$generator; done

clean: ## remove the environments and every cache
	rm -rf .venv .tools .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf build dist htmlcov .coverage .coverage.*
	find src tests bench scripts -type d -name __pycache__ -prune -exec rm -rf {} +
