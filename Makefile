# make help lists the targets; continuous integration calls the same ones
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3 python; do \
  "$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
EXAMPLE ?= shuttle
JOBS ?= 2
LOWEST := .venv-lowest
LOWEST_TESTS := $(filter-out tests/test_wheel.py, $(wildcard tests/test_*.py)) tests/defaults tests/emulate tests/estimate/test_ops.py tests/search \
  tests/hls/cpp tests/hls/rtl tests/hls/xls tests/hls/tools/test_yosys.py tests/importers/test_onnx.py tests/importers/test_pt2.py \
  tests/importers/test_hgq.py tests/widgets/test_figures.py tests/widgets/test_panels.py tests/widgets/test_state.py

.DEFAULT_GOAL := help
.PHONY: help demo explore test check agreement notebooks browser soak bench screenshots js golden lowest wheel docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "hlsexplore needs Python 3.11, 3.12 or 3.13 with venv; none was found. Install one, or say make PYTHON=/path/to/python3."; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.user: pyproject.toml | $(VENV)/bin/python
	@echo "Installing hlsexplore, the panels and the open tools into $(VENV) (about a minute)"
	@$(PIP) -e '.[all]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing the development environment into $(VENV), TensorFlow included (some minutes)"
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.user

demo: $(VENV)/.user ## set up, then run the main job on a bundled example: EXAMPLE=shuttle|digits|jets
	@$(BIN)/hlsexplore demo --example $(EXAMPLE) --to demo

explore: $(VENV)/.user ## set up, then open JupyterLab on the quickstart notebook
	@$(BIN)/hlsexplore lab --demo $(EXAMPLE)

test: $(VENV)/.dev ## run the tests: packages, agreement, notebooks, real browser
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow and not browser"
	$(BIN)/python -m pytest -m "browser and not slow"

widgets/node_modules/.package-lock.json: widgets/package.json
	cd widgets && npm install --silent --no-audit --no-fund --no-package-lock

js: widgets/node_modules/.package-lock.json ## types, lint and unit tests of the browser side; needs node
	cd widgets && npm run --silent check

check: $(VENV)/.dev ## ruff, clang-format, mypy --strict, import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python scripts/format_cpp.py --check
	$(BIN)/python scripts/protocol_types.py --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v npm >/dev/null && $(MAKE) --no-print-directory widgets/node_modules/.package-lock.json; then $(MAKE) --no-print-directory js; \
	else echo "npm is not there or cannot install: types and lint of the browser side are not checked (make js)."; fi

agreement: $(VENV)/.dev ## emulator == C++ == RTL == hls4ml, exactly
	$(BIN)/python -m pytest -n $(JOBS) -m "not browser" tests/agreement

notebooks: $(VENV)/.dev ## execute every notebook
	$(BIN)/python -m pytest -n $(JOBS) tests/notebooks

browser: $(VENV)/.dev ## drive the panels in a real headless browser
	$(BIN)/python -m pytest -m "browser" tests/browser

soak: $(VENV)/.dev ## long random runs
	$(BIN)/python -m pytest -n $(JOBS) -m slow

bench: $(VENV)/.dev ## measured claims; estimator.py needs FOLDER=...
	for name in emulator synthesis search ui; do $(BIN)/python benchmarks/$$name.py || exit 1; done
	test -z "$(FOLDER)" || $(BIN)/python benchmarks/estimator.py "$(FOLDER)"

screenshots: $(VENV)/.dev ## pictures of the panels, light and dark, for the docs
	$(BIN)/python scripts/screenshots.py

golden: $(VENV)/.dev ## rewrite the golden files of the generators
	$(BIN)/python -m pytest -n $(JOBS) tests/hls --update-golden

$(VENV)/.docs: pyproject.toml | $(VENV)/bin/python
	@$(PIP) -e '.[docs]'
	@touch $@

docs: $(VENV)/.docs ## build the documentation with the API reference into build/site; a broken link fails
	$(BIN)/python scripts/docs_source.py build
	$(BIN)/python -m mkdocs build --strict -f build/mkdocs.yml

# The lower bounds of pyproject.toml themselves, the core's alone and then all of them but TensorFlow's, from wheels
$(LOWEST)/.made: pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 with venv was found; say make PYTHON=/path/to/python3."; exit 1; }
	@"$(PYTHON)" -m venv --clear $(LOWEST)
	@$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet uv
	@VIRTUAL_ENV=$(LOWEST) $(LOWEST)/bin/uv pip install --quiet --resolution lowest-direct -e '.[test]'
	$(LOWEST)/bin/python -m pytest -n $(JOBS) tests/test_fixed.py tests/test_graph.py tests/test_design_file.py tests/emulate/test_casts.py
	@VIRTUAL_ENV=$(LOWEST) $(LOWEST)/bin/uv pip install --quiet --resolution lowest-direct -e '.[all,cluster,place,xls,test]'
	@touch $@

lowest: $(LOWEST)/.made ## the tests without TensorFlow, with the lowest versions that pyproject.toml allows
	$(LOWEST)/bin/python -m pytest -n $(JOBS) -m "not slow and not browser" $(LOWEST_TESTS)

wheel: $(VENV)/.dev ## build the wheel
	$(PIP) build && $(BIN)/python -m build --wheel

clean: ## remove the environment and everything made
	rm -rf $(VENV) $(LOWEST) widgets/node_modules demo out dist build
