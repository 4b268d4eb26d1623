"""Puts the licence texts of the bundled libraries into an unpacked wheel.

auditwheel copies shared libraries as name-<hash>.so.N. Each came from a Debian package, whose `copyright` file holds
the licence or names the common ones that it is under; both are copied, and every library must find one.
"""

import re
import subprocess
import sys
from pathlib import Path

STATIC = ("libopencv-core-dev", "libopencv-imgproc-dev")  # linked into the extension itself


def package_of(library: str) -> str:
    """The Debian package that owns an installed shared library. Raises LookupError where none does."""
    found = subprocess.run(["dpkg-query", "-S", f"*/{library}*"], capture_output=True, text=True, check=False)
    packages = {line.split(":")[0] for line in found.stdout.splitlines() if not line.split(":")[0].endswith("-dev")}
    if not packages:
        raise LookupError(f"no Debian package has {library}")
    return min(packages, key=len)


def main(unpacked: Path) -> None:
    """Adds <dist-info>/licenses/bundled/<package>.txt for every package that gave a library."""
    licences = next(unpacked.glob("*.dist-info")) / "licenses" / "bundled"
    licences.mkdir(parents=True)
    packages = set(STATIC)
    for library in sorted(unpacked.glob("*.libs/*.so*")):
        original = re.sub(r"-[0-9a-f]{8}(?=[.-])", "", library.name)
        package = package_of(original)
        packages.add(package)
        print(f"  {original}: {package}")
    for package in sorted(packages):
        text = Path("/usr/share/doc", package, "copyright").read_text()
        (licences / f"{package}.txt").write_text(text)
        for common in re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", text):
            (licences / f"{common}.txt").write_text(Path("/usr/share/common-licenses", common).read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
