#!/usr/bin/env bash
# Every check, in the order of how quickly it fails. pytest comes last: its summary line ends the output.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
FUZZ_SECONDS=${FUZZ_SECONDS:-5}

step() {
    local name=$1 start=$SECONDS log
    shift
    log=build/$(echo "$name" | tr -c 'a-z0-9\n' -).log
    if "$@" >"$log" 2>&1; then
        printf 'ok    %-46s %4d s\n' "$name" $((SECONDS - start))
    else
        printf 'FAIL  %s; the end of %s:\n' "$name" "$log"
        tail -60 "$log"
        exit 1
    fi
}

clang_format() { find cpp -name '*.cpp' -o -name '*.hpp' | xargs clang-format --dry-run -Werror; }
stubtest() {
    PYTHONPATH=python $python -m mypy.stubtest birthmark._core \
        --allowlist tools/stubtest-allowlist.txt --ignore-unused-allowlist
}
build() { cmake --preset "$1" && cmake --build --preset "$1"; }
cpp_tests() {
    local preset=$1
    shift
    BIRTHMARK_GOLDEN=$PWD/tests/golden "build/$preset/birthmark_tests" "$@"
}
fuzz() {
    local target=$1 corpus=build/corpus/$1
    mkdir -p "$corpus"
    [ -d "cpp/fuzz/corpus/$target" ] && cp -n "cpp/fuzz/corpus/$target"/* "$corpus"/
    "build/asan/$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build/$target-" "$corpus"
}
notebooks() {
    rm -rf build/notebooks
    mkdir -p build/notebooks
    $python -m jupytext --to ipynb --output-dir build/notebooks notebooks/*.py 2>/dev/null ||
        for source in notebooks/*.py; do
            $python -m jupytext --to ipynb -o "build/notebooks/$(basename "$source" .py).ipynb" "$source"
        done
    $python -m pytest -q -p no:cacheprovider -W default --nbmake --nbmake-timeout=300 build/notebooks
}

export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 ASAN_OPTIONS=detect_leaks=1 TSAN_OPTIONS=halt_on_error=1

step 'ruff check' $python -m ruff check .
step 'ruff format' $python -m ruff format --check .
step 'clang-format' clang_format
step 'mypy' $python -m mypy
step 'stubs' stubtest
step 'c++ tests' cpp_tests default
step 'build address and undefined sanitizer' build asan
step 'c++ tests address and undefined sanitizer' cpp_tests asan
for source in cpp/fuzz/fuzz_*.cpp; do
    target=$(basename "$source" .cpp)
    step "$(echo "$target" | tr _ ' ')" fuzz "$target"
done
step 'build thread sanitizer' build tsan
step 'c++ tests thread sanitizer' cpp_tests tsan --test-case='threads:*'
step 'build permissive fft' build permissive-fft
step 'c++ tests permissive fft' cpp_tests permissive-fft
if compgen -G 'notebooks/*.py' >/dev/null; then
    step 'notebooks' notebooks
fi
$python -m pytest -q
