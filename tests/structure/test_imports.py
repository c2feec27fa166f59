"""Imports go one way, and a light start stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.import_graph import first_cycle, import_graph, imported_names, third_parties
from tests.structure.tree import ROOT, SOURCE, SourceFile, files_of_package

STANDARD = frozenset(sys.stdlib_module_names)
HEAVY = ("alembic", "duckdb", "pandas", "pyarrow", "scipy", "sklearn", "sqlalchemy", "uvicorn")


def test_the_layers_of_the_package_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_imports_itself_on_any_way() -> None:
    assert first_cycle(import_graph(files_of_package())) == []


def test_an_import_inside_a_function_counts_for_a_cycle() -> None:
    late = ast.parse("def f() -> None:\n    from remint.core import digest\n")
    assert "remint.core.digest" in imported_names(late)


@pytest.mark.parametrize(
    ("layer", "allowed"),
    [("core", {"blake3"}), ("stats", {"numpy"}), ("ports", {"numpy", "pyarrow"}), ("errors.py", set())],
)
def test_an_inner_layer_imports_only_the_libraries_it_may(layer: str, allowed: set[str]) -> None:
    files = [file for file in files_of_package() if file.path.relative_to(SOURCE).parts[0] == layer]
    found = {file.where: sorted(third_parties(file, STANDARD) - allowed) for file in files}
    assert {where: names for where, names in found.items() if names} == {}


def test_no_adapter_imports_another() -> None:
    graph = import_graph(files_of_package())
    folder_of = {module: module.split(".")[2] for module in graph if module.startswith("remint.adapters.")}
    crossing = [
        (user, used) for user in folder_of for used in graph[user] if folder_of.get(used, folder_of[user]) != folder_of[user]
    ]
    assert crossing == []


def test_every_part_of_the_package_has_files() -> None:
    assert {"core", "errors.py"} <= {file.path.relative_to(SOURCE).parts[0] for file in files_of_package()}


def test_importing_remint_loads_nothing_heavy() -> None:
    program = f"import sys, remint; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")


def test_no_import_is_relative() -> None:
    relative = [f"{file.where}:{line}" for file in files_of_package() for line in _relative_imports(file)]
    assert relative == []


def _relative_imports(file: SourceFile) -> list[int]:
    return [node.lineno for node in ast.walk(file.syntax) if isinstance(node, ast.ImportFrom) and node.level]
