#!/usr/bin/env bash
# Builds a self-contained wheel into dist/ (outside libraries bundled, with their licences) and tests it in a bare Debian
# that has Python and none of those libraries. FFT=kissfft builds the one without GPL code.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$PWD/.venv/bin/python
fft=${FFT:-fftw}
work=build/wheel-$fft
rm -rf "$work/raw" "$work/repaired" "$work/unpacked"
mkdir -p "$work" dist

echo "Building ($fft)"
$python -m pip wheel -q --no-deps --no-build-isolation -w "$work/raw" -C build-dir="$work/cmake" \
    -C cmake.define.BIRTHMARK_FFT="$fft" -C cmake.define.BIRTHMARK_STATIC_OPENCV=ON .

echo 'Bundling libraries'
PATH=$(dirname "$python"):$PATH $python -m auditwheel repair -w "$work/repaired" "$work"/raw/*.whl >"$work/auditwheel.log" 2>&1 ||
    { tail -20 "$work/auditwheel.log" >&2; exit 1; }
$python -m wheel unpack -d "$work/unpacked" "$work"/repaired/*.whl >/dev/null
$python tools/bundle_licences.py "$work"/unpacked/*
$python -m wheel pack -d dist "$work"/unpacked/* >/dev/null
wheel=$(ls -t dist/*.whl | head -1)
echo "Built $wheel, $(du -h "$wheel" | cut -f1)"

tools/test_wheel.sh "$wheel"
