# Everything that a fresh machine needs is python3 (3.11 or newer) and make; `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
DEV := .venv/.installed-dev
SPARK := .venv/.installed-spark
PYTHON_FILES := scripts tests/python

# the demo, the tests and the linters never read the raw tables of the shell that calls make
EMBEDDED := env -u CLM_RAW_DIR -u CLM_RAW_SCHEMA -u CLM_RAW_DATABASE -u CLM_AS_OF_DATE -u CLM_TARGET -u CLM_SCHEMA

.PHONY: help demo build test profile-tests mutants test-engines test-spark lint format docs clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("CLM needs Python 3.11 or newer: run make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

$(DEV): requirements-dev.txt | $(BIN)/python
	$(INSTALL) -r requirements-dev.txt
	@touch $@

$(SPARK): requirements-spark.txt $(DEV)
	$(INSTALL) -r requirements-spark.txt
	@touch $@

demo: $(DEV) ## Build the embedded demo on DuckDB and show its segments
	$(EMBEDDED) $(BIN)/dbt build --quiet --exclude-resource-type test --exclude-resource-type unit_test
	@$(BIN)/python scripts/show.py

build: $(DEV) ## Build your data, fit the value models, build what depends on the fit; with data tests
	$(BIN)/dbt build
	$(BIN)/python scripts/fit_value.py
	$(BIN)/dbt build --select base_clv_parameters+

lint: $(DEV) ## Check the style of SQL and Python, and the Python types
	$(EMBEDDED) $(BIN)/python scripts/check.py lint

format: $(DEV) ## Reformat Python
	$(BIN)/ruff check --fix $(PYTHON_FILES)
	$(BIN)/ruff format $(PYTHON_FILES)

test: $(DEV) ## Lint, build the demo with every data and unit test, run the Python tests (DuckDB); times of each
	$(EMBEDDED) $(BIN)/python scripts/check.py

profile-tests: $(DEV) ## Where the CPU seconds of the Python tests go: by file, test, fixture and dbt command
	$(EMBEDDED) $(BIN)/pytest -n 2 --dist loadfile -m "not engines" --cpu-profile

mutants: $(DEV) ## Plant the faults of scripts/mutants.yml one after the other: which does no test notice?
	$(EMBEDDED) $(BIN)/python scripts/mutants.py

test-engines: $(SPARK) ## The same marts on PostgreSQL and Spark (private servers; needs PostgreSQL, Java 17)
	$(BIN)/python scripts/engines.py check
	$(EMBEDDED) $(BIN)/python scripts/engines.py run -- $(BIN)/pytest -m engines

test-spark: $(SPARK) ## The demo on Spark with every data and unit test as well (a quarter of an hour)
	$(BIN)/python scripts/engines.py check
	$(EMBEDDED) CLM_SPARK_TESTS=1 $(BIN)/python scripts/engines.py run -- $(BIN)/pytest -m engines -k spark

docs: $(DEV) ## Make one browsable page: target/static_index.html
	$(EMBEDDED) $(BIN)/dbt build --quiet --exclude-resource-type test --exclude-resource-type unit_test
	$(EMBEDDED) $(BIN)/dbt docs generate --static --quiet

clean: ## Remove what was built, but not .venv
	rm -rf target logs dbt_packages spark-warehouse metastore_db derby.log clm.duckdb clm.duckdb.wal
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
