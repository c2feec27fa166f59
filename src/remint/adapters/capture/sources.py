"""The project's files: found by module name, read once, and read again only when they changed.

A file counts as unchanged while its size, times and inode are the same. Right after a write that is not enough, because two
writes within one tick of the file system's clock leave the same times; until the tick is over, content is compared instead.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from remint.core.filestate import FileState, is_settled
from remint.errors import Invalid

_NOTHING = 0
"""The version of what is not there, or cannot be read."""
_EXTENSIONS = (".so", ".pyd")
_NEVER = frozenset({"__pycache__", "site-packages", "node_modules"})


class Folder(NamedTuple):
    """What a folder holds, as far as imports care.

    Attributes:
        folders: names of the folders in it.
        sources: names of the `.py` files in it.
        compiled: file names of the extension modules in it, by module name.
        is_environment: whether it is a virtual environment.
    """

    folders: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    compiled: tuple[tuple[str, str], ...] = ()
    is_environment: bool = False


class Found(NamedTuple):
    """Where a module is.

    Attributes:
        path: of its source or compiled file; empty for a namespace package.
        folder: of its submodules; empty if it is not a package.
    """

    path: str
    folder: str


@dataclass(slots=True)
class _Seen:
    state: FileState
    is_settled: bool
    version: int
    digest: bytes
    content: bytes
    folder: Folder
    links: Mapping[str, FileState | None]


class Sources:
    """The source files of one project.

    Args:
        root: the project's folder.
        import_roots: folders that modules are imported from, relative to `root`, in order.

    Raises:
        Invalid: an import root lies outside the project.
    """

    def __init__(self, root: Path, import_roots: tuple[str, ...]) -> None:
        self.root = os.path.abspath(root)  # noqa: PTH100 - lexical: symbolic links stay as they are written
        self._roots = [os.path.normpath(os.path.join(self.root, place)) for place in import_roots]  # noqa: PTH118
        for place, path in zip(import_roots, self._roots, strict=True):
            if path != self.root and not path.startswith(self.root.rstrip(os.sep) + os.sep):
                raise Invalid(
                    f"import root {place!r} is outside the project",
                    why="the code of a step is recorded with paths relative to the project",
                    next_step="move the code into the project, or install it and lock it",
                )
        self._seen: dict[str, _Seen] = {}
        self._versions = 0
        self.touched: dict[str, int] = {}

    def begin(self) -> None:
        """Forget what was touched; from now on every path is looked at once more."""
        self.touched = {}

    def is_current(self, touched: Iterable[tuple[str, int]]) -> bool:
        """Return whether every path still holds what it held when it was touched."""
        known = self._seen
        for path, version in touched:
            seen = known.get(path)
            try:
                found = os.stat(path)  # noqa: PTH116 - a third of the time of Path.stat, on the path of every cache hit
            except OSError:
                if version == _NOTHING:
                    continue
                return False
            if (
                seen is None
                or not seen.is_settled
                or seen.state != (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
                or (seen.links and not _still_lead(seen.links))
            ):
                seen = self._look(path)
            if (seen.version if seen else _NOTHING) != version:
                return False
        return True

    def states(self, touched: Iterable[tuple[str, int]]) -> dict[str, FileState | None] | None:
        """Return the state, from before it was read, of every touched path and of what links in touched folders lead to.

        None if a path held something else later, or was touched with different content.
        """
        found: dict[str, FileState | None] = {}
        for path, version in touched:
            seen = self._seen.get(path)
            if (seen.version if seen else _NOTHING) != version:
                return None
            states = {path: seen.state if seen else None, **(seen.links if seen else {})}
            if any(found.setdefault(name, state) != state for name, state in states.items()):
                return None
        return found

    def tops(self) -> tuple[Folder, ...]:
        """Return what the import roots hold: it decides which top-level names belong to the project."""
        return tuple(self._folder(path) for path in self._roots)

    def find(self, module: str) -> Found | None:
        """Return where a module of the project is, or None if the project has no such module.

        A package wins over a compiled module, that over a source file, and all over a folder without `__init__.py`, as in an
        import.
        """
        head, _, last = module.rpartition(".")
        if not last.isidentifier():
            return None
        if head:
            above = self.find(head)
            folders = [above.folder] if above and above.folder else []
        else:
            folders = self._roots
        spaces = []
        for folder in folders:
            held = self._folder(folder)
            inner = f"{folder}{os.sep}{last}"
            if last in held.folders:
                if "__init__.py" in self._folder(inner).sources:
                    return Found(f"{inner}{os.sep}__init__.py", inner)
                spaces.append(inner)
            for name, file in held.compiled:
                if name == last:
                    return Found(f"{folder}{os.sep}{file}", "")
            if f"{last}.py" in held.sources:
                return Found(f"{inner}.py", "")
        return next((Found("", space) for space in spaces if any(True for _ in self._walk(space))), None)

    def is_ours(self, module: str) -> bool:
        """Return whether the top-level package of a module belongs to the project."""
        return self.find(module.partition(".")[0]) is not None

    def read(self, path: str) -> tuple[bytes, int]:
        """Return the content of a file and a number that changes when the content does.

        Raises:
            Invalid: the file cannot be read.
        """
        seen = self._touch(path)
        if seen is None:
            raise Invalid(
                f"{self.relative(path)} cannot be read",
                why="it vanished, or this account may not read it",
                next_step="restore it, or make it readable",
                file=self.relative(path),
            )
        return seen.content, seen.version

    def all_files(self) -> list[str]:
        """Return every Python file below the import roots, without hidden folders and virtual environments, sorted."""
        found = {path for place in self._roots for path in self._walk(place)}
        return sorted(found, key=self.relative)

    def relative(self, path: str) -> str:
        """Return a path relative to the project, with `/`."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def _walk(self, top: str) -> Iterator[str]:
        rest, visited = [top], set()
        while rest:
            folder = rest.pop()
            real = os.path.realpath(folder)
            if real in visited:
                continue  # a loop of symbolic links
            visited.add(real)
            held = self._folder(folder)
            if not held.is_environment:
                inside = (name for name in held.folders if not name.startswith(".") and name not in _NEVER)
                rest += [f"{folder}{os.sep}{name}" for name in inside]
                yield from (f"{folder}{os.sep}{name}" for name in held.sources)

    def _folder(self, folder: str) -> Folder:
        seen = self._touch(folder)
        return seen.folder if seen else Folder()

    def _touch(self, path: str) -> _Seen | None:
        if path in self.touched:
            return self._seen.get(path)
        seen = self._look(path)
        self.touched[path] = seen.version if seen else _NOTHING
        return seen

    def _look(self, path: str) -> _Seen | None:
        """Look at a path now; keep what was known of it if its content is the same."""
        old = self._seen.get(path)
        try:
            found = os.stat(path)  # noqa: PTH116 - see is_current
            state = FileState.of(found)
            if old and old.is_settled and old.state == state and _still_lead(old.links):
                return old
            now_ns = time.time_ns()
            is_folder = stat.S_ISDIR(found.st_mode)
            folder, links = _listed(path) if is_folder else (Folder(), {})
            content = _encoded(folder) if is_folder else Path(path).read_bytes()
        except OSError:
            self._seen.pop(path, None)
            return None
        settled = is_settled(state, at_ns=now_ns)
        digest = blake3(content).digest()
        if old and old.digest == digest:
            old.state, old.is_settled, old.links = state, settled, links
            return old
        self._versions += 1
        seen = _Seen(state, settled, self._versions, digest, content, folder, links)
        self._seen[path] = seen
        return seen


