"""A process that helps with very many files (see adapters.blobs.hands): it takes shares from its standard input."""

import os
import signal
import sys
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from remint.adapters.blobs import refusals
from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.handle import Handle
from remint.adapters.blobs.hands import receive, send, told
from remint.adapters.blobs.laying import write_records
from remint.errors import RemintError

_DIE_WITH_PARENT = 1


def main(words: Sequence[str]) -> None:
    """Do shares of a job until there are no more: `put STORE LIMITS...` or `lay STORE LIMITS...`."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks is told, and ends this one
    job, root, *numbers = words
    if job == "put":
        _put(Path(root), Limits(*map(int, numbers)))
    else:
        _answer_all(_lay)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def _put(root: Path, limits: Limits) -> None:
    from remint.adapters.blobs.local import LocalBlobs

    store, is_asked, answer = LocalBlobs(root, limits=limits), False, None
    try:
        with store.putting(ahead=False) as put:
            is_asked = _answer_all(lambda paths: _kept(put([os.fsdecode(path) for path in paths])))
        store.flush()
    except RemintError as error:
        answer = told(error)
    if is_asked:
        send(sys.stdout.buffer, msgspec.msgpack.encode(answer))


def _kept(found: Any) -> list[bytes]:  # noqa: ANN401 - what `put_files` yields
    """Return digests and stats of files, each in one piece."""
    raws, numbers = bytearray(), array("q")
    for raw, stat in found:
        raws += raw
        numbers.extend((stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))
    return [bytes(raws), numbers.tobytes()]


def _lay(request: list[Any]) -> list[int]:
    """Write the files of a share from one pack; return the places of those that must be written otherwise."""
    pack, places, raws, paths = request
    numbers = array("q", places)
    records = [
        (numbers[2 * at], numbers[2 * at + 1], raws[32 * at : 32 * at + 32], os.fsdecode(path)) for at, path in enumerate(paths)
    ]
    try:
        handle = Handle(os.fsdecode(pack))
    except FileNotFoundError:  # it was sealed, and has another name now
        return list(range(len(records)))
    return write_records(handle, records)


def _answer_all(act: Callable[[Any], object]) -> bool:
    """Answer requests; return whether the end was asked for, not only found."""
    while (message := receive(sys.stdin.buffer)) is not None:
        request = msgspec.msgpack.decode(message)
        if request is None:
            return True
        _answer(act, request)
    return False


def _answer(act: Callable[[Any], object], request: object) -> None:
    try:
        with refusals.writing(Path()):
            answer = act(request)
    except RemintError as error:
        answer = told(error)
    send(sys.stdout.buffer, msgspec.msgpack.encode(answer))
