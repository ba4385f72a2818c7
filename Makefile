# make demo      the whole way once, on a local stand-in for Omnitron
# make test      lint, types, import law and tests
# make soak      the long version of some tests: kills at random moments, journals, mappings, amounts
# make bench     this engine and what a user would write instead, side by side: benchmarks/results.md
# make mutants   small changes to the code, one at a time, and how many of them the tests notice
# make shops     every shop that a mapping is shipped for, live and from its dump; the table in mappings/README.md
# make docs      write the generated pages of docs/ and the README anew
# make format    put imports and lines in order
# make coverage  run the tests and show which lines of etl/ none of them reaches
# make changelog VERSION=0.2.0   gather changelog.d/ in CHANGELOG.md
VENV   := .venv
PYTHON ?= python3
BIN    := $(VENV)/bin

# A test starts hundreds of processes, and each would compile the engine anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test soak bench mutants shops docs format coverage changelog lint types types-of-tests style clean install

help:
	@sed -n 's/^# make /make /p' Makefile

# The stamp is newer than what it was installed from, so a second call installs nothing.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 2; }
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

install: $(VENV)/.installed

demo: install
	@$(BIN)/etl demo

# Three at a time, also on two cores: a test often waits, for a database's disk, a stand-in's progress, another process.
AT_ONCE := 3

test: lint
	$(BIN)/pytest -n $(AT_ONCE) --dist worksteal

# Half an hour at most for the kills, against the stand-in and the strict server in turn, and a few minutes for the rest.
# SOAK_KILLS=1000 make soak SOAK='-k kills' for a thousand of them alone; the line SOAK: says what came of it.
soak: install
	$(BIN)/pytest -m soak $(SOAK) -p no:xdist --log-cli-level=INFO --log-cli-format='%(asctime)s %(message)s'

# The peers of the benchmark are installed for it alone.
$(VENV)/.bench: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@

# Other sizes: make bench BENCH='--full', or --quick to see that everything runs; --sources for databases, dumps and joins.
bench: $(VENV)/.bench
	@$(BIN)/python -m benchmarks.run $(BENCH)

$(VENV)/.mutants: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutants]'
	@touch $@

# Some rooms, more changes, other ones: make mutants MUTANTS='load journal --count 50 --seed 2'. Hours for all rooms.
mutants: $(VENV)/.mutants
	@$(BIN)/python -m benchmarks.mutants $(MUTANTS)

# Every shop that a mapping is shipped for, live and from its dump, with many customers; writes the table in mappings/README.md.
shops: install
	ETL_SHOPS=all $(BIN)/pytest -q -n 2 --dist loadfile tests/ready
	$(BIN)/python tests/ready/shops_table.py

# The pages that are made from the code: the tests fail when one is stale.
docs: install
	$(BIN)/etl functions --markdown > docs/functions.md
	$(BIN)/python -m etl.payloads.page > docs/payloads.md
	$(BIN)/python -m etl.extract.reference
	$(BIN)/python tests/mapping_reference.py
	$(BIN)/python tests/fault_table.py
	$(BIN)/python tests/templates.py
	$(BIN)/python tests/pictures.py

format: install
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

coverage: install
	$(BIN)/pytest -n $(AT_ONCE) --dist worksteal --cov --cov-report=term

changelog: install
	@test -n "$(VERSION)" || { echo "name the version: make changelog VERSION=0.2.0"; exit 2; }
	$(BIN)/towncrier build --yes --version $(VERSION)

# The two halves of the types take as long as each other, and know nothing of each other.
lint: install
	@$(MAKE) --no-print-directory --jobs=2 types types-of-tests style

types:
	$(BIN)/mypy --strict etl

types-of-tests:
	$(BIN)/mypy --config-file tests/mypy.ini tests

style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist work .demo
