"""Backups in a folder (see ports.backups).

`store`, `usage`, `keys` and `tracked` are shared by all backups in the folder; `catalogs` holds one database a backup, and
beside it a record that makes the backup complete.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from remint.core.digest import Digest
from remint.errors import Conflict, Invalid, Unavailable
from remint.ports.backups import Backup, Progress

_BEFORE, _AFTER = ("usage", "keys", "tracked"), ("store",)
_DERIVED = frozenset({"extracted", "fence", "incoming", "index"})
"""What the store makes again by itself."""

_IMMUTABLE = (".pack",)
_OPEN = ".open"
_PART = ".part"


class _Copy(NamedTuple):
    source: Path
    target: Path
    size: int


class BackupFolder:
    """A folder with backups of one state.

    Args:
        place: the folder.
        state: the project's folder of state.
    """

    def __init__(self, place: Path, state: Path) -> None:
        self._place = place
        self._state = state
        self._catalogs = place / "catalogs"

    def all(self) -> Sequence[Backup]:
        """Return the complete backups, oldest first."""
        with _reaching(self._place):
            if not self._place.exists():
                return ()
            if any(self._place.iterdir()) and not self._catalogs.is_dir():
                raise Invalid(
                    f"{self._place.name} holds no backups", why="something else is in it", next_step="choose another folder"
                )
            return [_read(path) for path in sorted(self._catalogs.glob("*.json"))]

    def take(self, snapshot: Callable[[Path], Backup], *, on_progress: Progress | None = None) -> tuple[Backup, int]:
        """Copy the state here."""
        with _reaching(self._place):
            self._catalogs.mkdir(parents=True, exist_ok=True)
            self._place.chmod(0o700)  # the keys of principals are in it
            copied = _copy_all(list(self._outward(_BEFORE)), None, 0)
            database = self._catalogs / f"catalog{_PART}"
            database.unlink(missing_ok=True)
            made = snapshot(database)
            todo = list(self._outward(_AFTER))
            copied += _copy_all(todo, on_progress, copied)
            self._forget_open_packs()
            _sync(database)
            database.replace(self._catalogs / f"{made.name}.db")
            record = {"v": 1, **{name: getattr(made, name) for name in Backup.__slots__}}
            _write(self._catalogs / f"{made.name}.json", json.dumps(record).encode())
            return made, copied

    def _outward(self, names: Sequence[str]) -> Iterator[_Copy]:
        """Yield what must be copied from the state."""
        return (copy for name in names for copy in _differing(self._state / name, self._place / name))

    def _forget_open_packs(self) -> None:
        """Remove copies of packs that were sealed since, and so have another name."""
        kept = self._place / "store" / "packs"
        for path in kept.glob(f"*{_OPEN}"):
            if not (self._state / "store" / "packs" / path.name).exists():
                path.unlink()

    def drop(self, backup: Backup) -> None:
        """Forget a backup's catalog."""
        with _reaching(self._place):
            for ending in (".json", ".db"):  # without its record it is no backup any more
                (self._catalogs / f"{backup.name}{ending}").unlink(missing_ok=True)

    def put_back(self, backup: Backup, *, on_progress: Progress | None = None) -> int:
        """Copy a backup back, the catalog last."""
        with _reaching(self._state):
            catalog = self._state / "catalog.db"
            if catalog.exists():
                raise Conflict(
                    "nothing was restored",
                    why="the project has a catalog, and restoring would put an older one in its place",
                    next_step="move .remint/catalog.db away if that is what you want",
                )
            self._state.mkdir(parents=True, exist_ok=True)
            todo = [
                copy
                for name in (*_BEFORE, *_AFTER)
                for copy in _differing(self._place / name, self._state / name)
                if not copy.target.exists()
            ]
            copied = _copy_all(todo, on_progress, 0)
            for name in ("catalog.db-wal", "catalog.db-shm"):  # of the catalog that was lost
                (self._state / name).unlink(missing_ok=True)
            source = self._catalogs / f"{backup.name}.db"
            _copy_one(_Copy(source, catalog, source.stat().st_size))
            return copied


def _differing(source: Path, target: Path) -> Iterator[_Copy]:
    """Yield the files below `source` that are not below `target` as they are."""
    for folder, names, files in os.walk(source):
        names[:] = [name for name in names if name not in _DERIVED]
        for name in files:
            found, there = Path(folder, name), target / Path(folder).relative_to(source) / name
            if name in _DERIVED or name.endswith(_PART):
                continue
            with contextlib.suppress(
                FileNotFoundError
            ):  # it was sealed or given up a moment ago, and is elsewhere or not needed
                stat = found.stat()
                if not _is_there(there, stat, is_immutable=name.endswith(_IMMUTABLE)):
                    yield _Copy(found, there, stat.st_size)


def _is_there(there: Path, stat: os.stat_result, *, is_immutable: bool) -> bool:
    try:
        other = there.stat()
    except FileNotFoundError:
        return False
    return other.st_size == stat.st_size and (is_immutable or other.st_mtime_ns == stat.st_mtime_ns)


def _copy_all(todo: Sequence[_Copy], on_progress: Progress | None, done: int) -> int:
    total = done + sum(copy.size for copy in todo)
    copied, folders = 0, set()
    for copy in todo:
        with contextlib.suppress(FileNotFoundError):  # as above
            _copy_one(copy)
            copied += copy.size
            folders.add(copy.target.parent)
        if on_progress is not None:
            on_progress(done + copied, total)
    for folder in folders:
        _sync(folder)
    return copied


def _copy_one(copy: _Copy) -> None:
    """Copy a file so that its name is there only when all of it is, with its times and permissions."""
    if not copy.target.parent.exists():
        copy.target.parent.mkdir(parents=True)
        shutil.copymode(copy.source.parent, copy.target.parent)
    part = copy.target.with_name(copy.target.name + _PART)
    shutil.copy2(copy.source, part)
    _sync(part)
    part.replace(copy.target)


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + _PART)
    part.write_bytes(content)
    _sync(part)
    part.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> Backup:
    try:
        record = json.loads(path.read_bytes())
        if record.pop("v") != 1:
            raise ValueError("its version is unknown")
        return Backup(**{**record, "root": Digest.parse(record["root"])})
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(
            f"{path.name} is no record of a backup", why=str(error), next_step="move it away, or use another backup"
        ) from error


@contextlib.contextmanager
def _reaching(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"{place.name} was not reached",
            why=error.strerror or str(error),
            next_step="make room or mend the permissions, then run the same command again",
        ) from error
