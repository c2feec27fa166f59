"""One sorted index over many sealed packs: derived from theirs, and safe to delete at any time."""

import contextlib
import fcntl
import mmap
import os
import secrets
import sys
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from struct import Struct
from typing import Any, Self, TypeVar
from zlib import crc32

from remint.adapters.blobs.handle import sync_data
from remint.adapters.blobs.pack import Index

_HEADER = Struct("<12sIQII")
_MAGIC, _NUMBER = b"remint index", 1
Pack = TypeVar("Pack")
_ABSORB = 3
"""A merged index that is at most so many times as large as what is merged is taken into the new one."""


class MergedIndex:
    """A mapped file: names of packs, and for every record its key, the number of its pack, its place and stored bytes.

    Args:
        mapped: the file.
        names: the packs, in the order of their numbers.
        count: how many records.
        start: where the columns begin.
    """

    def __init__(self, mapped: mmap.mmap, names: list[str], count: int, start: int) -> None:
        self.names = names
        self.count = count
        view = memoryview(mapped)
        ends = [start + count * width for width in (8, 12, 16, 20)]
        self.keys = view[start : ends[0]].cast("Q")
        self.numbers = view[ends[0] : ends[1]].cast("I")
        self.places = view[ends[1] : ends[2]].cast("I")
        self.stored = view[ends[2] : ends[3]].cast("I")

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Return the index in a file; None if it is gone, not whole, or of another machine's kind."""
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            head = file.read(_HEADER.size)
            if len(head) < _HEADER.size or sys.byteorder == "big":
                return None
            magic, number, count, packs, checksum = _HEADER.unpack(head)
            if (magic, number) != (_MAGIC, _NUMBER) or packs > os.fstat(file.fileno()).st_size // 32:
                return None
            names = file.read(32 * packs)
            whole = _HEADER.size + 32 * packs + 20 * count == os.fstat(file.fileno()).st_size
            if not whole or crc32(head[:-4] + names) != checksum:
                return None
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            listed = [names[at : at + 32].hex() for at in range(0, len(names), 32)]
            return cls(mapped, listed, count, _HEADER.size + len(names))
        return None

    def table(self, packs: Sequence[Pack]) -> dict[int, tuple[Pack, int, int]]:
        """Return pack, place and stored bytes of a record by its key.

        Args:
            packs: what stands for each of `names`.
        """
        named = zip(self.keys, self.numbers, self.places, self.stored, strict=True)
        return {key: (packs[number], place, stored) for key, number, place, stored in named if number < len(packs)}

    def find(self, key: int) -> list[tuple[int, int, int]]:
        """Return number of the pack, place and stored bytes of every record whose digest begins with `key`."""
        at, found = bisect_left(self.keys, key), []
        while at < self.count and self.keys[at] == key:
            if self.numbers[at] < len(self.names):
                found.append((self.numbers[at], self.places[at], self.stored[at]))
            at += 1
        return found


def merge(root: Path, indexes: Mapping[str, Index]) -> bool:
    """Write one merged index over these packs and the smaller merged ones; return whether it was done.

    Without room for it nothing is lost: it only saves time.
    """
    folder = root / "index"
    try:
        folder.mkdir(exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _merge(root, folder, indexes)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _merge(root: Path, folder: Path, indexes: Mapping[str, Index]) -> None:
    import numpy as np

    def columns(index: Index | MergedIndex, numbers: Any) -> tuple[Any, ...]:  # noqa: ANN401 - numpy arrays
        return (
            np.asarray(index.keys, np.uint64),
            numbers,
            np.asarray(index.places, np.uint32),
            np.asarray(index.stored, np.uint32),
        )

    names, parts, count = list(indexes), [], 0
    for number, index in enumerate(indexes.values()):
        parts.append(columns(index, np.full(len(index.keys), number, np.uint32)))
        count += len(index.keys)
    absorbed = []
    found = [(merged.count, path, merged) for path in folder.glob("*.idx") if (merged := MergedIndex.load(path)) is not None]
    for _, path, merged in sorted(found, key=lambda item: item[:2]):
        if merged.count > _ABSORB * count:
            break
        parts.append(columns(merged, np.asarray(merged.numbers, np.uint32) + np.uint32(len(names))))
        names += merged.names
        count += merged.count
        absorbed.append(path)
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(joined[0], kind="stable")
    listed = b"".join(bytes.fromhex(name) for name in names)
    head = _HEADER.pack(_MAGIC, _NUMBER, count, len(names), 0)[:-4]
    temporary = root / "incoming" / secrets.token_hex(16)
    try:
        with temporary.open("xb") as file:
            file.write(head + crc32(head + listed).to_bytes(4, "little") + listed)
            for column in joined:
                file.write(column[order].data)
            file.flush()
            sync_data(file.fileno())
        temporary.replace(folder / f"{secrets.token_hex(16)}.idx")
    finally:
        temporary.unlink(missing_ok=True)
    for path in absorbed:
        path.unlink(missing_ok=True)
