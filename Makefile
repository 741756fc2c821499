# Every command of this project. `make` alone lists them; `make run` and `make test` need nothing set up before.

PYTHON ?= python3
VENV ?= .venv
# Twice the processors: many tests wait for a server and not for a processor.
WORKERS ?= $(shell echo $$((2 * $$(nproc 2>/dev/null || echo 2))))

BIN := $(VENV)/bin
# Hashes are checked, and byte code is left to the first import of what is really imported: half the time.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-compile --require-hashes
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help run test check lint types contracts migrations services requirements clean

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.installed  ## Start the shop with demo data; PORT and SHOP_DATA move it, Ctrl-C stops it
	@exec $(BIN)/python manage.py run_shop

test: $(VENV)/.installed-dev  ## Run all tests on SQLite, then all on PostgreSQL where it is installed
	$(BIN)/python -m pytest -n $(WORKERS)
	@if reason=$$($(BIN)/python -m tools.services --check postgres); then \
		echo "TEST_DATABASE=postgres $(BIN)/python -m pytest -n $(WORKERS)"; \
		TEST_DATABASE=postgres $(BIN)/python -m pytest -n $(WORKERS); \
	else \
		echo "The pass on PostgreSQL is left out: $$reason."; \
		test "$$REQUIRE_SERVICES" != 1; \
	fi

check: lint types contracts migrations test  ## Run everything that CI runs, in CI's order

lint: $(VENV)/.installed-dev  ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev  ## Check types
	$(BIN)/mypy .

contracts: $(VENV)/.installed-dev  ## Check which app imports which
	$(BIN)/lint-imports

migrations: $(VENV)/.installed-dev  ## Check that models and migrations agree
	$(BIN)/python manage.py makemigrations --check --dry-run

services: $(VENV)/.installed  ## Run PostgreSQL, Kafka and Redis for development, and print how to use them
	@exec $(BIN)/python -m tools.services

requirements: $(VENV)/.installed-dev  ## Compile requirements*.in; with UPGRADE=--upgrade, to the newest versions
	$(COMPILE) $(UPGRADE) requirements.in --output-file requirements.txt
	$(COMPILE) $(UPGRADE) requirements-dev.in --output-file requirements-dev.txt

clean:  ## Remove what was installed or cached; the shop's data in var/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and '$(PYTHON)' isn't. Name one: make $(MAKECMDGOALS) PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' has no venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the shop's packages into $(VENV) ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the developers' packages into $(VENV) ..."
	@$(INSTALL) -r requirements.txt -r requirements-dev.txt
	@touch $@
