"""Files outside the store, many at a time: reading those that must not change meanwhile, and making new ones."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from remint.adapters.blobs import refusals
from remint.adapters.blobs.chunks import CUT_FROM
from remint.core.digest import raw_digest
from remint.errors import RemintError

_SHARE = 64
"""So many files are read by one thread at once."""

_AHEAD = 1
"""So many threads read ahead; more only wait for one another."""

_READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_WRITING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_TYPE, _REGULAR = 0o170000, 0o100000


class _Read(NamedTuple):
    """A small file, read.

    Attributes:
        raw: the digest of its content.
        stat: of the file, after it was read.
    """

    raw: bytes
    content: bytes
    stat: os.stat_result


def read_files(
    paths: Iterable[str],
    *,
    small: Callable[[bytes, bytes], object],
    large: Callable[[Callable[[int], bytes]], bytes],
    ahead: bool = True,
) -> Iterator[tuple[bytes, os.stat_result]]:
    """Read files, in order; yield the digest of each, and its stat after it was read.

    Small files are read ahead by threads, a share at a time, since most of the time is the kernel's.

    Args:
        paths: the files.
        small: keeps the content of a file below CUT_FROM bytes, given its digest and the content.
        large: keeps what a function `read(most)` gives until it gives nothing, and returns the digest.
        ahead: let a thread read; not where other processes keep the processors busy.

    Raises:
        Conflict, Invalid: as ports.blobs.Blobs.put_files.
    """
    for share in _read_ahead(paths) if ahead else map(_read_share, _shares(paths)):
        for found in share:
            if isinstance(found, _Read):
                small(found.raw, found.content)
                yield found.raw, found.stat
            elif isinstance(found, str):
                yield _read_large(found, large)
            else:
                raise found


def _shares(paths: Iterable[str]) -> Iterator[list[str]]:
    pending = iter(paths)
    return iter(lambda: list(islice(pending, _SHARE)), [])


def _read_ahead(paths: Iterable[str]) -> Iterator[list[_Read | RemintError | str]]:
    waiting: deque[Future[list[_Read | RemintError | str]]] = deque()
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="read") as pool:
        for share in _shares(paths):
            waiting.append(pool.submit(_read_share, share))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _read_share(paths: list[str]) -> list[_Read | RemintError | str]:
    """Read files; one that is large is named only, and after one that cannot be read nothing more is."""
    found: list[_Read | RemintError | str] = []
    for path in paths:
        try:
            found.append(_read_small(path) or path)
        except RemintError as error:
            found.append(error)
            break
    return found


def _read_small(path: str) -> _Read | None:
    """Return a file below CUT_FROM bytes; None if it is larger."""
    handle = _open(path)
    try:
        before = os.fstat(handle)
        size = before.st_size
        if before.st_mode & _TYPE != _REGULAR:
            raise refusals.unreadable(path, "it is not a file")
        if size >= CUT_FROM:
            return None
        content = _piece(path, handle, size + 1)
        after = os.fstat(handle)
    finally:
        os.close(handle)
    _require_same(path, before, after, len(content))
    return _Read(raw_digest(content), content, after)


def _open(path: str) -> int:
    try:
        return os.open(path, _READING)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _require_same(path: str, before: os.stat_result, after: os.stat_result, read: int) -> None:
    size = before.st_size
    if (
        read != size
        or after.st_size != size
        or after.st_mtime_ns != before.st_mtime_ns
        or after.st_ctime_ns != before.st_ctime_ns
    ):
        raise refusals.changed(path)


def _read_large(path: str, large: Callable[[Callable[[int], bytes]], bytes]) -> tuple[bytes, os.stat_result]:
    handle, total = _open(path), 0
    try:
        before = os.fstat(handle)
        if before.st_size < CUT_FROM:
            raise refusals.changed(path)

        def read(most: int) -> bytes:
            nonlocal total
            piece = _piece(path, handle, most)
            total += len(piece)
            if total > before.st_size:  # it may grow as fast as it is read
                raise refusals.changed(path)
            return piece

        kept = large(read)
        after = os.fstat(handle)
    finally:
        os.close(handle)
    _require_same(path, before, after, total)
    return kept, after


def _piece(path: str, handle: int, most: int) -> bytes:
    try:
        return os.read(handle, most)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError | ValueError) -> Exception:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return refusals.unreadable(path, f"it cannot be read ({why})")


def create(path: str, write: Callable[[int], object]) -> None:
    """Make a file and let `write` fill it by its descriptor; if that fails, nothing is left at `path`.

    Raises:
        Conflict: something is there already.
        Unavailable: the disk does not take it.
    """
    try:
        handle = os.open(path, _WRITING, 0o666)
    except FileExistsError:
        raise refusals.taken(path) from None
    except OSError as error:
        raise refusals.unwritable(path, error) from error
    done = False
    try:
        write(handle)
        done = True
    except OSError as error:
        raise refusals.unwritable(path, error) from error
    finally:
        if not done:
            os.unlink(path)  # noqa: PTH108 - one of many files
        os.close(handle)


def write_whole(handle: int, content: bytes | memoryview) -> None:
    """Write all of it."""
    written = os.write(handle, content)
    while written < len(content):
        written += os.write(handle, memoryview(content)[written:])
