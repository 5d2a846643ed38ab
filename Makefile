# `make` alone lists all targets. PORT, DATA_DIR, BASE_URL and PYTHON are read from the environment or given as
# arguments: make run PORT=9000

SETUP = @sh deploy/setup.sh
SETUP_DEVELOPMENT = @sh deploy/setup.sh dev
PYTHON_HERE = .venv/bin/python
COMPOSE = docker compose

# Without bytecode files each process compiles every module again, and a start takes about a third longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo backup restore up move pin image down ps logs e2e chaos chaos-dm rolling skew bench test check k8s-check audit fix openapi lock clean clean-data

help:
	@echo 'Shutter: share photos, follow people, talk in private.'
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## /{printf "  make %-12s%s\n", $$1, $$2}' Makefile

##@ Use it
run: ## Start everything in one process (PORT=8080, DATA_DIR=./data); stop it with Ctrl-C
	$(SETUP)
	@exec $(PYTHON_HERE) -m deploy.standalone

demo: ## Add sample users, posts and conversations to a running instance (PORT=8080 or BASE_URL=http://...)
	$(SETUP)
	@$(PYTHON_HERE) -m demo

backup: ## Back up all data while it runs, to ./backups (DATA_DIR=./data, TO=folder; ARGS=--compose for the cluster)
	$(SETUP)
	@$(PYTHON_HERE) -m deploy.backup backup $(if $(TO),--to=$(TO)) $(ARGS)

restore: ## Restore a backup: FROM=backups/... (SERVICES="auth posts" for some, ARGS=--compose for the cluster)
	$(SETUP)
	@$(PYTHON_HERE) -m deploy.backup restore $(ARGS) $(or $(FROM),$(error FROM=backups/... is missing)) $(SERVICES)

##@ Run it as a cluster (needs a container engine with Compose)
up: ## Build and start the cluster with MySQL and RabbitMQ, wait until it is healthy (BIND=127.0.0.1, PORT=8080; RATES=off for tests)
	@sh deploy/up.sh

move: ## Move the data of a stopped `make run` (DATA_DIR=./data) into the cluster; interrupted, run it again
	$(SETUP)
	@$(PYTHON_HERE) -m deploy.move

pin: ## Pin the local base images by digest in .env for later builds and starts
	$(SETUP)
	@$(PYTHON_HERE) -m deploy.pin

down: ## Stop the cluster and keep its data (ARGS=--volumes removes it)
	@$(COMPOSE) down $(ARGS)

ps: ## Show the cluster's containers
	@$(COMPOSE) ps --all $(ARGS)

logs: ## Follow the cluster's logs (ARGS=posts for one service)
	@$(COMPOSE) logs --follow --tail=100 $(ARGS)

e2e: ## Run the end-to-end tests against the cluster that `make up RATES=off` started
	$(SETUP_DEVELOPMENT)
	@BASE_URL=http://127.0.0.1:$(or $(PORT),8080) $(PYTHON_HERE) -m pytest deploy/tests/journeys --quiet $(ARGS)

chaos: ## Inject faults into a separate cluster and check that no data is lost: SEED, SECONDS, KILLS, WITHDRAWALS, MODE=embedded, BROKEN=mark-before-publish
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m chaos $(if $(MODE),--mode=$(MODE)) $(if $(SEED),--seed=$(SEED)) $(if $(SECONDS),--seconds=$(SECONDS)) \
	  $(if $(KILLS),--kills=$(KILLS)) $(if $(WITHDRAWALS),--withdrawals=$(WITHDRAWALS)) $(if $(BROKEN),--broken=$(BROKEN)) $(ARGS)

chaos-dm: ## Send messages while dm and the gateway are killed: each must be there once (MESSAGES=10000, WRITERS=20, SEED)
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m chaos.messages $(if $(MESSAGES),--messages=$(MESSAGES)) $(if $(WRITERS),--writers=$(WRITERS)) $(if $(SEED),--seed=$(SEED)) $(ARGS)

rolling: ## Update and kill replicas on Docker Swarm under traffic, and count failed requests (RATE=200, REQUESTS=50000)
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m chaos.rolling $(if $(RATE),--rate=$(RATE)) $(if $(REQUESTS),--requests=$(REQUESTS)) $(if $(SEED),--seed=$(SEED)) $(ARGS)

skew: ## Run the programs of the release before beside these, on one database, in every mixture (FORMER=HEAD~1)
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m chaos.skew $(if $(FORMER),--former=$(FORMER)) $(ARGS)

bench: ## Measure costs against a baseline implementation (ARGS="feed gateway --rounds=3" for some, GRAPH=file for a follow graph)
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes --requirement bench/requirements.lock
	@$(PYTHON_HERE) -m bench $(ARGS)

image: ## Build the image of one program, with its version and a bill of its materials (SERVICE=posts)
	@$(or $(PYTHON),python3) -m deploy.image $(SERVICE)

##@ Change it
test: ## Run all tests, with MySQL and RabbitMQ if a container engine runs (ARGS="-k follow" for some)
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m pytest $(if $(ARGS),$(ARGS),--numprocesses=3 --dist=worksteal)

check: ## Check style, types, import rules, lint rules, and that generated files are up to date
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.check

k8s-check: ## Build all overlays of deploy/kubernetes, and check them against the schemas and the rules of this project
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m pytest deploy/tests/test_kubernetes.py deploy/tests/test_kubernetes_storage.py --quiet $(ARGS)

audit: ## Look for known vulnerabilities, dangerous code, and secrets in the whole history
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.audit

fix: ## Format the code, sort imports, and apply automatic fixes
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m ruff check --quiet --fix-only .
	@$(PYTHON_HERE) -m ruff format .

openapi: ## Write the API descriptions, the configuration reference and the broker's definitions from the code
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.openapi
	@$(PYTHON_HERE) -m tools.configuration
	@$(PYTHON_HERE) -m deploy.observability.dashboard
	@$(PYTHON_HERE) -m deploy.broker
	@$(PYTHON_HERE) -m tools.web_types

lock: ## Write the lock files from the pyproject.toml files (ARGS=--upgrade for the newest versions)
	$(SETUP_DEVELOPMENT)
	@$(PYTHON_HERE) -m tools.lockfiles $(ARGS)

##@ Tidy up
clean: ## Remove .venv and tool caches; keep the data
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'Removed .venv and caches.'

clean-data: ## Remove the data folder (DATA_DIR=./data) after a confirmation
	@printf 'Remove %s with every account and photo in it? [y/N] ' "$${DATA_DIR:-./data}"; read answer; \
	if [ "$$answer" = y ]; then rm -rf "$${DATA_DIR:-./data}" && echo 'Removed.'; else echo 'Nothing was removed.'; fi
