"""Successors: the same tables without the rows of a person, in files that never held one of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from remint.core.artifact import Artifact, Part
from remint.core.digest import Digest
from remint.core.tableversion import StoredSegment, named, segments_of
from remint.ports.erasures import SubjectRows
from remint.services.surveying import Held, Surveyor, Wanted
from remint.services.tableparts import WHOLE_FROM, TableParts

Blobs: TypeAlias = tuple[Digest, ...]
_APPENDED: Final = 8
"""A version that has so many segments more than an earlier one, at most, is made of that without reading it."""


@dataclass(frozen=True)
class Successors:
    """Makes successors; a segment that several tables share is written once, and one without such rows is shared on.

    Attributes:
        rows: writes segments without the rows of the subject.
        surveyor: knows which files hold some.
    """

    parts: TableParts
    rows: SubjectRows
    surveyor: Surveyor
    _written: dict[tuple[Blobs, tuple[str, ...]], StoredSegment] = field(default_factory=dict)
    _made: dict[tuple[Digest, tuple[Part, ...]], Artifact] = field(default_factory=dict)
    _known: dict[Blobs, Artifact] = field(default_factory=dict)

    def all(self, held: Iterable[Held]) -> dict[Digest, Artifact]:
        """Return the successor of each table, short ones made first: others may begin with them."""
        return {one.table.digest: self.of(one) for one in sorted(held, key=lambda one: int(one.table.facts["rows"]))}

    def of(self, held: Held) -> Artifact:
        """Return the table without the rows, all of it in the store. A table that has no such row comes back in other files."""
        key = (held.table.digest, held.table.parts)
        if key not in self._made:
            segments = list(self._segments(held))
            filled = [one for one in segments if one.rows] or segments[:1]
            self._made[key] = self._known[_blobs(filled)] = self._table(filled)
        return self._made[key]

    def _table(self, segments: Sequence[StoredSegment]) -> Artifact:
        for more in range(min(_APPENDED, len(segments) - 1) + 1):
            begun = self._known.get(_blobs(segments[: len(segments) - more]))
            if begun is not None:
                return self.parts.continued(begun, segments[len(segments) - more :]) if more else begun
        return self.parts.made_of([part for one in segments for part in one.parts])

    def _segments(self, held: Held) -> Iterator[StoredSegment]:
        """Yield what each segment becomes."""
        for chain in segments_of(held.table.parts, held.table.facts["segment_rows"]):
            is_held = any(self.surveyor.is_dirty(part, held.wanted) for part in chain.parts)
            yield self._rewritten(chain, held.wanted) if is_held else chain

    def _rewritten(self, chain: StoredSegment, wanted: Wanted) -> StoredSegment:
        key = (_blobs([chain]), tuple(wanted))
        if key not in self._written:
            with self.parts.folder() as folder:
                path = folder / "rest.parquet"
                paths = [self.parts.blobs.path(part.blob) for part in chain.parts]
                rows = self.rows.without(paths, wanted, path)
                self._written[key] = StoredSegment(self._kept(path), (), rows)
        return self._written[key]

    def _kept(self, path: Path) -> Part:
        blob, size_bytes = self.parts.blobs.put_file(path, whole=path.stat().st_size >= WHOLE_FROM)
        return named(blob, size_bytes, is_edit=False)


def _blobs(segments: Iterable[StoredSegment]) -> Blobs:
    return tuple(part.blob for one in segments for part in one.parts)
