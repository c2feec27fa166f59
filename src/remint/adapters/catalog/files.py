"""Telling from a catalog's files, without opening it, whether its records are the same as before."""

import os
from pathlib import Path

from remint.core.filestate import FileState
from remint.ports.standing import CatalogState

_HEADER_BYTES = 96
"""The two copies of the header of SQLite's index of the write-ahead log; every commit changes it (see sqlite.org/walformat)."""


def catalog_state(path: Path | None) -> CatalogState | None:
    """Return the state of the catalog in a database file; None if only opening it could tell, as where it is in no file.

    A commit lies in the write-ahead log first, and readers see it only when the disk has confirmed it; in between the log does
    not change. So while there is a log, its index is read too, which changes at the moment the commit is seen. Once the last
    process that had the catalog open has closed it, all commits are in the database file.
    """
    if path is None:
        return None
    found, log, journal = (_state(f"{path}{end}") for end in ("", "-wal", "-journal"))
    if found is None or journal is not None:
        return None  # an unfinished change without a log: the next to open the catalog undoes it
    if log is None:
        return CatalogState((found, None), "")
    commits = _commits(f"{path}-shm")
    log = log._replace(ctime_ns=log.mtime_ns)  # SQLite gives the log its owner again whenever the superuser opens it
    return None if commits is None else CatalogState((found, log), commits)


def _state(path: str) -> FileState | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - on the way of every `remint status`, as is the rest of this module
    except OSError:
        return None
    return FileState.of(found) if found.st_size else None


_open: dict[tuple[str, int], int] = {}
"""Files stay open until the process ends: closing one would drop the locks of this process's own connections (POSIX)."""


def _commits(path: str) -> str | None:
    """Return what the index of the log begins with; None if there is no index, as after a crash."""
    try:
        inode = os.stat(path).st_ino  # noqa: PTH116
        if (path, inode) not in _open:
            _open[path, inode] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        header = os.pread(_open[path, inode], _HEADER_BYTES, 0)
    except OSError:
        return None
    return header.hex() if len(header) == _HEADER_BYTES else None
