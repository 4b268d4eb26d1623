"""A folder imports only folders above it: the data flow runs one way, in C++ and in Python."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

CPP_FOLDERS = (
    "base",  # errors, version and other headers that lie in include/birthmark itself
    "media",
    "spectrum",
    "keys",
    "coding",
    "audio_mark",
    "voice_signature",
    "video_mark",
    "fingerprint",
    "index",
)

# Modules of one row may import each other. A module that no row names belongs to DETECTORS.
DETECTORS = "watermark signature fingerprint"
PYTHON_ROWS = (
    "errors _closing _core keys",
    "media loudness",
    DETECTORS,
    "stats",
    "attacks",
    "index",
    "registry",
    "licence",
    "evidence",
    "scan",
    "cli",
    "web",
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def cpp_files() -> list[Path]:
    return sorted(path for part in ("include/birthmark", "src") for path in (ROOT / "cpp" / part).rglob("*.?pp"))


def cpp_folder(path: Path) -> str:
    parts = path.relative_to(ROOT / "cpp").parts
    inside = parts[2:] if parts[0] == "include" else parts[1:]
    return inside[0] if len(inside) > 1 else "base"


@pytest.mark.parametrize("path", cpp_files(), ids=name_of)
def test_cpp_folder_includes_only_folders_above(path: Path) -> None:
    own = CPP_FOLDERS.index(cpp_folder(path))
    for included in re.findall(r'#include "birthmark/([\w/]+)\.hpp"', path.read_text()):
        folder = included.split("/")[0] if "/" in included else "base"
        assert folder in CPP_FOLDERS, f"{name_of(path)} includes birthmark/{included}.hpp from an unknown folder"
        assert CPP_FOLDERS.index(folder) <= own, (
            f"{name_of(path)} includes birthmark/{included}.hpp, which lies below it"
        )


def row_of(module: str) -> int:
    for number, row in enumerate(PYTHON_ROWS):
        if module in row.split():
            return number
    return PYTHON_ROWS.index(DETECTORS)


def absolute_imports(path: Path) -> set[str]:
    """Dotted names of what a source file imports, functions included."""
    package = ("birthmark", *path.relative_to(ROOT / "python" / "birthmark").parent.parts)
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += [node.module] if node.module else []
            names |= {".".join([*base, alias.name]) for alias in node.names}
    return names


def imported_modules(path: Path) -> set[str]:
    """Names directly below `birthmark` that a source file imports."""
    names = {name.split(".")[1] for name in absolute_imports(path) if name.startswith("birthmark.")}
    return {name for name in names if (ROOT / "python" / "birthmark" / name).exists() or is_module(name)}


def is_module(name: str) -> bool:
    return name == "_core" or (ROOT / "python" / "birthmark" / f"{name}.py").exists()


def python_files() -> list[Path]:
    package = ROOT / "python" / "birthmark"
    return sorted(path for path in package.rglob("*.py") if path.parent != package or not path.stem.startswith("__"))


@pytest.mark.parametrize("path", python_files(), ids=name_of)
def test_python_module_imports_only_rows_above(path: Path) -> None:
    relative = path.relative_to(ROOT / "python" / "birthmark")
    own = relative.parts[0].removesuffix(".py")
    for name in imported_modules(path):
        assert row_of(name) <= row_of(own), f"{relative} imports birthmark.{name}, which lies below it"


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "python").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_python_module_imports_itself_through_others() -> None:
    modules = {module_of(path): path for path in (ROOT / "python" / "birthmark").rglob("*.py")}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for module, path in modules.items():
        imported = {name if name in modules else name.rpartition(".")[0] for name in absolute_imports(path)}
        sorter.add(module, *(imported & set(modules) - {"birthmark"}))
    sorter.prepare()  # raises CycleError, which names the circle
