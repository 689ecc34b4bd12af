# One word a job; `make help` lists them. Everything lives in .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Tests wait more than they work: with two cores, four processes are busy and not yet in each other's way.
WORKERS ?= 4
PARALLEL := -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
# Where an image says that nothing is compiled ahead, each of the many servers of the tests compiles it all anew.
unexport PYTHONDONTWRITEBYTECODE
PIP    := $(BIN)/pip install --disable-pip-version-check -c constraints.txt

JSDIR   := tests/end_to_end/js
JS      := $(JSDIR)/node_modules/.bin
PRETTIER = --config $(JSDIR)/prettier.json $(shell git ls-files 'api/static/*.js' 'examples/*js' '$(JSDIR)/*js')
IMPORTS := tests/api/services/imports
SLOW    := tests/api/security tests/api/feeds tests/api/unpacking tests/api/parsing tests/api/tracing \
           tests/api/services/webhooks tests/api/storage/postgres tests/api/storage/sqlite/test_writer.py \
           $(wildcard tests/api/cli/test_backup*.py) tests/api/cli/test_unusable_store.py \
           $(IMPORTS)/test_worker.py $(IMPORTS)/test_ownership.py $(IMPORTS)/test_cancellation.py \
           $(IMPORTS)/test_kinds.py $(IMPORTS)/test_container.py
QUICK   := tests/test_architecture.py tests/domain tests/streams tests/api $(SLOW:%=--ignore=%)
COVERED := tests/domain tests/streams tests/contracts tests/api

.DEFAULT_GOAL := help
.PHONY: help setup run test quick check coverage test-thorough image-test screenshots lint types format docs dist sbom release bench \
        bench-full clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) once: Python packages, in the versions of constraints.txt. This takes about a minute."
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) for development once. This takes a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]'
	@touch $(VENV)/.run $@

$(VENV)/.release: $(VENV)/.run
	$(PIP) -e '.[release]'
	@touch $@

setup: $(VENV)/.dev ## Set up for development

run: $(VENV)/.run ## Serve on http://127.0.0.1:8000 (PORT=9000: on another) with data in ./data
	@$(BIN)/fasttrack serve $(if $(PORT),--port $(PORT))

test: $(VENV)/.dev ## Run every test, several at a time
	$(BIN)/python -m pytest $(PARALLEL) -m "not thorough" $(ARGS)

quick: $(VENV)/.dev ## Run the tests that need a minute in all
	$(BIN)/python -m pytest $(PARALLEL) -m "not thorough and not alone" $(QUICK) $(ARGS)

check: lint quick ## Lint and the quick tests, before a commit: under two minutes

coverage: $(VENV)/.dev ## Run the tests but end_to_end, and hold branch coverage to its floor
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(PARALLEL) -m "not thorough" $(COVERED) $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

test-thorough: $(VENV)/.dev ## Run every test, the chaotic ones many times over
	THOROUGH=1 $(BIN)/python -m pytest $(ARGS)

image-test: $(VENV)/.dev ## Build the image with buildah, start it, stop it (minutes; needs root)
	$(BIN)/python -m pytest -rs tests/deploy/test_image.py $(ARGS)

screenshots: $(VENV)/.dev ## Photograph the web page into docs/images (needs Chromium)
	$(BIN)/python -m tests.end_to_end.browser.screenshots

lint: $(VENV)/.dev ## Style, types and layers; of the JavaScript, too, where its tools are
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -x $(JS)/eslint ]; then $(JS)/eslint --config $(JSDIR)/eslint.config.js .; \
	elif [ -n "$$CI" ]; then echo "CI must not skip: npm install in $(JSDIR)"; exit 1; \
	else echo "skipped: JavaScript (npm install in $(JSDIR))"; fi
	@if [ -x $(JS)/tsc ]; then $(JS)/tsc --project $(JSDIR); fi
	@if [ -x $(JS)/prettier ]; then $(JS)/prettier $(PRETTIER) --check; fi

types: $(VENV)/.dev ## Write the types of the feed's messages for TypeScript
	$(BIN)/python -m api.http.typescript

format: $(VENV)/.dev ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	@if [ -x $(JS)/prettier ]; then $(JS)/prettier $(PRETTIER) --write --log-level warn; fi

docs: $(VENV)/.dev ## Build the site of the documents into build/site; it needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

dist: $(VENV)/.release ## Build and check the wheel, the source and the JavaScript client, into ./dist
	rm -rf build/lib dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	@if command -v npm >/dev/null; then npm pack --silent --pack-destination dist ./api/static/client; \
	else echo "no npm here: without the JavaScript client"; fi

sbom: dist ## List what an installation of the wheel holds: dist/fasttrack.cdx.json, docs/licences.md
	.ci/sbom

release: sbom ## Build, check and start what would be released, and say what to push
	.ci/release

bench: $(VENV)/.dev ## Measure against peers (some minutes)
	$(BIN)/python -m bench

bench-full: $(VENV)/.dev ## Measure against every peer, at length
	$(BIN)/python -m bench --full

clean: ## Remove what was made (never ./data)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage* bench/build bench/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
