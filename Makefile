.PHONY: help setup demo story test test-faults test-mutants test-browser bench contracts lint format clean
PY := .venv/bin/python
# The distribution's interpreter is built optimised, one compiled on the spot mostly is not (docs/performance.md).
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo /usr/bin/python3 || echo python3)

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/'

setup: .venv/.ready ## packages, Kafka and the hotline command, all under this folder

.venv/.ready: requirements.lock pyproject.toml services/desk/web/package-lock.json
	test -x $(PY) || $(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	.venv/bin/hotline doctor --fetch
	$(PY) -m services.desk.assets
	touch $@

demo: setup ## two cities under 2,000 calls on real servers, ending with their ledgers and a daily report each
	.venv/bin/hotline surge --calls 2000 --partner 130200

story: setup ## one night at the hotline, played on real servers: two calls in, more than twenty out
	.venv/bin/hotline story night

lint: setup ## style, types, layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test: lint ## all tests that run in minutes; real Kafka and MongoDB are started where needed
	.venv/bin/pytest tests/unit tests/protocol -n 2 -q
	.venv/bin/pytest tests/contract tests/e2e tests/browser/test_journey.py::test_from_the_call_to_the_citizen -q

test-faults: setup ## kills, outages and zombies in mid-surge, and 50,000 random schedules
	HOTLINE_SCHEDULES=50000 .venv/bin/pytest tests/protocol -n 2 -q
	.venv/bin/pytest tests/faults -n 2 --dist worksteal -q

test-mutants: setup ## wrong variants, each of which must turn a named test red
	$(PY) -m tests.mutants

test-browser: setup ## pages in a real browser: journeys by keyboard, accessibility; needs Chromium
	.venv/bin/pytest tests/browser -q

bench: setup ## speeds beside a bare loop of the same run, as ratios
	$(PY) -m bench

contracts: setup ## write AsyncAPI, OpenAPI and golden schemas from the code; refuses what would break a reader
	$(PY) -m hotline.contracts

format: setup ## format the code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

clean: ## remove what runs have left; packages stay
	rm -rf .hotline/runs .hotline/servers .pytest_cache .mypy_cache .ruff_cache .hypothesis
