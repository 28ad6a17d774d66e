# Two commands set everything up on a fresh machine with only Python 3.11+ and make:
#   make demo   the main job on shipped data        make test   the whole test suite
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test agreement fuzz bench lint types contracts clean

# pip's groups need pip 25.1, which a fresh machine may not have; so the environment upgrades pip first.
$(BIN)/margin: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable .
	touch $(BIN)/margin

$(VENV)/.test: pyproject.toml $(BIN)/margin
	$(BIN)/python -m pip install --quiet --group test
	touch $@

$(VENV)/.lint: pyproject.toml $(BIN)/margin
	$(BIN)/python -m pip install --quiet --group lint
	touch $@

demo: $(BIN)/margin
	$(BIN)/margin calculate -p examples/01-nse-end-of-day/parameters.spn -i examples/01-nse-end-of-day/positions.csv

# One thread for each of the two workers: more would only wait for one another.
test: $(VENV)/.test
	POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q

# The engine against the exact oracle on 10,000 books of the core and 10,000 of every feature (about 6 minutes).
agreement: $(VENV)/.test
	MARGIN_AGREEMENT_BOOKS=$${MARGIN_AGREEMENT_BOOKS:-10000} $(BIN)/python -m pytest -n 2 -q tests/oracle/test_agreement.py

# Damaged files for every reader: 20,000 each, other ones each time (about half an hour). CI takes 1,000.
fuzz: $(VENV)/.test
	MARGIN_FUZZ_EXAMPLES=$${MARGIN_FUZZ_EXAMPLES:-20000} $(BIN)/python -m pytest -n 2 -q tests/fuzz tests/hostile

$(VENV)/.bench: pyproject.toml $(VENV)/.test
	$(BIN)/python -m pip install --quiet --group bench
	touch $@

bench: $(VENV)/.bench
	$(BIN)/python -m tests.benches

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.lint
	$(BIN)/mypy

contracts: $(VENV)/.lint
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
