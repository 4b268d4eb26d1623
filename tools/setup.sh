#!/usr/bin/env bash
# Installs what is missing (Debian packages when run as root, Python packages into .venv) and builds the extension in
# place. Quick when there is nothing to do. With --with-tests also what `make test` needs.
set -euo pipefail
cd "$(dirname "$0")/.."

groups='build|demo'
extras='build plot'
if [ "${1:-}" = --with-tests ]; then
    groups='build|demo|test'
    extras='build plot dev'
fi

install_packages() {
    local wanted missing=()
    wanted=$(sed -nE "s/^($groups) //p" tools/packages.txt)
    for package in $wanted; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" != 0 ]; then
        echo "Missing Debian packages; as root run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing Debian packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >build/apt.log 2>&1 || {
        tail -20 build/apt.log >&2
        exit 1
    }
}

install_python() {
    [ -x .venv/bin/python ] || python3 -m venv .venv
    local stamp requirements
    # shellcheck disable=SC2086
    requirements=$(.venv/bin/python tools/requirements.py $extras)
    stamp=.venv/birthmark-$(echo "$requirements $PWD" | sha256sum | cut -c1-16).stamp
    [ -e "$stamp" ] && return
    echo "Installing Python packages into .venv"
    echo "$requirements" >build/requirements.txt
    .venv/bin/python -m pip install -q --disable-pip-version-check -r build/requirements.txt >build/pip.log 2>&1 || {
        tail -20 build/pip.log >&2
        exit 1
    }
    # The package itself runs from python/, with the extension that CMake puts there.
    .venv/bin/python - <<'PY'
import pathlib, sys, sysconfig
folder = pathlib.Path("python").resolve()
pathlib.Path(sysconfig.get_path("purelib"), "birthmark-in-place.pth").write_text(f"{folder}\n")
script = pathlib.Path(sysconfig.get_path("scripts"), "birthmark")
script.write_text(f"#!{sys.executable}\nfrom birthmark.cli import main\n\nmain()\n")
script.chmod(0o755)
PY
    touch "$stamp"
}

build() {
    if ! { cmake --preset default && cmake --build --preset default; } >build/build.log 2>&1; then
        grep -E 'error|Error|FAILED' -A5 build/build.log >&2 || tail -40 build/build.log >&2
        exit 1
    fi
}

mkdir -p build
install_packages
install_python
build
