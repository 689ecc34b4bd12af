# One word a job; `make help` lists them. Everything lives in .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup run test test-thorough screenshots lint format bench bench-full clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]'
	@touch $(VENV)/.run $@

setup: $(VENV)/.dev ## Set up for development

run: $(VENV)/.run ## Serve on http://127.0.0.1:8000 with data in ./data
	@$(BIN)/fasttrack serve

test: $(VENV)/.dev ## Run every test
	$(BIN)/python -m pytest -m "not thorough" $(ARGS)

test-thorough: $(VENV)/.dev ## Run every test, the chaotic ones many times over
	$(BIN)/python -m pytest $(ARGS)

screenshots: $(VENV)/.dev ## Photograph the web page into docs/images (needs Chromium)
	$(BIN)/python -m tests.end_to_end.browser.screenshots

lint: $(VENV)/.dev ## Style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## Measure against peers (under two minutes)
	$(BIN)/python -m bench

bench-full: $(VENV)/.dev ## Measure against every peer, at length
	$(BIN)/python -m bench --full

clean: ## Remove what was made (never ./data)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage* bench/build bench/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
