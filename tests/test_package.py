import subprocess
import sys

import birthmark
from birthmark import _core

# Imports everything but what an optional package is for, with the optional packages out of reach.
IMPORT_WITHOUT_EXTRAS = """
import importlib, pkgutil, sys
for name in "cv2 pyworld matplotlib faiss psycopg".split():
    sys.modules[name] = None
import birthmark
for module in pkgutil.walk_packages(birthmark.__path__, "birthmark."):
    name = module.name
    if not name.startswith(("birthmark.attacks.", "birthmark.registry.migrations.")) and name not in {
        "birthmark.index.faiss_store",
        "birthmark.index.postgres_store",
    }:
        importlib.import_module(name)
"""


def test_version_is_one_number() -> None:
    assert _core.__version__ == birthmark.__version__


def test_fft_backend_is_named() -> None:
    assert _core.fft_backend in {"fftw", "kissfft"}


def test_package_imports_with_its_required_dependencies_alone() -> None:
    command = [sys.executable, "-c", IMPORT_WITHOUT_EXTRAS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
