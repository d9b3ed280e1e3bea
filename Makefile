# Two commands: `make demo` and `make test`. Each sets itself up on a machine with Python >= 3.11.
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV := $(or $(shell command -v uv),$(BIN)/uv)

.PHONY: demo test check fixtures constraints clean

demo: $(INSTALLED)
	$(BIN)/bluecarbon run fixtures/demo_coast/project.toml --out build/demo

test: check
	$(BIN)/pytest --numprocesses=2 --dist=loadfile

# Format, lint, types and the direction of imports.
check: $(INSTALLED)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	@mkdir -p build
	$(BIN)/lint-imports --no-cache > build/imports.txt 2>&1 || { cat build/imports.txt; exit 1; }

fixtures: $(INSTALLED)
	$(BIN)/python fixtures/demo_coast/generate.py
	$(BIN)/python fixtures/side_by_side/generate.py

$(INSTALLED): pyproject.toml constraints.txt scripts/install.sh
	@mkdir -p build
	sh scripts/install.sh $(VENV)
	@touch $@

# Pin every dependency for all supported Python versions.
constraints: $(INSTALLED)
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --no-annotate --no-header --no-emit-index-url --quiet --output-file constraints.txt

clean:
	rm -rf build $(VENV)
