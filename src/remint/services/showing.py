"""Looking at data: what can be said of tables and sets of files without knowing what they are for."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final

from remint.core.artifact import Artifact
from remint.core.digest import from_raw
from remint.errors import BlobMissing
from remint.ports.samples import Sampling
from remint.ports.showing import FilesSummary, Looked, Media, OnRows, Picture, Sound, Statistics, TableSummary
from remint.ports.usecases.artifacts import Progress

PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"})
SOUNDS: Final = frozenset({".wav", ".wave"})
LARGEST: Final = 5
MOST_BYTES: Final = 64 << 20
"""A larger file is not looked into."""
AT_ONCE_BYTES: Final = 32 << 20
"""So much is read before it is looked into."""
WAVEFORM_PARTS: Final = 120

_File = tuple[str, bytes, int]
"""Path, raw digest and size of a file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be told of a set of files.

    Attributes:
        first: how many of the first files.
        looked: how many pictures, and how many sounds, are looked into.
        edge: of thumbnails, in pixels; 0 for none.
    """

    first: int = 10
    looked: int = 0
    edge: int = 0


@dataclass(frozen=True)
class ShowService:
    """Statistics of tables, and looks into sets of files."""

    statistics: Statistics
    media: Media
    sampling: Sampling

    def table(self, files: Sequence[Path], *, on_rows: OnRows | None = None) -> TableSummary:
        """Return what can be said of a table, given by its files with their edits; nothing is recorded.

        Raises:
            Corrupt: a file cannot be read.
        """
        return self.statistics.summary(files, on_rows=on_rows)

    def files(self, artifact: Artifact, wanted: Wanted, *, on_progress: Progress | None = None) -> FilesSummary:
        """Return what can be said of a set of files; the same files are looked into each time.

        Args:
            artifact: the set.
            wanted: what is to be told.
            on_progress: called with how many files were looked into, and how many will be.

        Raises:
            Corrupt: the manifest, or a file that is looked into, is gone or altered.
            Unavailable: a file is in a remote that does not answer.
        """
        counts, sizes = Counter[str](), Counter[str]()
        first: list[tuple[str, str, int]] = []
        largest: list[tuple[int, str]] = []
        for rows in self.sampling.chunks(artifact):
            for path, size_bytes in zip(rows.paths, rows.sizes, strict=True):
                suffix = suffix_of(path)
                counts[suffix] += 1
                sizes[suffix] += size_bytes
            head = islice(rows.each(), wanted.first - len(first))
            first += [(path, str(digest), size_bytes) for path, digest, size_bytes in head]
            largest = heapq.nlargest(LARGEST, chain(largest, zip(rows.sizes, rows.paths, strict=True)))
        pictures, sounds = (
            sum(count for suffix, count in counts.items() if suffix.lower() in kind) for kind in (PICTURES, SOUNDS)
        )
        chosen = self._chosen(artifact, PICTURES, spread(range(pictures), wanted.looked))
        chosen += self._chosen(artifact, SOUNDS, spread(range(sounds), wanted.looked))
        return FilesSummary(
            files=counts.total(),
            size_bytes=sizes.total(),
            suffixes=[(name, counts[name], held) for name, held in sizes.most_common()],
            first=first,
            largest=[(path, size_bytes) for size_bytes, path in largest],
            pictures=pictures,
            sounds=sounds,
            looked=list(self._looked(chosen, wanted.edge, on_progress)),
        )

    def _chosen(self, artifact: Artifact, kind: frozenset[str], numbers: Sequence[int]) -> list[_File]:
        """Return the files of some suffixes that have these numbers among all such files."""
        if not numbers:
            return []
        wanted, number = set(numbers), -1
        found: list[_File] = []
        for rows in self.sampling.chunks(artifact):
            for place, path in enumerate(rows.paths):
                if suffix_of(path).lower() in kind:
                    number += 1
                    if number in wanted:
                        found.append((path, rows.raw(place), rows.sizes[place]))
        return found

    def _looked(self, chosen: Sequence[_File], edge: int, on_progress: Progress | None) -> Iterator[Looked]:
        done = 0
        for group in _groups(chosen):
            for path, size_bytes, content in self._contents(group):
                yield self._look(path, size_bytes, content, edge)
                done += 1
                if on_progress is not None:
                    on_progress(done, len(chosen))

    def _contents(self, group: Sequence[_File]) -> Iterator[tuple[str, int, bytes | str]]:
        """Yield the content of files, or why it was not read."""
        readable = [one for one in group if one[2] <= MOST_BYTES]
        try:
            contents = self.sampling.read([raw for _, raw, _ in readable], [size for _, _, size in readable])
        except BlobMissing:  # a set of which some files are lost is looked at as far as it is there
            for path, raw, size_bytes in group:
                yield path, size_bytes, self._one(raw, size_bytes)
            return
        held = {raw: content for (_, raw, _), content in zip(readable, contents, strict=True)}
        for path, raw, size_bytes in group:
            yield path, size_bytes, held.get(raw, "too large to be looked into")

    def _one(self, raw: bytes, size_bytes: int) -> bytes | str:
        if size_bytes > MOST_BYTES:
            return "too large to be looked into"
        try:
            return self.sampling.read([raw], [size_bytes])[0]
        except BlobMissing:
            return f"the bytes of {from_raw(raw).short} are not here"

    def _look(self, path: str, size_bytes: int, content: bytes | str, edge: int) -> Looked:
        if suffix_of(path).lower() in SOUNDS:
            heard = Sound(content) if isinstance(content, str) else self.media.sound(content, parts=WAVEFORM_PARTS)
            return Looked(path, size_bytes, sound=heard)
        seen = Picture(content) if isinstance(content, str) else self.media.picture(content, edge=edge)
        return Looked(path, size_bytes, picture=seen)


def suffix_of(path: str) -> str:
    """Return the suffix of a path with its dot; empty if there is none.

    Example:
        >>> suffix_of("a.b/photo.PNG"), suffix_of("a/.hidden"), suffix_of("README")
        ('.PNG', '', '')
    """
    name = path.rpartition("/")[2]
    dot = name.rfind(".", 1)
    return name[dot:] if dot > 0 else ""


def spread(things: Sequence[int], count: int) -> list[int]:
    """Return at most `count` of some things, in order, spread evenly over them; the same each time.

    Example:
        >>> spread(range(100, 110), 4), spread([1, 2], 4), spread([1, 2], 0)
        ([100, 102, 105, 107], [1, 2], [])
    """
    if len(things) <= count:
        return list(things)
    return [things[place * len(things) // count] for place in range(count)]


def _groups(files: Iterable[_File]) -> Iterator[list[_File]]:
    group: list[_File] = []
    held = 0
    for file in files:
        if group and held + file[2] > AT_ONCE_BYTES:
            yield group
            group, held = [], 0
        group.append(file)
        held += min(file[2], MOST_BYTES)
    if group:
        yield group
