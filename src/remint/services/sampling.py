"""Reading samples (see ports.samples.Sampling): from the store, and what it lacks from the remote."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from remint.core.artifact import Artifact
from remint.core.digest import from_raw
from remint.core.manifest import Rows, joined, rows_of
from remint.core.remote import RECORD_BYTES, object_name, pack_name
from remint.errors import BlobAltered, BlobMissing
from remint.ports.remotes import Remote
from remint.ports.samples import ManyBlobs, Unfold
from remint.services.bringing import Contents
from remint.services.carrying import each
from remint.services.manifests import Manifests

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REQUEST_BYTES = 4 << 20
"""So much is asked for in one call of the remote, about; several calls wait at once."""

_ROW = 40
"""Bytes that the index of a pack has for each record."""

_Spot = tuple[str, int, int]
"""The name of a pack, and the begin and the end of a record in it."""


@dataclass(frozen=True)
class SampleService:
    """See ports.samples.Sampling.

    Attributes:
        far: what is asked for files that are not here; None if there is no remote.
    """

    blobs: ManyBlobs
    manifests: Manifests
    far: "FarFiles | None"

    @property
    def is_far(self) -> bool:
        """Whether files may come from a remote."""
        return self.far is not None

    def rows(self, artifact: Artifact) -> Rows:
        """Return the files of a set."""
        return joined(list(self.chunks(artifact)) or [rows_of([])])

    def chunks(self, artifact: Artifact) -> Iterator[Rows]:
        """Yield the files of a set in parts."""
        made, _ = self.manifests.identify(artifact)
        if made != artifact.digest:
            raise BlobAltered(
                f"artifact {artifact.digest.short} is not what its name says",
                why=f"its record was altered: the bytes it lists make {made.short}",
                next_step="restore .remint/ from a backup",
                digest=artifact.digest,
            )
        yield from self.manifests.rows(artifact.parts)

    def read(self, raws: Sequence[bytes], sizes: Sequence[int], *, keep: bool = False) -> list[bytes]:
        """Return the content of files."""
        found = self.blobs.get_many(raws)
        lacking = {raw: size for raw, size, content in zip(raws, sizes, found, strict=True) if content is None}
        brought = self._brought(lacking, keep=keep) if lacking else {}
        return [brought[raw] if content is None else content for raw, content in zip(raws, found, strict=True)]

    def _brought(self, lacking: Mapping[bytes, int], *, keep: bool) -> Mapping[bytes, bytes]:
        if self.far is None:
            raise _missing(next(iter(lacking)), "the store does not hold them, and the setting `remote` names no other place")
        brought = self.far.read(lacking)
        if keep:
            with self.blobs.adding():
                for content in brought.values():
                    self.blobs.put(content)
                self.blobs.flush()
        return brought


@dataclass
class FarFiles:
    """Files in a remote, read by ranges of packs; nothing is written here.

    Attributes:
        opened: opens the remote; called when it is first needed.
        unfold: makes the bytes of a file of its record and those of its parts.
    """

    opened: Callable[[], Remote]
    unfold: Unfold
    _remote: Remote | None = None
    _contents: Contents | None = None
    _index: "FarIndex | None" = None
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def read(self, wanted: Mapping[bytes, int]) -> dict[bytes, bytes]:
        """Return the content of files, verified.

        Args:
            wanted: the size of each in bytes, by its raw digest.

        Raises:
            BlobMissing: one is not in the remote.
            BlobAltered: what it holds is something else.
        """
        spots = self._spots(list(wanted))
        records = self._records({raw: spot for raw, spot in spots.items() if spot is not None})
        found = {raw: self.unfold(raw, record, self._fetch) for raw, record in records.items()}
        whole = {raw: wanted[raw] for raw, spot in spots.items() if spot is None}
        each(lambda raw: found.update({raw: self._whole(raw, whole[raw])}), whole)
        return found

    def _fetch(self, raws: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return records of parts."""
        spots = {raw: spot for raw, spot in self._spots(list(raws)).items() if spot is not None}
        for raw in raws:
            if raw not in spots:
                raise _missing(raw, "a part of the file is not in the remote")
        return self._records(spots)

    def _whole(self, raw: bytes, size_bytes: int) -> bytes:
        """Return the content of a file that is kept whole."""
        pieces = self._open().ranges(object_name(from_raw(raw)), [(0, size_bytes)])
        if pieces is None:
            raise _missing(raw, "no index of the remote names them, and there is no whole file of them")
        return self.unfold(raw, bytes(RECORD_BYTES) + pieces[0], self._fetch)

    def _open(self) -> Remote:
        if self._remote is None:
            self._remote = self.opened()
        return self._remote

    def _spots(self, raws: Sequence[bytes]) -> dict[bytes, _Spot | None]:
        """Return where records stand; None for what is in no pack, also after a new look at the remote."""
        with self._looking:
            if self._contents is None:
                self._contents = Contents(self._open())
                self._contents.look()
            if self._index is None:
                self._index = FarIndex(self._contents.indexes)
            found = self._index.find(raws)
            if None in found.values() and self._contents.look():
                self._index = FarIndex(self._contents.indexes)
                found = self._index.find(raws)
            return found

    def _records(self, spots: Mapping[bytes, _Spot]) -> dict[bytes, bytes]:
        held: dict[bytes, bytes] = {}
        each(lambda share: held.update(self._share(share)), _shares(spots))
        return held

    def _share(self, share: Sequence[tuple[_Spot, bytes]]) -> dict[bytes, bytes]:
        name = pack_name(share[0][0][0])
        pieces = self._open().ranges(name, [spot[1:] for spot, _ in share])
        if pieces is None:
            raise BlobMissing(
                f"{name} is not in the remote",
                why="its index is there, so it was removed",
                next_step="restore it there, or push again from a project that has it",
            )
        return {raw: piece for (_, raw), piece in zip(share, pieces, strict=True)}


