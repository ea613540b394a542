# Every target works on a fresh machine with git, Python 3.11 and a package index; `make node` wants
# that of npm too.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null \
	&& echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help install node run test lint format types cover docs doctest examples compat check bench load \
	dist dist-test docs-test full clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

install: $(READY) ## make the virtual environment and install everything

$(READY): pyproject.toml setup.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found; say make PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group test --group lint --group docs
	@touch $@

node: $(READY) ## install what some tests run with Node.js: an OpenID provider, and libraries of JWTs
	$(BIN)/python -m tests.services.npm

EXAMPLE ?= notes
STORE ?=
WITH_STORE = $(if $(STORE),$(BIN)/python -m tests.services.serve '$(STORE)' --)
run: $(READY) ## start an example; EXAMPLE=board has cookies; STORE=redis, postgres, mariadb or a URL; RESET=1 begins anew
	$(WITH_STORE) $(BIN)/python -m examples.$(EXAMPLE)

# `make test PYTEST="coverage run -m pytest"` measures on the way what is reached.
PYTEST ?= python -m pytest
# How many processes share the tests; 0 is none but this one, as a plain `pytest` has it.
WORKERS ?= auto
test: $(READY) ## run every test that can run here
	$(BIN)/$(PYTEST) -n $(WORKERS) --dist worksteal

lint: $(READY) ## check the style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Usage is checked as editors see it: elsewhere, and the package is one that was installed from a wheel.
USAGE := $(abspath build/types)
types: $(READY) ## check the types, and those of usage from an installed wheel
	$(BIN)/mypy
	rm -rf build/lib $(USAGE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--target $(USAGE)/installed .
	cp -r tests/typing $(USAGE)/usage
	cd $(USAGE)/usage && PYTHONPATH=$(USAGE)/installed $(abspath $(BIN))/mypy \
		--config-file $(abspath pyproject.toml) --cache-dir $(abspath .mypy_cache)/usage .
	cd $(USAGE)/usage && PYTHONPATH=$(USAGE)/installed PYRIGHT_PYTHON_IGNORE_WARNINGS=1 \
		$(abspath $(BIN))/pyright --pythonpath $(abspath $(BIN))/python

cover: ## run the tests and demand that every line and branch is reached
	rm -f .coverage*
	$(MAKE) test PYTEST="coverage run -m pytest"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

docs: $(READY) ## build the documentation, warnings being errors
	$(BIN)/sphinx-build -n -W --keep-going -q docs docs/_build/html
	@echo "docs/_build/html/index.html"

doctest: $(READY) ## run the examples in the documentation and in docstrings
	$(BIN)/python -m pytest -q tests/docs/test_doctests.py tests/docs/test_docstrings.py

examples: $(READY) ## use the README, the example application and every page as a reader would
	$(BIN)/python -m pytest tests/docs

compat: $(READY) ## run Flask-JWT-Extended's own tests against it and against the bridge
	$(BIN)/python -m tests.compat

check: lint types cover docs doctest ## everything that has to hold before a commit

BENCH ?=
bench: $(READY) ## compare the cost of a request with a bare view and other ways; BENCH=--quick is rougher
	$(BIN)/python -m benchmarks $(BENCH)

LOAD ?=
load: $(READY) ## measure the stores, into docs/sizing; a quarter of an hour, LOAD=--quick less
	$(BIN)/python -m benchmarks.load $(LOAD)

# The wheel is made of the source distribution, so that nothing is in it that others cannot build.
dist: $(READY) ## build the distributions
	rm -rf dist
	$(BIN)/python -c "from setuptools.build_meta import build_sdist; build_sdist('dist')"
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist dist/*.tar.gz

# Without the package's source: what is imported is what was installed.
dist-test: dist ## install the wheel elsewhere, and run the tests of the source distribution against it
	rm -rf build/dist-test
	mkdir -p build/dist-test/source
	tar -xzf dist/*.tar.gz --strip-components 1 -C build/dist-test/source
	rm -r build/dist-test/source/jwtpolicy build/dist-test/source/pytest_jwtpolicy.py
	$(PYTHON) -m venv build/dist-test/venv
	build/dist-test/venv/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	cd build/dist-test/source && ../venv/bin/python -m pip install --quiet --group test \
		"$$(ls $(abspath dist)/*.whl)[all]"
	cd build/dist-test/source && ../venv/bin/python -m pytest tests/unit tests/http tests/attacks \
		tests/testing tests/properties tests/compat

docs-test: $(READY) ## build the documentation where nothing is installed but the group "docs"
	rm -rf build/docs-test
	$(PYTHON) -m venv build/docs-test
	build/docs-test/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	build/docs-test/bin/python -m pip install --quiet --group docs .
	build/docs-test/bin/sphinx-build -n -W --keep-going -q docs build/docs-test/html

full: node check dist-test docs-test ## the whole matrix: every Python found, and the lowest versions
	$(BIN)/python -m pytest --full tests/interop tests/issuers tests/stores tests/machines
	$(BIN)/python -m pytest --slow-pages -n $(WORKERS) --dist worksteal tests/browser
	bash .ci/matrix all
	$(BIN)/python -m tests.compat --newest

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist docs/_build .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
