# Each target builds .venv from nothing but Python >= 3.11 when it is missing or pyproject.toml has changed.
PYTHON ?= python3
SCRIPTS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := .venv/$(SCRIPTS)
BIN_REAL := .real/$(SCRIPTS)
BIN_DOCS := .docs/$(SCRIPTS)
BIN_DASK := .dask/$(SCRIPTS)
BIN_RAY := .ray/$(SCRIPTS)

.PHONY: demo test test-wire test-served test-real test-bulk test-distributed test-ray check check-api check-compat check-compat-full check-wheel build docs generate bench soak clean

# What the examples need, and no more.
.venv/.demo: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed: make PYTHON=...")'
	@echo "Creating .venv and installing pixigpt with its local server. This takes half a minute ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[testing,tools,cli,otel]' opentelemetry-sdk python-dotenv
	@touch $@

.venv/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed: make PYTHON=...")'
	@echo "Creating .venv and installing pixigpt with all that its tests and checks need. This takes a minute ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[testing,dev]'
	@touch $@ .venv/.demo

demo: .venv/.demo ## run every example against the local server
	@$(BIN)/python -m scripts.demo

FUZZ := tests/hostile/test_fuzz.py

# Most tests wait for servers, clocks and sockets: four processes share two processors well.
PARALLEL := -n 4 --dist worksteal

test: .venv/.ready ## run every test but the fuzz tests, with coverage
	@rm -f .coverage*
	PIXIGPT_PARSER=h11 $(BIN)/coverage run -m pytest $(PARALLEL) --ignore=$(FUZZ)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# What the tests hold of bytes on the wire, they hold on both parsers.
test-wire: .venv/.ready ## run the fuzz tests, and the tests of the wire on the other parser
	PIXIGPT_PARSER=h11 $(BIN)/python -m pytest $(FUZZ)
	PIXIGPT_PARSER=httptools $(BIN)/python -m pytest $(PARALLEL) tests/hostile tests/test_pool.py tests/test_transport.py

# Kills, load and memory: too slow for `make test`.
test-served: .venv/.ready ## run the local server in processes that are killed, under load, with much to store
	$(BIN)/python -m pytest tests/served

# Where there is no wheel of the model server, the tests run all the same, and say that they are skipped.
.real/.ready: pyproject.toml
	$(PYTHON) -m venv .real
	$(BIN_REAL)/python -m pip install --quiet --disable-pip-version-check --editable '.[testing,tools]' pytest trio
	-$(BIN_REAL)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --editable '.[real]' && touch $@

test-real: .real/.ready ## run the tests against llama.cpp's model server
	$(BIN_REAL)/python -m pytest tests/real

test-bulk: .venv/.ready ## kill, interrupt and starve batches in processes of their own
	$(BIN)/python -m pytest tests/bulk

.dask/.ready: pyproject.toml
	$(PYTHON) -m venv .dask
	$(BIN_DASK)/python -m pip install --quiet --disable-pip-version-check --editable '.[testing,dask]' pytest
	@touch $@

test-distributed: .dask/.ready ## map data frames on a Dask cluster of this machine, and kill a worker
	$(BIN_DASK)/python -m pytest tests/cluster/test_dask.py

.ray/.ready: pyproject.toml
	$(PYTHON) -m venv .ray
	$(BIN_RAY)/python -m pip install --quiet --disable-pip-version-check --editable '.[testing,ray]' pytest
	@touch $@

# Ray warns of itself.
test-ray: .ray/.ready ## map a dataset on Ray
	$(BIN_RAY)/python -m pytest -W ignore tests/cluster/test_ray.py

check: .venv/.ready ## format, lint, types, contract, generated code, build
	$(BIN)/python -m scripts.check

check-api: .venv/.ready ## compare the public names and the contract with the last release
	@$(BIN)/python -m scripts.api.check

check-compat: .venv/.ready ## run pixigpt 0.1.5, OpenAI's SDK and MIGRATING.md against the local server
	@$(BIN)/python -m scripts.compat.check

check-compat-full: .venv/.ready ## the same, and openai's JavaScript client, litellm, langchain-openai, pydantic-ai, instructor
	@$(BIN)/python -m scripts.compat.check --full

check-wheel: .venv/.ready ## build the wheel, install it on every Python, use it, check its types
	@$(BIN)/python -m scripts.check_wheel

build: .venv/.ready ## the sdist and the wheel, in dist/
	@rm -rf dist
	$(BIN)/python -m build

.docs/.ready: pyproject.toml
	$(PYTHON) -m venv .docs
	$(BIN_DOCS)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs,cli,testing]'
	@touch $@

docs: .docs/.ready ## build the documentation into site/, warnings as errors, and check its links
	$(BIN_DOCS)/python -m scripts.docs.build
	$(BIN_DOCS)/python -m scripts.docs.check

generate: .venv/.ready ## make generated/pixigpt_api from openapi/pixigpt.yaml, and client.py from async_client.py
	$(BIN)/python -m scripts.generate

bench: .venv/.ready ## compare with httpx, OpenAI's SDK and others; write figures and a plot to docs/assets/
	$(BIN)/python -m scripts.bench --json docs/assets/benchmark.json
	$(BIN)/python -m scripts.bench.bulk

soak: .venv/.ready ## minutes of mixed traffic against a server with faults
	$(BIN)/python -m scripts.soak

clean:
	rm -rf .venv .real .docs .dask .ray .cache .bench .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage htmlcov dist build docs/schema docs/assets/terminal site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
