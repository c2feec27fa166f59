"""How a version of a table lies in the store: segments in row order, the edits of each, and the digests of its blocks.

See docs/format/tables.md, sections 6 and 7.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from remint.core.artifact import Part
from remint.core.digest import Digest
from remint.core.tabledigest import BLOCK_ROWS, DIGEST_BYTES, Field, table_digest
from remint.core.tabletype import parse_tag
from remint.errors import BlobAltered

BLOCKS: Final = "blocks"
"""The name of the part that holds the digests of all blocks."""
TABLE_SUFFIXES: Final = (".parquet", ".arrow", ".feather")
"""Files that hold a table and nothing else."""
MERGED_AT_ONCE: Final = 8
"""So many small segments at the end of a table become one."""
LARGEST_MERGED_BYTES: Final = 64 << 20
"""A segment as large as this is never written again because rows were appended."""

_SEGMENT, _EDIT = ".parquet", ".edit.parquet"


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment of a version, and the edits that follow it."""

    part: Part
    edits: tuple[Part, ...]
    rows: int

    @property
    def parts(self) -> tuple[Part, ...]:
        """The segment and its edits, in order."""
        return (self.part, *self.edits)


def named(blob: Digest, size_bytes: int, *, is_edit: bool) -> Part:
    """Return the part of a version that a stored file is."""
    return Part(blob.hex + (_EDIT if is_edit else _SEGMENT), blob, size_bytes)


def is_edit(part: Part) -> bool:
    """Return whether a part is an edit of the segment before it.

    Example:
        >>> from remint.core.digest import digest_bytes
        >>> is_edit(named(digest_bytes(b""), 0, is_edit=True))
        True
    """
    return part.path.endswith(_EDIT)


def files_of(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts that hold rows: segments and edits, in order."""
    return tuple(part for part in parts if part.path != BLOCKS)


def segments_of(parts: Iterable[Part], segment_rows: Sequence[int]) -> list[StoredSegment]:
    """Return the segments of a version with their edits.

    Args:
        parts: of the version.
        segment_rows: how many rows each segment has with its edits applied.
    """
    held: list[tuple[Part, list[Part]]] = []
    for part in files_of(parts):
        if is_edit(part):
            held[-1][1].append(part)
        else:
            held.append((part, []))
    return [StoredSegment(part, tuple(edits), rows) for (part, edits), rows in zip(held, segment_rows, strict=True)]


def fields_of(schema: Iterable[Mapping[str, str]]) -> tuple[Field, ...]:
    """Return the columns that the facts of a table tell of."""
    return tuple(Field(column["name"], parse_tag(column["type"])) for column in schema)


def proven_blocks(digest: Digest, facts: Mapping[str, Any], held: bytes) -> tuple[bytes, ...]:
    """Return the digests of a table's blocks, which prove themselves: the table's digest is made of them.

    Args:
        digest: of the table.
        facts: of the table; its rows and schema are proven with them.
        held: the content of its part `blocks`.

    Raises:
        BlobAltered: they are not those of the table.
    """
    fields, rows = fields_of(facts["schema"]), int(facts["rows"])
    width = DIGEST_BYTES * len(fields)
    blocks = tuple(held[start : start + width] for start in range(0, len(held), width))
    if len(held) != width * -(-rows // BLOCK_ROWS) or table_digest(fields, rows, blocks) != digest:
        raise BlobAltered(
            f"the blocks of table {digest.short} are not its own",
            why="its digest is not made of them",
            next_step="restore .remint/ from a backup, or add the table again",
            digest=digest,
        )
    return blocks


def merged_tail(segments: Sequence[StoredSegment]) -> int:
    """Return how many segments at the end become one, so that a table with n appends has O(log n) segments; 0 for none.

    A level is three bits of the number of rows. Eight neighbours at the end that are not above the level of the last become
    one; then so do those before it, if that makes eight again. A segment that has edits or is large ends the search.

    Example:
        >>> part = named(Digest("b3:" + 64 * "0"), 1000, is_edit=False)
        >>> [merged_tail([StoredSegment(part, (), 100)] * count) for count in (7, 8)]
        [0, 8]
        >>> merged_tail([StoredSegment(part, (), 800)] * 7 + [StoredSegment(part, (), 100)] * 8)
        15
    """
    taken = 0
    while True:
        level = _level(sum(segment.rows for segment in segments[len(segments) - max(taken, 1) :]))
        until = _reached(segments, taken, level)
        if until - taken + (taken > 0) < MERGED_AT_ONCE:
            return taken
        taken = until


def _reached(segments: Sequence[StoredSegment], taken: int, level: int) -> int:
    """Return how many segments at the end are not above a level, small, and without edits; the last `taken` of them are."""
    size_bytes = sum(segment.part.size_bytes for segment in segments[len(segments) - taken :])
    for number, segment in enumerate(reversed(segments[: len(segments) - taken]), taken):
        size_bytes += segment.part.size_bytes
        if segment.edits or size_bytes > LARGEST_MERGED_BYTES or _level(segment.rows) > level:
            return number
    return len(segments)


def _level(rows: int) -> int:
    return (max(rows, 1).bit_length() - 1) // 3
