"""Which module of the package imports which, imports inside functions counted too."""

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from tests.structure.tree import SourceFile


def imported_names(syntax: ast.Module) -> set[str]:
    """Return every dotted name that any import statement may mean, at module level or inside a function.

    >>> sorted(imported_names(ast.parse("import os.path\\ndef f():\\n    from a.b import c")))
    ['a.b', 'a.b.c', 'os.path']
    """
    names: set[str] = set()
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def import_graph(files: Iterable[SourceFile]) -> dict[str, set[str]]:
    """Return for each module the modules of the same tree it imports.

    `from package import module` counts as an import of the module alone, since a package here is a name with a docstring.
    """
    wanted = {file.module: imported_names(file.syntax) for file in files}
    graph: dict[str, set[str]] = {}
    for module, names in wanted.items():
        known = {name for name in names if name in wanted and name != module}
        graph[module] = {name for name in known if not _is_only_the_way_to(name, known, names)}
    return graph


def _is_only_the_way_to(package: str, known: set[str], names: set[str]) -> bool:
    below = {name for name in names if name.rpartition(".")[0] == package}
    return bool(below) and below <= known


def first_cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the modules of one import cycle, the first one repeated at the end; empty where there is none.

    >>> first_cycle({"a": ["b"], "b": ["c"], "c": []})
    []
    >>> sorted(set(first_cycle({"a": ["b"], "b": ["a"], "c": ["a"]})))
    ['a', 'b']
    """
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def third_parties(file: SourceFile, standard: frozenset[str]) -> set[str]:
    """Return the top-level names a file imports that are neither `remint` nor in the standard library."""
    return {name.partition(".")[0] for name in imported_names(file.syntax)} - standard - {"remint"}
