"""Contents: the files of an artifact, one by one."""

import contextlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, from_raw
from remint.core.tableversion import files_of
from remint.errors import NotFound
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.contents import Content
from remint.ports.usecases.context import Context
from remint.services.readings import Readings


@dataclass(frozen=True)
class ContentService:
    """See ports.usecases.contents.Contents."""

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    readings: Readings

    def list(self, digest: Digest, *, after: str = "", limit: int = 100) -> Sequence[Content]:
        """Return the files of an artifact in order, those whose path comes after `after`."""
        return list(islice(self._after(self.artifacts.get(digest), after), limit))

    def _after(self, artifact: Artifact, after: str) -> Iterator[Content]:
        if artifact.kind is not Kind.FILES:
            yield from (one for one in _parts_of(artifact) if one.path > after)
            return
        for rows in self.artifacts.rows(artifact):
            for place in range(bisect_right(rows.paths, after), len(rows)):
                yield Content(rows.paths[place], from_raw(rows.raw(place)), rows.sizes[place])

    def open(self, context: Context, digest: Digest, path: str) -> tuple[Content, BinaryIO]:
        """Return one file, verified, as an open file."""
        artifact = self.artifacts.brought(digest)
        self.artifacts.require_named(artifact)
        content = self._find(artifact, path)
        if content is None:
            raise NotFound(
                f"{path[:200]!r} was not found", why=f"artifact {digest.short} has no such file", next_step="list its files"
            )
        with contextlib.ExitStack() as on_failure:
            opened = on_failure.enter_context(self.blobs.open(content.digest))
            self.readings.tell(context, digest)
            on_failure.pop_all()
        return content, opened

    def _find(self, artifact: Artifact, path: str) -> Content | None:
        if artifact.kind is not Kind.FILES:
            return next((one for one in _parts_of(artifact) if one.path == path), None)
        for rows in self.artifacts.rows(artifact):
            place = bisect_left(rows.paths, path)
            if place < len(rows) and rows.paths[place] == path:
                return Content(path, from_raw(rows.raw(place)), rows.sizes[place])
        return None


def _parts_of(artifact: Artifact) -> Sequence[Content]:
    parts = files_of(artifact.parts) if artifact.kind is Kind.TABLE else artifact.parts
    return sorted((Content(part.path, part.blob, part.size_bytes) for part in parts), key=lambda one: one.path)
