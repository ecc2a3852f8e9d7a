# `make app` serves the workbench, `make test` runs every test; both set up what they need.

VENV := .venv
PYTHON := $(VENV)/bin/python
HOST := 127.0.0.1
PORT := 7860
RECIPE := band-limited-speech
SPACE := space
ARGS :=
BIOME_VERSION := 2.6.8
BIOME := .node/biome-$(BIOME_VERSION)/node_modules/.bin/biome
AXE_VERSION := 4.14.1
AXE := .node/axe-core-$(AXE_VERSION)/node_modules/axe-core/axe.min.js

.PHONY: help app restore named test test-fast lint format bench space clean system biome axe
.DEFAULT_GOAL := help

help:
	@echo "make app                          serve the workbench on http://$(HOST):$(PORT)"
	@echo "make restore IN=a.wav OUT=folder  restore a file or a folder (RECIPE=name-or-file)"
	@echo "make test                         every test, with browser and ffmpeg"
	@echo "make test-fast                    the tests that take less than two minutes"
	@echo "make lint                         ruff and mypy; biome for scripts and style sheets"
	@echo "make format                       ruff's format, and what it can mend"
	@echo "make bench                        speed and memory, as ratios in one run"
	@echo "make space                        the folder to push to a Hugging Face Space (SPACE=folder)"

app: $(VENV)/.runtime
	$(PYTHON) app.py --host $(HOST) --port $(PORT) $(ARGS)

restore: named $(VENV)/.runtime
	$(PYTHON) -m pipeline restore "$(IN)" --out "$(OUT)" --recipe "$(RECIPE)" $(ARGS)

named:
	@test -n "$(IN)" -a -n "$(OUT)" || { echo "usage: make restore IN=a.wav OUT=folder"; exit 2; }

# Browsers want the machine for themselves; everything else shares its cores.
test: $(VENV)/.dev system $(AXE)
	$(PYTHON) -m pytest -n auto --dist worksteal -m "not browser" $(ARGS)
	$(PYTHON) -m pytest -m browser $(ARGS)

test-fast: $(VENV)/.dev
	$(PYTHON) -m pytest -n auto --dist worksteal -m "not slow and not browser" $(ARGS)

lint: $(VENV)/.dev $(BIOME)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	cd assets && ../$(BIOME) lint --error-on-warnings js css
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/shellcheck training/cluster/slurm.sh

format: $(VENV)/.dev
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: $(VENV)/.dev
	$(PYTHON) -m tests.bench $(ARGS)

space: | $(PYTHON)
	$(PYTHON) -m tests.support.space "$(SPACE)"

clean:
	rm -rf $(VENV) .node .pytest_cache .mypy_cache .ruff_cache

# A stamp is newer than the requirements it was made from: a second run installs nothing.

$(VENV)/.runtime: requirements.txt | $(PYTHON)
	$(PYTHON) -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-cluster.txt requirements-ray.txt requirements.txt | $(PYTHON)
	$(PYTHON) -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

$(PYTHON):
	@for name in python3.12 python3.11 python3.10 python3 python; do \
		"$$name" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null \
		&& "$$name" -m venv $(VENV) && exit 0; \
	done; \
	echo "No Python 3.10, 3.11 or 3.12 with venv here; on Debian: apt-get install python3 python3-venv"; exit 1

# The linter of scripts and style sheets, in a folder of its own.
biome: $(BIOME)

$(BIOME):
	@missing=; command -v npm >/dev/null || missing=" nodejs npm"; $(INSTALL)
	npm install --no-save --no-audit --no-fund \
		--prefix .node/biome-$(BIOME_VERSION) @biomejs/biome@$(BIOME_VERSION)

# What finds faults of accessibility; prints where it lies.
axe: $(AXE)
	@echo $(AXE)

$(AXE):
	@missing=; command -v npm >/dev/null || missing=" nodejs npm"; $(INSTALL)
	@npm install --no-save --no-audit --no-fund --silent \
		--prefix .node/axe-core-$(AXE_VERSION) axe-core@$(AXE_VERSION)

# What pip cannot bring: ffmpeg for m4a and video, a browser for the page's tests, npm.
system:
	@missing=; \
	command -v ffmpeg >/dev/null || missing="$$missing ffmpeg"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
		|| command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	command -v npm >/dev/null || missing="$$missing nodejs npm"; \
	$(INSTALL)

# Installs the Debian packages in $missing where the user may, or says which ones are needed.
define INSTALL
test -z "$$missing" && exit 0; \
if ! command -v apt-get >/dev/null; then sudo=none; elif [ "$$(id -u)" = 0 ]; then sudo=; \
elif sudo -n true 2>/dev/null; then sudo="sudo -n"; else sudo=none; fi; \
if [ "$$sudo" = none ]; then \
	echo "Install what is missing first: sudo apt-get install$$missing"; exit 1; fi; \
echo "Installing$$missing"; \
DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; \
$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends$$missing
endef