def _shares(spots: Mapping[bytes, _Spot]) -> list[list[tuple[_Spot, bytes]]]:
    """Return records in shares, each of one pack and of about REQUEST_BYTES, in the order of the pack."""
    shares: list[list[tuple[_Spot, bytes]]] = []
    room, pack = 0, ""
    for spot, raw in sorted((spot, raw) for raw, spot in spots.items()):
        if spot[0] != pack or room <= 0:
            shares.append([])
            room, pack = REQUEST_BYTES, spot[0]
        shares[-1].append((spot, raw))
        room -= spot[2] - spot[1]
    return shares


class FarIndex:
    """Where records stand in packs, for looking up many at once.

    Args:
        indexes: by the names of packs, each as it is stored (docs/format/store.md, section 3).
    """

    def __init__(self, indexes: Mapping[str, bytes]) -> None:
        import numpy as np

        self._indexes = dict(indexes)
        self._names = list(indexes)
        counts = [len(index) // _ROW for index in indexes.values()]
        keys = [_keys(index, count) for index, count in zip(indexes.values(), counts, strict=True)]
        joined_keys = np.concatenate([np.empty(0, np.uint64), *keys])
        order = np.argsort(joined_keys, kind="stable")
        self._keys = joined_keys[order]
        self._packs = np.repeat(np.arange(len(counts)), counts)[order]
        self._rows = np.concatenate([np.empty(0, np.int64), *(np.arange(count) for count in counts)])[order]

    def find(self, raws: Sequence[bytes]) -> dict[bytes, _Spot | None]:
        """Return where a record of each digest stands, or None."""
        import numpy as np

        wanted = np.frombuffer(b"".join(raw[:8] for raw in raws), ">u8").astype(np.uint64)
        return {raw: self._at(raw, int(first)) for raw, first in zip(raws, np.searchsorted(self._keys, wanted), strict=True)}

    def _at(self, raw: bytes, place: int) -> _Spot | None:
        key = int.from_bytes(raw[:8], "big")
        while place < len(self._keys) and int(self._keys[place]) == key:
            name, row = self._names[int(self._packs[place])], int(self._rows[place])
            index = self._indexes[name]
            count = len(index) // _ROW
            if index[32 * row : 32 * row + 32] == raw:
                begin = _number(index, 32 * count + 4 * row)
                return name, begin, begin + RECORD_BYTES + _number(index, 36 * count + 4 * row)
            place += 1
        return None


def _keys(index: bytes, count: int) -> "NDArray[np.uint64]":
    import numpy as np

    return np.frombuffer(index, ">u8", 4 * count)[::4].astype(np.uint64)


def _number(index: bytes, at: int) -> int:
    return int.from_bytes(index[at : at + 4], "little")


def _missing(raw: bytes, why: str) -> BlobMissing:
    digest = from_raw(raw)
    return BlobMissing(
        f"the bytes of {digest.short} were not read",
        why=why,
        next_step="push them again from a project that has them, or restore .remint/store from a backup",
        digest=digest,
    )
