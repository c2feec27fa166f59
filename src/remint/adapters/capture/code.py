"""The code a step can reach, found by reading the project's source (see docs/format/code.md)."""

import ast
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remint.adapters.capture.cells import read_cells
from remint.adapters.capture.closure import ORDER, Walk, import_order, piece_digests
from remint.adapters.capture.module import PIECE, Module, parsed
from remint.adapters.capture.normal import normal_form
from remint.adapters.capture.sources import Sources
from remint.adapters.capture.suspects import suspects_in
from remint.core import canonical
from remint.core.digest import Digest, digest_bytes, digest_record
from remint.core.filestate import FileState
from remint.errors import Invalid, NotFound
from remint.ports.capture import Closure

_LOCALS = "<locals>"
_LAMBDA = "<lambda>"


@dataclass(frozen=True, slots=True)
class _Kept:
    closure: Closure
    touched: tuple[tuple[str, int], ...]


class SourceCode:
    """Static analysis of one project's source (see ports.capture.Code). Runs none of it; safe to use from several threads.

    Args:
        root: the project's folder; paths in results are relative to it.
        import_roots: the folders modules are imported from, relative to `root`, in the order of the import path.

    Raises:
        Invalid: an import root lies outside the project.
    """

    def __init__(self, root: Path, import_roots: tuple[str, ...] = (".",)) -> None:
        self._sources = Sources(root, import_roots)
        self._modules: dict[str, tuple[str, int, Module]] = {}
        self._met: dict[str, Module | None] = {}
        self._wholes: dict[tuple[str, int, bool], Digest] = {}
        self._tops: object = None
        self._closures: dict[tuple[str, str], _Kept] = {}
        self._lock = threading.Lock()

    def suspects(self, files: Mapping[str, bytes], *, seeded: bool) -> list[str]:
        """Return, in words, what in a step's code may make its results differ between runs."""
        return suspects_in(files, seeded=seeded)

    def closure(self, module: str, qualname: str, *, cells: Mapping[str, object] | None = None) -> Closure:
        """Return the code that the function `qualname` of `module` can reach."""
        with self._lock:
            if cells:
                return self._with_cells(module, qualname, cells)
            kept = self._closures.get((module, qualname))
            if kept is not None and self._sources.is_current(kept.touched):
                return kept.closure
            self._begin()
            found = self._closure(module, qualname, {}, [])
            self._closures[module, qualname] = _Kept(found, tuple(self._sources.touched.items()))
            return found

    def looked_at(self) -> Mapping[str, FileState | None] | None:
        """Return every file and folder that the closures found so far rest on, as it was before it was read."""
        with self._lock:
            return self._sources.states({item for kept in self._closures.values() for item in kept.touched})

    def _begin(self) -> None:
        self._sources.begin()
        self._met = {}
        tops = self._sources.tops()
        if tops != self._tops:  # another name belongs to the project now, which every module's judgement rests on
            self._modules.clear()
            self._tops = tops

    def _with_cells(self, module: str, qualname: str, cells: Mapping[str, object]) -> Closure:
        self._begin()
        found = read_cells(cells)
        extra = {
            f"{module}:{qualname} cell {name}": digest_record(PIECE, [canonical.dumps(value)])
            for name, value in found.values.items()
        }
        also = [*sorted(found.functions), *((name, "") for name in sorted(found.modules))]
        return self._closure(module, qualname, extra, also)

    def _closure(self, name: str, qualname: str, extra: Mapping[str, Digest], also: list[tuple[str, str]]) -> Closure:
        module = self._find(name)
        if module is None or not module.file:
            raise NotFound(
                f"no module {name} in the project",
                why="no import root holds it" if name != "__main__" else "the program that was started has no module name",
                next_step="check the name, and `import_roots` in remint.toml",
                module=name,
            )
        walk = Walk(self._find)
        walk.enter(module, _top_name(module, qualname))
        for other, inner in also:
            self._follow(walk, other, inner)
        reached = walk.reached
        pieces = piece_digests(reached, self._find)
        order = import_order(reached, self._find)
        if order is not None:
            pieces[f"{name}:{ORDER}"] = order
        files = {loaded.file for loaded in reached.loaded.values() if loaded.file}
        whole = ""
        if reached.dynamic:
            file, line, what = min(reached.dynamic)
            whole = f"{file}:{line} uses {what}, which can reach any code"
            trees = self._all_pieces(documentation=reached.documentation)
            pieces |= trees
            files |= set(trees)
        pieces |= extra
        return Closure(
            _digest(f"{name}:{qualname}", pieces), pieces, tuple(sorted(files)), tuple(sorted(reached.outside)), whole
        )

    def _follow(self, walk: Walk, name: str, qualname: str) -> None:
        """Reach a function, class or module that a closed-over variable holds."""
        module = self._find(name)
        if module is None:
            walk.reached.outside.add(name)
        else:
            walk.enter(module, _top_name(module, qualname) if qualname else "")

    def _all_pieces(self, *, documentation: bool) -> dict[str, Digest]:
        """Return every source file of the project as a piece; one that is no Python, and so no code, by its bytes."""
        pieces = {}
        for path in self._sources.all_files():
            content, version = self._sources.read(path)
            file = self._sources.relative(path)
            key = (file, version, documentation)
            if key not in self._wholes:
                self._wholes[key] = _file_digest(content, file, documentation=documentation)
            pieces[file] = self._wholes[key]
        return pieces

    def _find(self, name: str) -> Module | None:
        if name not in self._met:
            self._met[name] = self._load(name)
        return self._met[name]

    def _load(self, name: str) -> Module | None:
        found = self._sources.find(name)
        if found is None:
            return None
        content, version = self._sources.read(found.path) if found.path else (b"", 0)
        kept = self._modules.get(name)
        if kept is not None and kept[:2] == (found.path, version):
            return kept[2]
        file = self._sources.relative(found.path) if found.path else ""
        module = Module(name, file, content, is_package=bool(found.folder), is_ours=self._sources.is_ours)
        self._modules[name] = (found.path, version, module)
        return module