def _listed(folder: str) -> tuple[Folder, dict[str, FileState | None]]:
    """Return what a folder holds, and the paths of the symbolic links in it with the state of what each leads to."""
    folders, files = [], []
    links: dict[str, FileState | None] = {}
    with os.scandir(folder) as listing:
        for item in listing:
            mode = _noted(item.path, links) if item.is_symlink() else 0
            if stat.S_ISDIR(mode) or (not mode and item.is_dir()):
                folders.append(item.name)
            elif not item.name.startswith(".") and (stat.S_ISREG(mode) or (not mode and item.is_file())):
                files.append(item.name)
    held = Folder(
        frozenset(folders),
        frozenset(name for name in files if name.endswith(".py")),
        tuple(sorted((name.partition(".")[0], name) for name in files if name.endswith(_EXTENSIONS))),
        "pyvenv.cfg" in files,
    )
    return held, links


def _noted(link: str, links: dict[str, FileState | None]) -> int:
    """Return the mode of what a symbolic link leads to, and note its state."""
    try:
        found = os.stat(link)  # noqa: PTH116 - see is_current
    except OSError:  # it leads to nothing, or to itself, which nothing can import
        links[link] = None
        return stat.S_IFLNK
    links[link] = FileState.of(found)
    return found.st_mode


def _still_lead(links: Mapping[str, FileState | None]) -> bool:
    """Return whether symbolic links lead to what they led to: that changes without the folder they are in."""
    now: dict[str, FileState | None] = {}
    for link in links:
        _noted(link, now)
    return now == links


def _encoded(folder: Folder) -> bytes:
    return repr((sorted(folder.folders), sorted(folder.sources), folder.compiled, folder.is_environment)).encode(
        errors="surrogateescape"
    )
