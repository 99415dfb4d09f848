# Everything needs only Python 3.11 or later and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help install format lint types test test-quick test-faults test-bulk fuzz audit soak check check-wheel bench serve worker demo sample picture schemas build clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install: $(READY)  ## Create .venv with everything in it

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fnt needs Python 3.11 or later: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q --editable . --group dev
	@touch $@

format: $(READY)  ## Format the code
	$(BIN)/ruff format cli server_stub tests && $(BIN)/ruff check --fix cli server_stub tests

lint: $(READY)  ## Check format, rules and import contracts
	$(BIN)/ruff format --check cli server_stub tests && $(BIN)/ruff check cli server_stub tests && $(BIN)/lint-imports --no-cache

types: $(READY)  ## Check types
	$(BIN)/mypy

test-quick: $(READY)  ## Run the unit tests of client and wire
	$(BIN)/pytest -n 2 tests/client tests/wire -m "not slow"

test: $(READY)  ## Run all tests but the long ones
	$(BIN)/pytest -n 6 --dist loadfile --no-loadscope-reorder

test-faults: $(READY)  ## Run fault storms, short fuzzers and other long tests; SHORT=1 takes a sample
	FNT_TEST_SHORT=$(SHORT) $(BIN)/pytest -n 3 -m faults

test-bulk: $(READY)  ## Import hundreds of books under kills; SHORT=1 takes a sample
	FNT_TEST_SHORT=$(SHORT) $(BIN)/pytest -n 2 tests/faults -m bulk

fuzz: $(READY)  ## Run each fuzzer for MINUTES=5; SEED=n repeats, ONLY=name selects
	FNT_TEST_FUZZ_MINUTES=$(or $(MINUTES),5) FNT_TEST_FUZZ_SEED=$(SEED) $(BIN)/pytest -q -s --timeout 0 -m faults tests/fuzz -k "$(ONLY)"

audit: $(READY)  ## Look up known vulnerabilities of the dependencies; needs api.osv.dev
	@test -x build/audit/bin/pip-audit || { $(PYTHON) -m venv build/audit && build/audit/bin/python -m pip install -q "pip-audit>=2.9"; }
	@$(BIN)/python tests/audit.py build/audit/bin/pip-audit

soak: $(READY)  ## Crash, kill and load for half an hour, and tell the figures
	PYTHONPATH=tests $(BIN)/python -m faults.soak

check: lint types test  ## Format, rules, types and tests; CI adds check-wheel

bench: $(READY)  ## Measure speed and memory, beside the last stored run; SHORT=1, SAVE=1, SUBJECTS="job boot"
	PYTHONPATH=tests $(BIN)/python -m bench $(SUBJECTS) $(if $(SHORT),--short) $(if $(SAVE),--save)

serve: $(READY)  ## Run the server on this machine
	$(BIN)/fnt-server run

worker: $(READY)  ## Run a worker alone (needs FNT_BROKER_URL)
	$(BIN)/fnt-server worker

demo: $(READY)  ## Show the main job; NOVEL=path.pdf takes another book
	@$(BIN)/fnt-server demo $(if $(NOVEL),"$(NOVEL)")

sample: $(READY)  ## Typeset the demo's story again
	$(BIN)/python tests/typeset.py

picture: $(READY)  ## Draw the live view of a real run for the README
	PYTHONPATH=tests $(BIN)/python -m picture

schemas: $(READY)  ## Write docs/schemas from the structs
	PYTHONPATH=tests $(BIN)/python -m schema_files

build: $(READY)  ## Build the wheel
	rm -rf dist && $(BIN)/python -m pip wheel -q --no-deps --wheel-dir dist .

check-wheel: build  ## Install the wheel alone and see that it says what it lacks
	rm -rf build/wheel && $(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip install -q dist/french_novel_tool-*.whl
	build/wheel/bin/fnt --version
	build/wheel/bin/fnt --help > /dev/null
	$(BIN)/python -m zipfile -l dist/french_novel_tool-*.whl | awk 'NR > 1 { sub("/.*", "", $$1); print $$1 }' | sort -u | grep -vE '^(fnt|fnt_server|french_novel_tool-.*dist-info)$$' && exit 1 || true
	build/wheel/bin/fnt-server run; test $$? = 2

clean:  ## Remove everything that was made
	rm -rf .venv dist build demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis
