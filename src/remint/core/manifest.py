"""Manifests: which files a set holds, in segments, so that one changed file rewrites one (docs/format/records.md, section 5).

Rows stand column by column, so that reading and writing cost no object a row.
"""

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import lt
from zlib import crc32

from remint.core import canonical
from remint.core.artifact import Part, require_path
from remint.core.digest import Digest, digest_record, from_raw
from remint.errors import Corrupt, Invalid

MAGIC, FORMAT = b"files\0\0\0", 2
BORDER = 0xFFF
"""A row ends its segment if these bits of the CRC-32 of its path are zero: one row in 4,096."""
MOST_ROWS = 65_536
DIGEST_BYTES = 32
_HEADER = struct.Struct("<8sII")
_ROW_BYTES = DIGEST_BYTES + 8


@dataclass(frozen=True, slots=True)
class Rows:
    """Some files of a set, in order of their paths.

    Attributes:
        paths: of the files, strictly ascending.
        digests: of their contents, 32 bytes each, joined.
        sizes: in bytes.
    """

    paths: Sequence[str]
    digests: bytes
    sizes: "array[int]"

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def size_bytes(self) -> int:
        """The size of these files in bytes."""
        return sum(self.sizes)

    def raw(self, place: int) -> bytes:
        """Return the 32 bytes of one digest."""
        return self.digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]

    def raws(self) -> Iterator[bytes]:
        """Yield the 32 bytes of each digest."""
        digests = self.digests
        return (digests[place : place + DIGEST_BYTES] for place in range(0, len(digests), DIGEST_BYTES))

    def each(self) -> Iterator[tuple[str, Digest, int]]:
        """Yield path, digest and size of each file."""
        return zip(self.paths, map(from_raw, self.raws()), self.sizes, strict=True)

    def part(self, start: int, end: int) -> "Rows":
        """Return the rows from `start` to before `end`."""
        return Rows(self.paths[start:end], self.digests[start * DIGEST_BYTES : end * DIGEST_BYTES], self.sizes[start:end])


@dataclass(frozen=True, slots=True)
class Segment:
    """One stored piece of a manifest, as the artifact's digest sees it; `size_bytes` is that of its files."""

    blob: Digest
    rows: int
    size_bytes: int


def rows_of(files: Iterable[tuple[str, Digest, int]]) -> Rows:
    """Return files, given as path, digest and size in any order, as rows.

    Raises:
        InvalidName: a path cannot name a file of an artifact.
        Invalid: a path is given twice, or is a file here and a folder there.
    """
    ordered = sorted(files)
    paths = [_require_utf8(require_path(path)) for path, _, _ in ordered]
    folders = {path[:place] for path in paths for place, letter in enumerate(path) if letter == "/"}
    for place, path in enumerate(paths):
        twice = place > 0 and path == paths[place - 1]
        if twice or path in folders:
            why = "the path is given twice" if twice else "it is a file and a folder at once"
            raise Invalid(f"{path[:80]!r} cannot be a file of this set", why=why, next_step="give one of the two another name")
    return Rows(paths, b"".join(digest.raw for _, digest, _ in ordered), array("Q", [size for _, _, size in ordered]))


