# One command a wish. `make` alone lists them.
VENV := .venv
BIN := $(VENV)/bin
LOCKED := --constraint requirements.lock
MAKEFLAGS += --no-print-directory
# Tests start hundreds of processes: compiled modules are kept for them, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help
.PHONY: help demo serve test trials browser screenshots check format bench promises chaos containers watch lock

help: ## this list
	@echo 'make demo      1,000 real comments, from queue to decision; ARGS="--comments 5000" for more'
	@echo 'make serve     HTTP on localhost:8000, with a Redis, a database, a worker and comments of its own; ARGS="--port 8080"'
	@echo 'make test      all tests but those of make check and make trials; ARGS="tests/tour -k accept" for some of them'
	@echo 'make trials    what takes its time: faults under load, random sequences, nights and pages played to the end'
	@echo 'make browser   the pages in a headless Chromium, which must be installed: with and without scripts, on a phone and wide'
	@echo 'make screenshots  docs/images anew, from the demo; needs a Chromium, too'
	@echo 'make check     style, types, arrows, file sizes, compose file, lock file'
	@echo 'make format    put the code into its form'
	@echo 'make bench     what a task costs: SQL statements, time, growth; ARGS="tasks --baseline REV" for one benchmark, with options'
	@echo 'make promises  shows that the stock broker breaks each promise that the queue makes'
	@echo 'make chaos     ten minutes of random faults over a steady load, on one server, behind sentinels and on a cluster; ARGS="--seconds 60" for less'
	@echo 'make containers  the images of compose/, built and run for real, as operators do; ARGS="-k killed" for some of it'
	@echo 'make watch     a worker that starts again when the code changes'
	@echo 'make lock      requirements.lock anew, after a change of dependencies'
	@echo 'Each needs Python 3.11 or newer, and makes its virtual environment in $(VENV).'

demo: $(VENV)/installed-demo
	@$(BIN)/osmod demo $(ARGS)

serve: $(VENV)/installed-demo
	@exec $(BIN)/osmod serve --demo $(ARGS)

# Most tests wait: more processes than processors, each with databases and servers of its own; how the tests are
# shared out is said in tests/sharing.py. ARGS="-n 0" for one process.
test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n 6 --dist loadfile --ignore tests/browser --ignore tests/structure $(TRIALS:%=--ignore %) $(ARGS)

# Long runs, whose worth is in their length: each finds what nobody thought of, as what somebody did is tested above.
TRIALS := \
	tests/chaos/test_run.py \
	tests/chaos/test_comments.py \
	tests/chaos/test_cluster.py \
	tests/chaos/test_sentinel.py \
	tests/chaos/test_suspects.py \
	tests/docs/test_console.py \
	tests/jobs/gate/test_simulated.py \
	tests/jobs/schedules/test_cron_oracle.py \
	tests/jobs/schedules/test_week.py \
	tests/jobs/test_state_machine.py \
	tests/kue/test_chaos.py \
	tests/night/test_night.py \
	tests/web/test_fuzz.py
trials: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n 6 --dist loadfile $(TRIALS) $(ARGS)

browser: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/browser $(ARGS)

screenshots: $(VENV)/installed-dev
	@$(BIN)/python -m tests.browser.screenshots

check: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/structure

format: $(VENV)/installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks $(ARGS)

promises: $(VENV)/installed-dev
	@$(BIN)/python -m pytest --broker stock -q -r fE $(ARGS)

chaos: $(VENV)/installed-dev
	@$(BIN)/python -m tests.chaos.run $(ARGS)

# `exec`: Ctrl-C and SIGTERM are for the program itself, which then cleans up.
containers: $(VENV)/installed-dev
	@exec $(BIN)/python -m tests.containers $(ARGS)

# The worker is given the time to finish what it has begun.
watch: $(VENV)/installed-dev
	@$(BIN)/watchfiles --filter python --sigint-timeout 40 '$(BIN)/dramatiq worker $(ARGS)' actors osmod worker.py

lock: $(VENV)/installed-dev
	@$(BIN)/python -m tests.structure.lock

$(VENV)/installed-demo: pyproject.toml requirements.lock | $(BIN)/python
	@echo 'Installing into $(VENV) (the first time this takes a minute or two)'
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check $(LOCKED) --editable '.[embedded,local,server]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml requirements.lock | $(BIN)/python
	@echo 'Installing into $(VENV) (the first time this takes a minute or two)'
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check $(LOCKED) --editable '.[dev]'
	@touch $@ $(VENV)/installed-demo

# The first Python that is new enough; PYTHON=… names another.
$(BIN)/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			if $$python -m venv $(VENV); then exit 0; fi; \
			rm -rf $(VENV); \
			echo "$$python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
			exit 1; \
		fi; \
	done; \
	echo "Python 3.11 or newer is needed; here is $$(python3 --version 2>&1 || echo none). PYTHON=… names another." >&2; \
	exit 1
