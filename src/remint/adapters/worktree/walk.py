"""Walking through folders (see ports.worktree.Folders)."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from remint.adapters.worktree.receive import received
from remint.core.digest import FileHasher
from remint.core.worktree import NEVER_ADDED, UNFINISHED, Folder, Refused, packed, shown
from remint.errors import Conflict, Invalid, NotFound, Unavailable

_KINDS = {
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_REASONS = {
    errno.EACCES: "it may not be read",
    errno.EPERM: "it may not be read",
    errno.ENAMETOOLONG: "its path is too long for this system",
    errno.ELOOP: "a link that leads to itself",
}
_REGULAR, _FOLDER = stat.S_IFREG, stat.S_IFDIR
_TYPE = 0o170000
_PIECE_BYTES = 1 << 20


class DiskFolders:
    """Folders of this machine."""

    def walk(self, place: Path) -> "DiskWalk":
        """Return a walk through a folder, or over one file."""
        try:
            kind = stat.S_IFMT(place.stat().st_mode)
        except OSError as error:
            what = f"{shown(place.name)} was not read"
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                raise NotFound(what, why="there is no such file or folder", next_step="check the path") from error
            raise Invalid(what, why=_reason(error), next_step="check the path") from error
        if kind not in {_REGULAR, _FOLDER}:
            raise Invalid(f"{shown(place.name)} was not read", why=f"it is {_KINDS[kind]}", next_step="name a file or a folder")
        return DiskWalk(place, is_file=kind == _REGULAR)

    def digest(self, path: str) -> bytes | Refused:
        """Return the digest of a file, or why it cannot be read."""
        hasher = FileHasher()
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - one of many files
                while piece := file.read(_PIECE_BYTES):
                    hasher.update(piece)
        except OSError as error:
            return Refused(path, _reason(error))
        return hasher.digest().raw

    def receive(self, folder: Path, version: str) -> AbstractContextManager[Path | None]:
        """Give a hidden folder whose content becomes that of `folder`."""
        return received(folder, version)

    def make(self, folder: str) -> None:
        """Make a folder and those above it."""
        try:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - one of many
        except OSError as error:
            raise Unavailable(
                f"{shown(folder)} was not made",
                why=error.strerror or "the disk refused",
                next_step="make room, or choose a folder with a shorter path",
            ) from error

    def unreadable(self, root: str, paths: Iterable[str]) -> list[Refused]:
        """Return the files that may not be read."""
        return [Refused(path, _why_unreadable(root + path)) for path in paths if not os.access(root + path, os.R_OK)]


class DiskWalk:
    """A walk through one folder of this machine.

    Args:
        place: a folder, or a file.
        is_file: which of the two.
    """

    def __init__(self, place: Path, *, is_file: bool) -> None:
        self._name = place.name if is_file else ""
        self.root = f"{place.parent if is_file else place}/".replace("//", "/")
        self.refused: list[Refused] = []
        self.left_out: list[str] = []

    def __iter__(self) -> Iterator[Folder]:
        self.refused, self.left_out = [], []
        if self._name:
            yield self._folder("", _opened(self.root), [self._name])[0]
            return
        waiting = [""]
        while waiting:
            path = waiting.pop()
            try:
                handle = _opened(self.root + path)
            except OSError as error:
                if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                    raise _changed(path) from error
                self.refused.append(Refused(path, _reason(error)))
                continue
            folder, inside = self._folder(path, handle, sorted(os.listdir(handle)))  # noqa: PTH208 - an open folder
            yield folder
            waiting += reversed(inside)

    def _folder(self, path: str, handle: int, names: list[str]) -> tuple[Folder, list[str]]:
        """Return a folder, whose open handle is closed, and the paths of the folders inside it."""
        look, numbers, others = os.stat, list[int](), list[tuple[str, int]]()
        take = numbers.extend
        try:
            for name in names:
                try:
                    seen = look(name, dir_fd=handle)
                except OSError as error:
                    self.refused.append(Refused(path + name, _why_not(name, handle, error)))
                    others.append((name, 0))
                    continue
                if seen[0] & _TYPE == _REGULAR:
                    take((seen[6], seen.st_mtime_ns, seen.st_ctime_ns, seen[1]))
                else:
                    others.append((name, seen[0] & _TYPE))
            inside = [found for name, kind in others if (found := self._inside(path, name, kind, handle))]
        finally:
            os.close(handle)
        if others:
            skipped = {name for name, _ in others}
            names = [name for name in names if name not in skipped]
        joined = "\0".join(names)
        if not joined.isascii():
            self._require_utf8(path, names)
        return Folder(path, joined, packed(numbers)), sorted(inside)

    def _inside(self, path: str, name: str, kind: int, handle: int) -> str:
        """Return the path of a folder to walk; nothing if it is no folder, or is refused or left out."""
        if kind == 0:
            return ""
        is_link = stat.S_ISLNK(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)
        if kind != _FOLDER:
            self.refused.append(Refused(path + name, f"a link to {_KINDS[kind]}" if is_link else _KINDS[kind]))
        elif is_link:
            self.refused.append(Refused(path + name, "a link to a folder"))
        elif name in NEVER_ADDED:
            self.left_out.append(path + name)
        elif name.startswith(UNFINISHED):
            self.refused.append(Refused(path + name, "what a stopped checkout left"))
        elif not _is_utf8(name):
            self.refused.append(Refused(path + name, "its name is not UTF-8"))
        else:
            return f"{path}{name}/"
        return ""

    def _require_utf8(self, path: str, names: Iterable[str]) -> None:
        self.refused += [Refused(path + name, "its name is not UTF-8") for name in names if not _is_utf8(name)]


def _opened(folder: str) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _why_not(name: str, handle: int, error: OSError) -> str:
    """Return why a name cannot be followed.

    Raises:
        Conflict: it is gone.
    """
    if error.errno != errno.ENOENT:
        return _reason(error)
    try:
        os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        raise _changed(name) from error
    return "a link that leads nowhere"


def _why_unreadable(path: str) -> str:
    try:
        os.stat(path)  # noqa: PTH116
    except OSError as error:
        return _reason(error)
    return _REASONS[errno.EACCES]


def _reason(error: OSError) -> str:
    return _REASONS.get(error.errno or 0, error.strerror or "it cannot be read")


def _changed(path: str) -> Conflict:
    return Conflict(
        f"{shown(path.rstrip('/'))} was not read",
        why="it was removed while it was being read",
        next_step="run the command again when nothing writes there",
    )
