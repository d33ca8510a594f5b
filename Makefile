# Every target runs in .venv, which ./dev makes; the logic lives in pyproject.toml.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST ?=
export PYTHONUNBUFFERED := 1

# What the demo understands: make demo KEEP=1
demo_options = $(if $(filter-out 0 no,$(KEEP)),--keep)

# As many test files at once as there are processors, at most four; each of the system tests' workers has a lab.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadscope

# A first failure (exit 1; the failed tests' names are kept) is checked again, alone: on a loaded machine a packet or a
# deadline may be lost by chance. What then passes is printed as FLAKY, and is a bug of the test or of Weft.
define twice
@$(BIN)/pytest $(1) $(PARALLEL) $(PYTEST); first=$$?; \
[ $$first -eq 1 ] || exit $$first; \
echo "Once more, alone:"; \
$(BIN)/pytest $(1) --last-failed --last-failed-no-failures=none -v $(PYTEST) && \
echo "FLAKY: the tests above failed first, and passed alone. They, or what they test, need mending."
endef

.PHONY: help demo test test-full check functional web system system-long proof openstack openstack-full bench lab lab-down fmt lock pictures docs

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## containers and a VM on one network, every claim asserted (root; KEEP=1)
	$(BIN)/weft lab demo $(demo_options)

test: ## check, functional, web and system, in this order (root)
	+@$(MAKE) --no-print-directory check
	+@$(MAKE) --no-print-directory functional
	+@$(MAKE) --no-print-directory web
	+@$(MAKE) --no-print-directory system

test-full: ## test, then what takes longer, OpenStack, the demo and the benchmarks (root)
	+@$(MAKE) --no-print-directory test
	+@$(MAKE) --no-print-directory system-long
	+@$(MAKE) --no-print-directory openstack-full
	+@$(MAKE) --no-print-directory demo
	+@$(MAKE) --no-print-directory bench

check: ## format, lint, types, imports; unit, golden, property and house tests (no root)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest $(PARALLEL) $(PYTEST)

functional: ## one real dependency each: OVSDB, databases, the API
	$(call twice,tests/functional --durations=10)

web: web/node_modules ## the pages: types from the API, lint, unit tests, build, and a browser
	$(BIN)/python web/openapi.py > web/openapi.json
	cd web && ./npm run --silent types
	cd web && ./npm run --silent check
	cd web && ./npm run --silent test
	cd web && ./npm run --silent build
	$(call twice,tests/web)

web/node_modules: web/package-lock.json
	cd web && ./npm ci --no-audit --no-fund
	touch $@

system: ## real packets in the lab (root)
	$(call twice,tests/system -m "not long" --durations=25)

system-long: ## what takes longer, or needs a quiet machine (root)
	$(BIN)/pytest tests/system -m long --durations=25 $(PYTEST)

proof: ## 10,000 random models: every reading of policy agrees; kept in bench/results/proof.txt
	$(BIN)/pytest --proof tests/property/test_verdicts.py tests/functional/matches/test_random_traces.py $(PYTEST)

openstack: .openstack-venv/.weft-stamp ## Neutron and Keystone with our driver, and the article in the lab (root)
	$(BIN)/pytest tests/openstack --durations=10 $(PYTEST)
	.openstack-venv/bin/pytest -c tests/neutron/pytest.ini -q -W ignore tests/neutron/test_telling.py tests/neutron/test_routing.py tests/neutron/test_limits.py tests/neutron/test_offered.py

openstack-full: openstack ## and Neutron's own tests of ML2 with our driver
	.openstack-venv/bin/pytest -c tests/neutron/pytest.ini -q -W ignore tests/neutron/test_base_classes.py

# OpenStack has an environment of its own: what it pins is not what we use.
.openstack-venv/.weft-stamp: packaging/openstack/requirements.lock
	/usr/bin/python3 -m venv --clear .openstack-venv
	$(BIN)/uv pip sync -q --require-hashes --python .openstack-venv/bin/python $<
	touch $@

# Neutron's scenario needs OpenStack's environment; so does measuring everything.
bench_needs = $(if $(filter neutron,$(or $(SCENARIO),neutron)),.openstack-venv/.weft-stamp)

bench: $(bench_needs) ## measure beside what exists: all, or make bench SCENARIO=apply
	$(BIN)/python -m bench $(SCENARIO)

lab: ## bring the lab up: two workload hosts and the server, in namespaces (root)
	$(BIN)/weft lab up

lab-down: ## take the lab down; nothing stays (root)
	$(BIN)/weft lab down

fmt: ## rewrite the code the way we write it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## write requirements.lock anew: names, versions and hashes, no addresses
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --python-version 3.11 -c packaging/openstack/constraints.txt \
	  packaging/openstack/requirements.in -o packaging/openstack/requirements.lock
	cd web && ./npm install --silent --package-lock-only && ./npm run --silent lock

pictures: ## take the pictures of the documents, of an estate that is made up
	$(BIN)/python -m tests.web.pictures

docs: ## write the reference from the code, and check the documents
	$(BIN)/python docs/reference/generate.py
	$(BIN)/pytest tests/house $(PYTEST)
