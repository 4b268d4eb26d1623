# birthmark: what a person and CI run. Everything is installed, built and cached on the first call; see tools/.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

PYTHON := .venv/bin/python

.PHONY: help setup demo test bench wheel tidy format clean

help:
	@echo 'make demo    two people, four buyers, three leaks: who it was, and a report'
	@echo 'make test    every check: format, types, C++ and Python tests, sanitizers, fuzzers, notebooks'
	@echo 'make bench   robustness, quality, speed and false-positive tables'
	@echo 'make wheel   a self-contained wheel in dist/, tested in a bare environment'
	@echo 'make tidy    clang-tidy over the C++ core'
	@echo 'make format  format C++ and Python sources'
	@echo 'make clean   remove what was built; .venv stays'

setup:
	@tools/setup.sh

demo: setup
	@.venv/bin/birthmark demo

test:
	@tools/setup.sh --with-tests
	@tools/test.sh

bench:
	@tools/setup.sh --with-tests
	@set -e; for script in bench/bench_*.py; do $(PYTHON) $$script; done

wheel:
	@tools/setup.sh --with-tests
	@tools/wheel.sh

tidy:
	@tools/setup.sh --with-tests
	@cmake --preset tidy
	@cmake --build --preset tidy

format:
	@tools/setup.sh --with-tests
	@$(PYTHON) -m ruff check --fix-only .
	@$(PYTHON) -m ruff format .
	@find cpp -name '*.cpp' -o -name '*.hpp' | xargs clang-format -i

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis python/birthmark/_core.*.so
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
