#!/usr/bin/env bash
# Tests a wheel where none of its libraries is installed: in a minimal Debian made by debootstrap.
set -euo pipefail
cd "$(dirname "$0")/.."

wheel=$1
python=.venv/bin/python
root=$PWD/build/bare-debian
if [ "$(id -u)" != 0 ]; then
    echo 'Testing the wheel needs root, for debootstrap and chroot' >&2
    exit 1
fi
if [ ! -e "$root/.complete" ]; then
    command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null
    echo 'Making a minimal Debian'
    rm -rf "$root"
    debootstrap --variant=minbase --include=python3,python3-venv bookworm "$root" >build/debootstrap.log 2>&1 ||
        { tail -20 build/debootstrap.log >&2; exit 1; }
    touch "$root/.complete"
fi

echo 'Installing the wheel there'
rm -rf "$root/wheels" "$root/venv" "$root/work"
mkdir -p "$root/wheels" "$root/work"
$python -m pip download -q --disable-pip-version-check --only-binary=:all: --python-version 3.11 \
    -d "$root/wheels" "$wheel" 2>build/wheel-download.log || { tail -5 build/wheel-download.log >&2; exit 1; }
cp tools/wheel_smoke.py "$root/work/"
speech=/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.g722
$python -c "
import av, numpy, soundfile, sys
with av.open(sys.argv[1], format='g722') as source:
    frames = [frame.to_ndarray().reshape(-1) for frame in source.decode(audio=0)]
soundfile.write(sys.argv[2], numpy.concatenate(frames), 16000)
" "$speech" "$root/work/speech.wav"
mount --bind /proc "$root/proc"
trap 'umount "$root/proc"' EXIT
env -i PATH=/venv/bin:/usr/sbin:/usr/bin:/bin LC_ALL=C.UTF-8 chroot "$root" /bin/sh -ec '
python3 -m venv /venv
/venv/bin/pip install -q --no-index --find-links /wheels --disable-pip-version-check --root-user-action ignore birthmark
cd /work
exec /venv/bin/python wheel_smoke.py'
