# The whole vocabulary: demo fix lint typecheck test (and lock, clean for maintainers).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FILE ?=
.DEFAULT_GOAL := help
.PHONY: help demo fix lint typecheck test test-editors lock clean

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# What would have pip install elsewhere, or not at all, than into the environment.
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_DRY_RUN PIP_NO_DEPS PIP_REQUIRE_HASHES
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-user

# Moved environments name their old place in their commands; half-made ones and those of another
# Python have no pip. Such an environment is made anew.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PROOF := import pip, sys; print(sys.version_info >= (3, 11) and sys.prefix in open(sys.prefix + "/bin/pip").read())
ifneq ($(shell $(BIN)/python -I -c '$(PROOF)' 2>/dev/null),True)
.PHONY: $(VENV)/pyvenv.cfg
endif
$(VENV)/pyvenv.cfg:
	rm -rf $(VENV)
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "midfill needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "no environment could be made (on Debian and Ubuntu: apt install python3-venv)"; exit 1; }

# Two stamps, so that `make demo` on a fresh machine installs only what users need.
$(VENV)/run.stamp: requirements.lock pyproject.toml $(VENV)/pyvenv.cfg
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(INSTALL) --require-hashes -r requirements-dev.lock
	touch $@

# Linters of the plugins, and the types of VS Code that tsc needs.
NPM_STAMPS := editors/node_modules/.stamp editors/vscode/node_modules/.stamp
$(NPM_STAMPS): %/node_modules/.stamp: %/package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing; install Node 20 or newer' >&2; exit 1; }
	npm ci --silent --ignore-scripts --prefix $*
	touch $@

demo: $(VENV)/run.stamp ## Real ghost text from the real model, in the terminal (FILE=... for your own file)
	$(BIN)/midfill models pull
	$(BIN)/midfill demo $(FILE)

fix: $(VENV)/dev.stamp editors/node_modules/.stamp ## Format and repair what can be repaired
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/midfill config --markdown > docs/settings.md
	$(BIN)/python editors/vscode/contribute_settings.py
	npm run --silent --prefix editors fix

lint: $(VENV)/dev.stamp editors/node_modules/.stamp ## Style, bugs, layers and links; Python, TypeScript, Lua
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python .ci/house.py
	$(BIN)/python .ci/links.py
	npm run --silent --prefix editors lint

typecheck: $(VENV)/dev.stamp editors/vscode/node_modules/.stamp ## mypy --strict, tsc
	$(BIN)/mypy
	npm run --silent --prefix editors/vscode typecheck

test: $(VENV)/dev.stamp ## All tests, those with the real model included
	$(BIN)/midfill models pull
	$(BIN)/pytest $(ARGS)

test-editors: $(VENV)/dev.stamp ## Real editors, VS Code in a browser among them (installs that once)
	$(BIN)/midfill models pull
	tests/editors/install.sh
	MIDFILL_TEST_EDITORS=all $(BIN)/pytest tests/editors
	tests/editors/vscode/run.sh

# Locks hold hashes and no addresses: any registry that serves the same bytes will do.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header \
	--custom-compile-command 'make lock'
lock: $(VENV)/dev.stamp ## Resolve the dependencies again
	$(LOCK) --group build -o requirements.lock pyproject.toml
	$(LOCK) --group build --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## Remove the environment and caches (never the model)
	rm -rf $(VENV) editors/node_modules editors/vscode/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
