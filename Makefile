# The two that matter: `make play` and `make test`. Nothing is needed before them but Python 3.11 or newer and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup play test judges check bench cluster image clean

UV := 0.13.9
# Tests start many processes, and each would compile everything again where somebody forbade to keep what was compiled.
export PYTHONDONTWRITEBYTECODE :=
BIN := .venv/bin
# The first Python that is new enough; `make PYTHON=/path/to/python3.13 …` takes another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
IMAGE ?= graylight:latest
BASE ?= python:3.11-slim-bookworm

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## the virtual environment, as uv.lock says; done again only when that changed

# uv stands in the environment that it fills: hence --inexact, or it would remove itself.
.venv/.ready: uv.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Graylight needs Python 3.11 or newer, and found none."; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@[ "$$($(BIN)/uv --version 2>/dev/null | cut -d' ' -f2)" = "$(UV)" ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV)"
	@VIRTUAL_ENV= UV_PYTHON_DOWNLOADS=never $(BIN)/uv sync --frozen --inexact --quiet --python $(BIN)/python
	@touch $@

play: setup ## the bot with a pretended cluster and a pretended Slack, to type and click
	@$(BIN)/graylight playground

test: setup ## all tests that need no cluster, in random order
	@$(BIN)/python -m pytest -m "not cluster" -n 6 --dist worksteal

judges: setup ## where Node is: what others wrote judges our stand-in for Slack and every message
	@$(BIN)/python -m pytest -m judge -n 2

check: setup ## format, lint, types, import contracts: what CI runs first
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

cluster: setup ## the tests that need a cluster, against the one in KUBECONFIG; they make namespaces of their own
	@[ -n "$${KUBECONFIG:-}" ] || { echo "Set KUBECONFIG to the cluster to test against."; exit 2; }
	@$(BIN)/python -m pytest -m cluster -n 2 --dist loadfile

bench: setup ## how fast, beside the bare API calls of the same run, against the cluster in KUBECONFIG
	@[ -n "$${KUBECONFIG:-}" ] || { echo "Set KUBECONFIG to the cluster to measure on."; exit 2; }
	@$(BIN)/python -m tests.bench --judgement

image: ## the container image, by whichever of docker, podman and buildah works
	@for tool in docker podman buildah; do "$$tool" info >/dev/null 2>&1 && break || tool=; done; \
	[ -n "$$tool" ] || { echo "Neither docker, podman nor buildah works here."; exit 1; }; \
	"$$tool" build --build-arg BASE=$(BASE) -t $(IMAGE) .

clean: ## everything that can be made again
	@rm -rf .venv tests/judges/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .play dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
