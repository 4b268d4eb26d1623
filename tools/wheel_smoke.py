"""Run inside a bare Debian by tools/test_wheel.sh: does the installed wheel work by its own libraries alone?"""

import json
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import birthmark
from birthmark import _core
from birthmark._core.media import SoundFile, resample
from birthmark.keys import Key, KeyedStream

# What every Linux with glibc has (the manylinux policy).
SYSTEM = ("ld-linux", "libc.", "libm.", "libdl.", "libpthread.", "librt.", "libstdc++", "libgcc_s")


def run(*arguments: str) -> str:
    """Runs the installed command and returns what it prints."""
    return subprocess.run(["birthmark", *arguments], check=True, capture_output=True, text=True).stdout


file = SoundFile.open("speech.wav")
samples = resample(file.read(file.frames), file.rate, 8000)
assert abs(len(samples) - file.frames / 2) <= 1
assert KeyedStream(Key(bytes(range(32))), "golden", 7).next_u64() == 15109446398104212746

key = json.loads(run("key", "new", "my.key", "--json"))
assert json.loads(run("key", "show", "my.key", "--json")) == key

run("embed", "speech.wav", "marked.flac", "--key", "my.key", "--payload", "00c0ffee00c0ffee")
found = json.loads(run("detect", "marked.flac", "--key", "my.key", "--json"))
assert [mark["payload"] for mark in found["files"][0]["detections"]] == ["00c0ffee00c0ffee"]

run("registry", "init", "my.registry", "--key-file", "my.key")
run("registry", "person", "my.registry", "anna", "--key-file", "my.key")
assert json.loads(run("registry", "verify", "my.registry", "--json"))["ok"]

libraries = {Path(line.split()[-1]) for line in Path("/proc/self/maps").read_text().splitlines() if ".so" in line}
own = Path(birthmark.__file__).parent.parent
loaded = [path for path in libraries if "birthmark.libs" in path.parts]
foreign = [
    path
    for path in libraries
    if own not in path.parents and "lib-dynload" not in path.parts and not path.name.startswith(SYSTEM)
]
fft = "libfftw3f" if _core.fft_backend == "fftw" else "libkissfft"
for name in ("libsndfile", "libsoxr", "libsodium", fft):
    assert any(path.name.startswith(name) for path in loaded), f"{name} is not loaded from the wheel"
python_own = ("libz.", "libexpat.", "libcrypto.", "libssl.", "libffi.", "libbz2.", "liblzma.", "libuuid.")
foreign = [path for path in foreign if not path.name.startswith(python_own)]
assert not foreign, f"loaded from outside the wheel: {foreign}"

names = [str(path) for path in distribution("birthmark").files or []]
assert any(name.endswith("licenses/LICENSE") for name in names)
bundled = [name for name in names if "licenses/bundled/" in name]
assert bundled
print(f"The wheel works alone: {len(loaded)} bundled libraries loaded, {len(bundled)} licence texts inside")
