"""Manifests of sets of files, in the store: the one way to write and to read what such an artifact holds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core import manifest
from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import Digest
from remint.core.manifest import Difference, Rows, Segment
from remint.errors import Corrupt
from remint.ports.blobs import Blobs


@dataclass(frozen=True)
class Manifests:
    """Manifests whose segments are blobs."""

    blobs: Blobs

    def write(self, chunks: Iterable[Rows]) -> Artifact:
        """Keep the rows of a set of files, given in order, and return the artifact they are; the catalog is not written."""
        segments, parts = [], []
        for rows in manifest.cut(chunks):
            blob = self.blobs.put(manifest.encode(rows))
            segments.append(Segment(blob, len(rows), rows.size_bytes))
            parts.append(Part(rows.paths[0], blob, rows.size_bytes))
        return Artifact(manifest.manifest_digest(segments), Kind.FILES, tuple(parts), _facts(segments))

    def identify(self, artifact: Artifact) -> tuple[Digest, dict[str, Any]]:
        """Return the digest and the facts that the record of a set of files makes; no segment is read."""
        told = artifact.facts.get("segment_rows")
        known = told if isinstance(told, list | tuple) and all(type(rows) is int for rows in told) else ()
        counts = [*known, *([0] * len(artifact.parts))]
        segments = [Segment(part.blob, rows, part.size_bytes) for part, rows in zip(artifact.parts, counts, strict=False)]
        return manifest.manifest_digest(segments), _facts(segments)

    def rows(self, parts: Sequence[Part]) -> Iterator[Rows]:
        """Yield the rows of a set of files, segment by segment, all checked.

        Raises:
            Corrupt: a segment is gone or altered, or they are not what the record says.
        """
        read = manifest.read(self.blobs.get(part.blob) for part in parts)
        for part, rows in zip(parts, read, strict=True):
            yield _fitting(part, rows)

    def difference(self, old: Sequence[Part], new: Sequence[Part]) -> Difference:
        """Return how two sets of files differ; segments they share are not read."""
        return manifest.difference(old, new, lambda part: _fitting(part, manifest.decode(self.blobs.get(part.blob))))


def _facts(segments: Sequence[Segment]) -> dict[str, Any]:
    return {
        "files": sum(segment.rows for segment in segments),
        "bytes": sum(segment.size_bytes for segment in segments),
        "segment_rows": [segment.rows for segment in segments],
    }


def _fitting(part: Part, rows: Rows) -> Rows:
    if rows.paths[0] != part.path or rows.size_bytes != part.size_bytes:
        raise Corrupt(
            f"the manifest segment {part.blob.short} is not the recorded one",
            why="its first path or the size of its files is another",
            next_step="restore .remint/ from a backup",
        )
    return rows
