# Needs make and Python 3.11, 3.12 or 3.13; everything else goes into .venv, from lock files with hashes.
# `make help` lists the targets; PYTHON=/path/to/python3 chooses another interpreter.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
LOCKED = $(INSTALL) --require-hashes --no-build-isolation --use-pep517
CANDIDATES = $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)
WORKERS ?= 2
UV ?= uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo retrain test slow browser spark docs links lint format types contracts wheel bench lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp $(VENV)/project.stamp  ## set up and rank a synthetic registry, into build/demo
	@$(BIN)/risk-index demo --out build/demo

retrain: $(VENV)/run.stamp $(VENV)/project.stamp  ## a champion and a challenger on a synthetic registry, into build/retrain
	@rm -rf build/retrain
	@$(BIN)/risk-index world build/retrain/world --firms 20000
	@first=--first; for day in 2026-03-31 2026-06-30; do \
	  $(BIN)/risk-index retrain build/retrain/world/records --as-of $$day --who "make retrain" $$first \
	    --settings configs/example-settings.yaml --gates configs/example-gates.yaml \
	    --attributes build/retrain/world/attributes.parquet --waivers configs/example-waivers.yaml \
	    --registry build/retrain/registry --out build/retrain/$$day || exit 1; \
	  first=; \
	done

test: $(VENV)/dev.stamp $(VENV)/project.stamp  ## set up and run all tests; ARGS= goes to pytest
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(ARGS)

slow: $(VENV)/dev.stamp $(VENV)/project.stamp  ## the tests that take minutes each
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow -n $(WORKERS) --dist loadscope $(ARGS)

browser: $(VENV)/dev.stamp $(VENV)/project.stamp  ## the report and a firm's page in a headless Chromium, which must be installed
	BROWSER_REQUIRED=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/contract -m browser -rP $(ARGS)

spark: $(VENV)/dev.stamp $(VENV)/project.stamp requirements/spark.lock  ## ranking and features on Spark in local mode; needs Java 17
	@command -v java >/dev/null || { echo "Spark needs Java. On Debian or Ubuntu: apt-get install openjdk-17-jre-headless." >&2; exit 1; }
	@$(LOCKED) -r requirements/spark.lock
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m spark -rA tests/contract/test_rank_on_spark.py tests/spec/test_features_on_spark.py $(ARGS)

docs: $(VENV)/dev.stamp $(VENV)/project.stamp  ## the manual as a site, into build/docs; a broken link between pages fails
	$(BIN)/sphinx-build -q -W --keep-going -b html -d build/docs-read docs build/docs

links: $(VENV)/dev.stamp $(VENV)/project.stamp  ## ask every outside link of the manual (needs a network)
	$(BIN)/sphinx-build -q -b linkcheck -d build/docs-read docs build/links

lint: $(VENV)/dev.stamp  ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/dev.stamp  ## ruff: lay out anew and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/dev.stamp $(VENV)/project.stamp  ## mypy
	$(BIN)/mypy

contracts: $(VENV)/dev.stamp $(VENV)/project.stamp  ## import-linter: who may import whom
	$(BIN)/lint-imports --no-logo --no-cache

wheel: $(VENV)/dev.stamp  ## build the wheel, into build/dist
	@rm -rf build/dist
	$(BIN)/python -m build --wheel --no-isolation --outdir build/dist .

bench: $(VENV)/dev.stamp $(VENV)/project.stamp  ## side-by-side timings, by hand
	$(BIN)/python -m benchmarks $(ARGS)

lock:  ## write the lock files anew (needs uv)
	$(COMPILE) --group build --output-file requirements/build.lock
	$(COMPILE) pyproject.toml --constraint requirements/build.lock \
	  --output-file requirements/run.lock
	$(COMPILE) pyproject.toml --extra dev --constraint requirements/run.lock \
	  --output-file requirements/dev.lock
	$(COMPILE) pyproject.toml --extra spark --constraint requirements/run.lock \
	  --output-file requirements/spark.lock

clean:  ## remove the environment, the outputs and the caches
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment; a stamp says which step is done ---------------------------------------

$(BIN)/pip:
	@for p in $(CANDIDATES); do \
	  if "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	      >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$("$$p" -V 2>&1) ..." >&2; \
	    "$$p" -m venv --clear $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "\"$$p\" cannot make a virtual environment." \
	      "On Debian or Ubuntu: apt-get install python3-venv. Then run make again." >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "No suitable Python found (tried: $(CANDIDATES))." >&2; \
	echo "Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3 ..." >&2; \
	exit 1

$(VENV)/build.stamp: requirements/build.lock | $(BIN)/pip
	@$(LOCKED) --only-binary :all: -r $<
	@touch $@

$(VENV)/run.stamp: requirements/run.lock $(VENV)/build.stamp
	@echo "Installing the locked libraries into $(VENV) (1.2 GB, about a minute) ..." >&2
	@$(LOCKED) -r $<
	@$(OPENMP)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/build.stamp
	@echo "Installing the locked libraries and test tools into $(VENV) (1.5 GB, about a minute) ..." >&2
	@$(LOCKED) -r $<
	@$(OPENMP)
	@touch $@ $(VENV)/run.stamp

$(VENV)/project.stamp: pyproject.toml risk_index/__init__.py $(VENV)/build.stamp
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

OPENMP = $(BIN)/python -c 'import lightgbm' || { \
	echo "LightGBM does not load. If libgomp or libomp is missing:" \
	  "apt-get install libgomp1 (Debian, Ubuntu), brew install libomp (macOS)." >&2; exit 1; }