def _require_utf8(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise Invalid(
            f"{path[:80]!a} cannot be a file of an artifact",
            why="its name is not UTF-8: it holds a lone surrogate",
            next_step="rename the file",
        ) from error
    return path


def manifest_digest(segments: Iterable[Segment]) -> Digest:
    """Return the digest of a set of files, made of its segments.

    Example:
        >>> manifest_digest([]).short
        'b3:1e6aafa413e5'
    """
    rows = [[segment.blob, segment.rows, segment.size_bytes] for segment in segments]
    return digest_record("files v2", [canonical.dumps(rows)])


def cut(chunks: Iterable[Rows]) -> Iterator[Rows]:
    """Yield the rows of a whole manifest, given in chunks of any size, segment by segment.

    Raises:
        ValueError: the paths do not ascend.
    """
    held: list[Rows] = []
    count, last = 0, b""
    for rows in chunks:
        names = [path.encode() for path in rows.paths]
        if names and not (last < names[0] and _ascends(names)):
            raise ValueError(f"the paths at {rows.paths[0]!r} do not ascend")
        start = 0
        for end, is_border in [*((end, True) for end in _borders(names)), (len(rows), False)]:
            while count + end - start >= MOST_ROWS:
                stop = start + MOST_ROWS - count
                yield joined([*held, rows.part(start, stop)])
                held, count, start = [], 0, stop
            if start < end:
                held.append(rows.part(start, end))
                count += end - start
            if is_border and count:
                yield joined(held)
                held, count = [], 0
            start = end
        last = names[-1] if names else last
    if count:
        yield joined(held)


def joined(chunks: Sequence[Rows]) -> Rows:
    """Return consecutive rows as one."""
    if len(chunks) == 1:
        return chunks[0]
    sizes = array("Q")
    for rows in chunks:
        sizes.extend(rows.sizes)
    return Rows([path for rows in chunks for path in rows.paths], b"".join([rows.digests for rows in chunks]), sizes)


def encode(rows: Rows) -> bytes:
    """Return the bytes of a segment."""
    paths = "\0".join(rows.paths).encode()
    return b"".join([_HEADER.pack(MAGIC, FORMAT, len(rows)), paths, rows.digests, _little_endian(rows.sizes).tobytes()])


def decode(content: bytes) -> Rows:
    """Return the rows of a segment.

    Raises:
        Corrupt: the bytes are no segment, or not the one that its rows make.
    """
    if len(content) < _HEADER.size:
        raise _no_segment("it is shorter than its header")
    magic, form, count = _HEADER.unpack_from(content)
    if magic != MAGIC or form != FORMAT:
        raise _no_segment(f"it does not begin as a segment of format {FORMAT} does")
    after_paths = len(content) - count * _ROW_BYTES
    if not 0 < count <= MOST_ROWS or after_paths <= _HEADER.size:
        raise _no_segment(f"its length does not fit its {count} rows")
    after_digests = after_paths + count * DIGEST_BYTES
    column = content[_HEADER.size : after_paths]
    names = column.split(b"\0")
    if len(names) != count or not _ascends(names) or any(end < count for end in _borders(names)):
        raise _no_segment("it has another number of paths, or they do not ascend, or it should have ended earlier")
    sizes = array("Q")
    sizes.frombytes(content[after_digests:])
    return Rows(_paths_of(column), content[after_paths:after_digests], _little_endian(sizes))


def read(segments: Iterable[bytes]) -> Iterator[Rows]:
    """Yield the rows of a whole manifest, segment by segment.

    Raises:
        Corrupt: as `decode`, or the segments do not follow on each other.
    """
    before: Rows | None = None
    for content in segments:
        rows = decode(content)
        if before is not None and not (before.paths[-1] < rows.paths[0] and _is_whole(before)):
            raise _no_segment(f"what follows {before.paths[-1][:80]!r} does not continue it")
        yield rows
        before = rows


def _paths_of(column: bytes) -> list[str]:
    try:
        text = column.decode()
    except UnicodeDecodeError as error:
        raise _no_segment("a path is not UTF-8") from error
    words = f"/{text}/".replace("\0", "/")
    if "//" in words or "/./" in words or "/../" in words:
        raise _no_segment("a path is absolute, climbs out, or holds an empty word")
    return text.split("\0")


def _ascends(names: Sequence[bytes]) -> bool:
    return all(map(lt, names, islice(names, 1, None)))


def _borders(names: Sequence[bytes]) -> list[int]:
    """Return the places right after each row that ends a segment; names are paths as UTF-8."""
    return [end for end, crc in enumerate(map(crc32, names), 1) if not crc & BORDER]


def _is_whole(rows: Rows) -> bool:
    """Return whether a segment may stand before another: it ends at a border or is full."""
    return len(rows) == MOST_ROWS or not crc32(rows.paths[-1].encode()) & BORDER


def _little_endian(sizes: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        sizes = array("Q", sizes)
        sizes.byteswap()
    return sizes


def _no_segment(why: str) -> Corrupt:
    return Corrupt(
        "a manifest cannot be read",
        why=why,
        next_step="restore .remint/ from a backup, or make the version again with `remint add` or `remint run`",
    )


# ---- differences


@dataclass(slots=True)
class Difference:
    """How two sets of files differ; paths in order.

    Attributes:
        added: path, digest (32 bytes) and size of each file that only the newer set has.
        removed: likewise, that only the older set has.
        changed: paths of files with other content.
        renamed: pairs of an old and a new path with the same content; these are in `added` and `removed` no more.
    """

    added: list[tuple[str, bytes, int]] = field(default_factory=list)
    removed: list[tuple[str, bytes, int]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.first() != ""

    def first(self) -> str:
        """Return the first path that differs; empty if none does."""
        one_sided = [path for path, _, _ in (*self.added[:1], *self.removed[:1])]
        return min([*one_sided, *self.changed[:1], *(old for old, _ in self.renamed)], default="")


def difference(old: Sequence[Part], new: Sequence[Part], load: Callable[[Part], Rows]) -> Difference:
    """Return how two manifests differ. Segments that both have are not read.

    Args:
        old: the segments of the older one, in order.
        new: those of the newer one.
        load: reads a segment.
    """
    same = {part.blob for part in old} & {part.blob for part in new}
    left = (load(part) for part in old if part.blob not in same)
    right = (load(part) for part in new if part.blob not in same)
    found = Difference()
    for before, after in _side_by_side(left, right):
        _compare(before, after, found)
    _pair(found)
    return found


_NONE = Rows([], b"", array("Q"))


def _side_by_side(left: Iterator[Rows], right: Iterator[Rows]) -> Iterator[tuple[Rows, Rows]]:
    """Yield rows of both sides that lie in the same range of paths."""
    before, after = next(left, _NONE), next(right, _NONE)
    while len(before) and len(after):
        until = min(before.paths[-1], after.paths[-1])
        ends = bisect_right(before.paths, until), bisect_right(after.paths, until)
        yield before.part(0, ends[0]), after.part(0, ends[1])
        before, after = before.part(ends[0], len(before)), after.part(ends[1], len(after))
        before = before if len(before) else next(left, _NONE)
        after = after if len(after) else next(right, _NONE)
    while len(before) or len(after):
        yield before, after
        before, after = next(left, _NONE), next(right, _NONE)


def _compare(before: Rows, after: Rows, found: Difference) -> None:
    if before.paths == after.paths:
        if before.digests != after.digests:
            pairs = zip(before.paths, before.raws(), after.raws(), strict=True)
            found.changed += [path for path, one, other in pairs if one != other]
        return
    places = {path: place for place, path in enumerate(before.paths)}
    for path, raw, size in zip(after.paths, after.raws(), after.sizes, strict=True):
        place = places.pop(path, None)
        if place is None:
            found.added.append((path, raw, size))
        elif before.raw(place) != raw:
            found.changed.append(path)
    found.removed += [(path, before.raw(place), before.sizes[place]) for path, place in places.items()]


def _pair(found: Difference) -> None:
    """Make a renamed file of an added and a removed one with the same content; empty files are all alike and left out."""
    gone: dict[bytes, list[str]] = {}
    for path, raw, size in reversed(found.removed):
        if size:
            gone.setdefault(raw, []).append(path)
    added = []
    for path, raw, size in found.added:
        if gone.get(raw):
            found.renamed.append((gone[raw].pop(), path))
        else:
            added.append((path, raw, size))
    renamed = {old for old, _ in found.renamed}
    found.added, found.removed = added, [row for row in found.removed if row[0] not in renamed]
