# The one door: `make help` lists what is behind it; `./dev TARGET` installs what a target needs first.
RUN := .venv/bin/
SCENARIO ?= article
KEEP ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-full check functional system lab lab-down fmt lock

help:            ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

demo:            ## the article's story, for real; KEEP=1 leaves the lab up
	$(RUN)python -m weft.lab demo $(if $(KEEP),--keep)

test: check functional system   ## everything that CI runs

test-full: test  ## what is too long for CI, too

check:           ## format, lint, types, imports, and the tests that touch nothing
	$(RUN)ruff format --check src tests
	$(RUN)ruff check src tests
	$(RUN)mypy
	$(RUN)lint-imports
	$(RUN)pytest -q

functional:      ## one real dependency each: ovsdb-server, SQLite, PostgreSQL, the API
	$(RUN)pytest -q tests/functional

system:          ## the lab: OVS, OVN, Docker, libvirt, real packets
	$(RUN)pytest -q tests/system

lab:             ## bring the lab up and leave it up
	$(RUN)python -m weft.lab up

lab-down:        ## take the lab down; nothing stays
	$(RUN)python -m weft.lab down

fmt:             ## rewrite the code the way we write it
	$(RUN)ruff format src tests
	$(RUN)ruff check --fix src tests

lock:            ## resolve the dependencies anew: names, versions, hashes
	$(RUN)uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.lock
