# Needs make and Python 3.11 or newer. Everything else comes from PyPI and npm, into this directory.

PYTHON ?= python3
UV_VERSION := 0.13.9
export UV := $(CURDIR)/.build/uv/bin/uv
export UV_PYTHON_DOWNLOADS := never

# Node, npm and the tools come from the virtual environment, before any of the machine's own.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport VIRTUAL_ENV
# Some machines forbid Python to keep what it has compiled: each command would compile it again.
unexport PYTHONDONTWRITEBYTECODE

CDK := python -m infra.cdk

# `make deploy EDGE=0` leaves CloudFront out: the service alone.
STACKS := $(if $(filter 0 no false off,$(EDGE)),Roomcast,--all)
# Many of the tests wait for something, so there are more processes than processors; of those end to
# end each has a service of its own.
FUNCTIONAL := -n 4 --dist worksteal tests/functional
END_TO_END := -n 3 --dist loadfile tests/e2e
# `-k` may choose tests of one group only: pytest ends with 5 when there are none.
OR_NONE := || test $$? -eq 5
# What runs BESIDE other tests prints when it has ended.
PRINT = $(if $(BESIDE),> .build/$@.txt 2>&1; status=$$?; cat .build/$@.txt; exit $$status)

# Stopping needs a Python that runs, and no library: also where an installation broke before its end.
# Without any such Python nothing was ever started.
RUNS := import sys; sys.exit(sys.version_info < (3, 11))
STOP := for each in .venv/bin/python "$(PYTHON)"; do \
	"$$each" -c '$(RUNS)' 2>/dev/null || continue; "$$each" -m local.stop; exit; done

# What each group of commands needs; the files tell when it was made last.
UV_READY := .build/uv/$(UV_VERSION)
SERVICE_READY := .venv/service.stamp
TOOLS_READY := .venv/tools.stamp
NODE_READY := node_modules/.stamp
WEB_READY := web/node_modules/.stamp
DASHBOARD_READY := .build/dashboard/index.html
DASHBOARD_SOURCES := docs/schema/events.json $(shell find web/dashboard web/packages/client/src -type f -not -path '*/node_modules/*' -not -path '*/tests/*')

.DEFAULT_GOAL := help
.PHONY: help dev up down test unit functional end-to-end web templates dashboard screenshots site soak fuzz bench conformance lint bundle synth bootstrap preflight diff deploy destroy clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: $(SERVICE_READY) $(NODE_READY) $(DASHBOARD_READY) ## Run the whole service on this machine until Ctrl-C
	@python -m local dev

up: $(SERVICE_READY) $(NODE_READY) $(DASHBOARD_READY) ## Start the service in the background
	@python -m local up

down: ## Stop what `make up` started
	@$(STOP)

test: $(TOOLS_READY) $(NODE_READY) $(WEB_READY) $(DASHBOARD_READY) ## Run all tests, end to end included; ARGS="-k name" chooses
	@$(MAKE) --no-print-directory --jobs 3 BESIDE=1 functional web templates
	@$(MAKE) --no-print-directory --jobs 2 BESIDE=1 end-to-end unit

unit: $(TOOLS_READY) ## Test what needs no service and no AWS
	@{ nice pytest tests/unit $(ARGS) $(OR_NONE); } $(PRINT)

functional: $(TOOLS_READY) $(NODE_READY) ## Test what works on AWS, without AWS
	@pytest $(FUNCTIONAL) $(ARGS) $(OR_NONE)

end-to-end: $(TOOLS_READY) $(NODE_READY) $(WEB_READY) $(DASHBOARD_READY) ## Test the service as it is deployed
	@pytest $(END_TO_END) $(ARGS) $(OR_NONE)

web: $(WEB_READY) $(DASHBOARD_READY) ## Test the packages for browsers and the dashboard
	@npm --prefix web test --silent $(PRINT)

templates: $(TOOLS_READY) $(NODE_READY) $(DASHBOARD_READY) ## Test what would be deployed
	@{ pytest tests/infra $(ARGS) $(OR_NONE); } $(PRINT)

dashboard: $(DASHBOARD_READY) ## Build web/dashboard, which the edge serves, in .build/dashboard

