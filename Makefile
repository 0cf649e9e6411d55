# Every target sets up what it needs: only Python 3.11+ and make are required.
# PYTHON=python3.13 make test   uses a certain interpreter; the environment is kept in $(VENV).

VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test unit lint format bench mutate fuzz faults lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

$(READY): requirements-dev.lock pyproject.toml Makefile
	@.ci/python -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## the whole gateway on embedded parts, with a simulated fleet
	@$(BIN)/gateway demo $(DEMO)

test: lint ## everything: lint, unit and property tests, and the real parts that can be had
	@$(BIN)/python -m pytest $(TEST)

unit: $(READY) ## only the tests that need no other process (minutes)
	@$(BIN)/python -m pytest -m "not mosquitto and not kafka and not apicurio and not promtool" $(TEST)

lint: $(READY) ## ruff, mypy strict, the layers of docs/design.md
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(READY) ## let ruff format the code and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY) ## measure, and write docs/benchmarks.md
	@$(BIN)/python -m bench $(BENCH)

mutate: $(READY) ## do the tests notice small mistakes in the rules of conversion (tests/mutation/README.md)
	@$(BIN)/python -m tests.mutation $(MUTATE)

fuzz: $(VENV)/.fuzz ## look for inputs that break something, FUZZ_SECONDS=10 in each target (tests/fuzz/README.md)
	@$(BIN)/python -m tests.fuzz $(FUZZ)

$(VENV)/.fuzz: $(READY) requirements-fuzz.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
		--requirement requirements-fuzz.lock || { \
		echo; echo "NOTHING WAS FUZZED: atheris could not be installed (pip says above why). It comes for Linux on x86-64" \
		"with Python 3.11 to 3.13; this is $$($(BIN)/python --version). With another interpreter:" \
		"PYTHON=python3.12 make fuzz VENV=.cache/fuzz. What fuzzing found so far is tested by every make test." >&2; exit 1; }
	@touch $@

faults: $(READY) ## the whole fault matrix on the real parts, and write its table into docs/guarantees.md
	@$(BIN)/python -m tests.faults $(if $(FAULTS),$(FAULTS),--report)

lock: $(READY) ## renew the lock files within the bounds of pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-annotate --no-header --python-version 3.11 \
		--extra demo --group dev pyproject.toml --output-file requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-annotate --no-header --python-version 3.11 \
		--constraint requirements-dev.lock pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-annotate --no-header --python-version 3.11 \
		--group fuzz --output-file requirements-fuzz.lock

clean: ## remove the environment and what tools left behind
	rm -rf $(VENV) .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
