PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One process of tests for each core; a process that is done takes tests from another.
SIDE_BY_SIDE := -n logical --dist worksteal

.PHONY: demo test test-quick lint docs bench stubs clean

demo: $(READY)
	$(BIN)/coursekit demo

test: $(READY) lint
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-quick: $(READY) lint
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache
	$(BIN)/coursekit author stubs --check

docs: $(READY)
	$(BIN)/python -m pytest tests/test_docs.py

stubs: $(READY)
	$(BIN)/coursekit author stubs

bench: $(READY)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[bench]"
	for script in $(filter-out benchmarks/sample_class.py,$(wildcard benchmarks/*.py)); do \
		$(BIN)/python $$script || exit 1; done

# Installing takes minutes the first time and nothing afterwards: the stamp is newer than its inputs.
$(READY): setup.py constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
