# Thin wrappers; each target sets up what it needs. Fresh machine: Python 3.11+ and make.
BIN := .venv/bin
ARGS ?=
# Where it is set, each process of the service and of the tests compiles all that it imports anew, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: up test check setup fmt migrate revision studio demo test-ghost test-oidc test-client bench bench-peers chaos screenshots clean

up: setup ## start everything on this machine
	@exec $(BIN)/proofroom up $(ARGS)

test: setup ## run all tests in parallel
	@$(BIN)/pytest -n logical --dist worksteal $(ARGS)

check: setup ## lint, format, types, layers, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/alembic_embedded.py check

setup: .venv/.complete ## all that `up` and `test` need

.venv/.complete: pyproject.toml requirements-dev.lock requirements-setup.lock requirements-node.lock \
		web/package-lock.json web/.npmrc scripts/setup scripts/browser-libraries scripts/chromium
	@scripts/setup
	@touch $@

fmt: setup ## format, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migrate: setup ## bring DATABASE_URL's database up to date
	$(BIN)/proofroom migrate $(ARGS)

revision: setup ## draft a migration from the mappings: make revision m="add x"
	$(BIN)/python scripts/alembic_embedded.py revision "$(m)"

studio: setup ## the graphs in LangGraph Studio
	@exec $(BIN)/proofroom studio $(ARGS)

demo: setup ## an example article, from brief to post
	@exec $(BIN)/proofroom demo $(ARGS)

test-ghost: setup ## the blog adapter against a real Ghost
	$(BIN)/pytest -m ghost -n 0 tests/adapters $(ARGS)

test-oidc: setup ## signing in at an OpenID Connect server, and its tokens
	$(BIN)/pytest -m oidc -n 0 tests/web/test_real_issuer.py $(ARGS)

test-client: setup ## generate a client from the OpenAPI document, and use it
	@scripts/generated-client $(ARGS)

bench: setup ## measure
	$(BIN)/python -m bench $(ARGS)

bench-peers: setup ## measure what LangGraph's SDK gets here, from Aegra and from `langgraph dev`
	@$(BIN)/python -m bench.peers $(ARGS)

chaos: setup ## kill everything again and again, and check that nothing is lost or sent twice
	@$(BIN)/python -m bench.chaos $(ARGS)

screenshots: setup ## the pages as pictures, for build/screenshots and docs/images
	$(BIN)/python scripts/screenshots.py

clean: ## remove what was made here, but not the data in .proofroom
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .langgraph_api build dist \
		web/node_modules web/static/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