screenshots: $(TOOLS_READY) $(NODE_READY) $(DASHBOARD_READY) ## Take the pictures in docs/images; ARGS="live" chooses
	@python -m tests.screenshots $(ARGS)

site: $(TOOLS_READY) ## Build the documents as a site in .build/site, its links checked
	@python -m local.site

soak: $(TOOLS_READY) $(NODE_READY) ## Let clients come and go for minutes, look for anything lost; ARGS="--minutes 60"
	@python -m tests.soak $(ARGS)

fuzz: $(TOOLS_READY) $(NODE_READY) ## Read a million inputs that are almost right, 2 minutes; ARGS="--seed 7"
	@python -m tests.fuzz $(ARGS)

bench: $(SERVICE_READY) ## Measure performance, 6 minutes; ARGS="cold senders" chooses, see --help
	@python -m benchmarks $(ARGS)

conformance: $(SERVICE_READY) ## Serve the official Engine.IO and Socket.IO suites on 127.0.0.1:3000; PORT=n
	@python -m local.conformance

lint: $(TOOLS_READY) $(WEB_READY) ## Check style, types and the direction of imports
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports
	@npm --prefix web run --silent typecheck

bundle: $(SERVICE_READY) ## Collect the functions' code and libraries for AWS
	@python -m infra.bundle --target aws

synth: $(NODE_READY) $(DASHBOARD_READY) ## Write the CloudFormation templates to cdk.out
	@$(CDK) synth --quiet $(ARGS)

bootstrap: $(NODE_READY) $(DASHBOARD_READY) ## Prepare an AWS account and Region for the CDK, once for each
	@$(CDK) bootstrap $(ARGS)

preflight: $(SERVICE_READY) ## Tell what the AWS account allows too little of for the settings
	@python -m infra.preflight $(ARGS)

diff: $(NODE_READY) $(DASHBOARD_READY) ## Show what `make deploy` would change
	@$(CDK) diff $(filter-out --all,$(STACKS)) $(ARGS)

deploy: $(NODE_READY) $(DASHBOARD_READY) ## Deploy to AWS; EDGE=0: without CloudFront; ARGS="-c name=value" sets settings
	@$(CDK) deploy $(STACKS) $(ARGS)

destroy: $(NODE_READY) $(DASHBOARD_READY) ## Remove both stacks from AWS; the registry's table stays
	@$(CDK) destroy $(STACKS) $(ARGS)

clean: ## Stop the service and remove everything that make has made
	@$(STOP)
	@rm -rf .bench .build .local .venv node_modules web/node_modules web/packages/*/node_modules web/packages/*/dist cdk.out dist .coverage .hypothesis .*_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

$(UV_READY):
	@echo "Preparing uv $(UV_VERSION) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python 3.11 or newer is needed, " + sys.executable + " is " + sys.version.split()[0] + \
		". Name another one: make PYTHON=/path/to/python3")'
	@$(PYTHON) -m venv --clear .build/uv
	@.build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(SERVICE_READY): pyproject.toml uv.lock $(UV_READY)
	@echo "Preparing .venv: the functions' libraries, the emulator, the CDK, Node ..."
	@"$(UV)" sync --quiet --frozen --inexact --python $(PYTHON) \
		--no-default-groups --group lambda --group infra --group local
	@touch $@

$(TOOLS_READY): pyproject.toml uv.lock $(UV_READY)
	@echo "Preparing .venv: all of it, the test and lint tools too ..."
	@"$(UV)" sync --quiet --frozen --python $(PYTHON)
	@touch $@

$(NODE_READY): package-lock.json $(SERVICE_READY)
	@echo "Preparing node_modules: the CDK's command line ..."
	@npm ci --silent --no-audit --no-fund
	@touch $@

$(WEB_READY): web/package-lock.json $(SERVICE_READY)
	@echo "Preparing web/node_modules: React, TypeScript and the test runner ..."
	@npm --prefix web ci --silent --no-audit --no-fund
	@touch $@

$(DASHBOARD_READY): $(DASHBOARD_SOURCES) web/package-lock.json $(WEB_READY)
	@echo "Preparing .build/dashboard: the dashboard ..."
	@web/node_modules/.bin/vite build --logLevel warn web/dashboard
