# The verbs of this project. `make` alone lists them by theme.
# PORT, DATA_DIR, BASE_URL and PYTHON are read from the environment or given as arguments: make run PORT=9000

SETUP = @sh deploy/setup.sh
SETUP_DEVELOPMENT = @sh deploy/setup.sh dev
PYTHON_HERE = .venv/bin/python
COMPOSE = docker compose

# Without bytecode files each process compiles every module again: a start then takes about a third longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo up pin down ps logs e2e chaos bench test check audit fix openapi lock clean clean-data

help:
	@echo 'Shutter: share photos, follow people, talk in private.'
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## /{printf "  make %-12s%s\n", $$1, $$2}' Makefile

##@ Use it
run: ## Start everything on this machine: PORT=8080 and DATA_DIR=./data are where, Ctrl-C ends it
	$(SETUP)
	@exec $(PYTHON_HERE) -m deploy.standalone

demo: ## Fill a running instance with people, posts and conversations: PORT=8080 or BASE_URL=http://... is which
	$(SETUP)
	@$(PYTHON_HERE) -m demo

##@ Run it as a cluster (needs a container engine with Compose)
up: ## Build and start everything with MySQL and RabbitMQ, wait until it is healthy: BIND=127.0.0.1 and PORT=8080 are where, RATES=off is for tests
	@sh deploy/up.sh

pin: ## Write the digests of the base images that are here into .env, so that later builds and starts take these very images
	$(SETUP)
	@$(PYTHON_HERE) -m deploy.pin

down: ## Stop the cluster; its data stays (ARGS=--volumes removes it)
	@$(COMPOSE) down $(ARGS)

ps: ## Show the cluster's containers
	@$(COMPOSE) ps --all $(ARGS)

logs: ## Follow the cluster's logs: ARGS=posts shows one service's
	@$(COMPOSE) logs --follow --tail=100 $(ARGS)

e2e: ## Walk the journeys against the cluster that `make up RATES=off` started
	$(SETUP_DEVELOPMENT)
	@BASE_URL=http://127.0.0.1:$(or $(PORT),8080) $(PYTHON_HERE) -m pytest deploy/tests/journeys --quiet $(ARGS)

chaos: ## Torment a cluster of its own and look for losses: SEED, SECONDS, KILLS, WITHDRAWALS, MODE=embedded, BROKEN=mark-before-publish
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m chaos $(if $(MODE),--mode=$(MODE)) $(if $(SEED),--seed=$(SEED)) $(if $(SECONDS),--seconds=$(SECONDS)) \
	  $(if $(KILLS),--kills=$(KILLS)) $(if $(WITHDRAWALS),--withdrawals=$(WITHDRAWALS)) $(if $(BROKEN),--broken=$(BROKEN)) $(ARGS)

bench: ## Measure it beside a textbook version of itself: ARGS="feed gateway --rounds=3" some of it, GRAPH=file who follows whom
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes --requirement bench/requirements.lock
	@$(PYTHON_HERE) -m bench $(ARGS)

##@ Change it
test: ## Run every test, with MySQL and RabbitMQ where a container engine answers; ARGS="-k follow" runs some
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m pytest $(if $(ARGS),$(ARGS),--numprocesses=3 --dist=worksteal)

check: ## Check style, types, import rules, lint rules, and that generated files are up to date
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.check

audit: ## Look for known vulnerabilities in the locked packages, dangerous code, and secrets in the whole history
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.audit

fix: ## Format the code, sort imports, and mend what can be mended by itself
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m ruff check --quiet --fix-only .
	@$(PYTHON_HERE) -m ruff format .

openapi: ## Write services/<name>/openapi.json and the broker's definitions from the code
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.openapi
	@$(PYTHON_HERE) -m deploy.broker
	@$(PYTHON_HERE) -m tools.web_types

lock: ## Pin what the pyproject.toml files declare; ARGS=--upgrade takes the newest versions
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.lockfiles $(ARGS)

##@ Tidy up
clean: ## Remove .venv and the caches of tools; data stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'Removed .venv and caches.'

clean-data: ## Remove the data folder (DATA_DIR=./data) after asking
	@printf 'Remove %s with every account and photo in it? [y/N] ' "$${DATA_DIR:-./data}"; read answer; \
	if [ "$$answer" = y ]; then rm -rf "$${DATA_DIR:-./data}" && echo 'Removed.'; else echo 'Nothing was removed.'; fi