def _file_digest(content: bytes, file: str, *, documentation: bool) -> Digest:
    try:
        tree = parsed(content, file)
    except Invalid:
        return digest_bytes(content)
    return digest_record(PIECE, [normal_form(tree, documentation=documentation)])


def _digest(entry: str, pieces: Mapping[str, Digest]) -> Digest:
    listed: list[list[str]] = sorted([label, str(digest)] for label, digest in pieces.items())
    return digest_record("code v1", [canonical.dumps({"entry": entry, "pieces": listed})])


def _top_name(module: Module, qualname: str) -> str:
    """Return the module-level name that holds a function; empty (all of the module) for a lambda that has none.

    Raises:
        NotFound: the module has no such function.
    """
    first, *inner = qualname.split(".")
    if first == _LAMBDA and _holds_lambda([item.node for item in module.statements]):
        return ""
    nodes: list[ast.AST] = [module.statements[place].node for place in module.bindings.get(first, ())]
    is_there = bool(nodes)
    if _is_defined_at(nodes, first):
        for part in inner:
            if part == _LOCALS:
                continue
            is_there = _holds_lambda(nodes) if part == _LAMBDA else bool(_defined(nodes, part))
            nodes = nodes if part == _LAMBDA else _defined(nodes, part)
            if not is_there:
                break
    if not is_there:
        raise NotFound(
            f"no function {qualname} in {module.file}",
            why="its source defines no such name",
            next_step="check the name; functions made by running text cannot be steps",
            module=module.name,
            qualname=qualname,
        )
    return first


def _is_defined_at(nodes: list[ast.AST], name: str) -> bool:
    return bool(_defined([ast.Module([node for node in nodes if isinstance(node, ast.stmt)], [])], name))


def _defined(nodes: list[ast.AST], name: str) -> list[ast.AST]:
    """Return the functions and classes called `name` anywhere inside `nodes`."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        part for node in nodes for part in ast.walk(node) if part is not node and isinstance(part, kinds) and part.name == name
    ]


def _holds_lambda(nodes: list[ast.AST] | list[ast.stmt]) -> bool:
    return any(isinstance(part, ast.Lambda) for node in nodes for part in ast.walk(node))
