"""Versions of tables in the store: the one way to make what such an artifact holds, and to append to it."""

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import Digest
from remint.core.origin import PINNED
from remint.core.tabledigest import BLOCK_ROWS
from remint.core.tableversion import (
    BLOCKS,
    StoredSegment,
    files_of,
    merged_tail,
    named,
    proven_blocks,
    segments_of,
)
from remint.errors import Corrupt, Unavailable
from remint.ports.blobs import Blobs
from remint.ports.tables import TableIdentity, Tables
from remint.ports.tableversions import Changed, Files, Growing, TableVersions

WHOLE_FROM: Final = 1 << 20
"""Smaller files lie in packs, so that a small change makes few files and syncs few."""


@dataclass(frozen=True)
class TableParts:
    """Tables whose parts are blobs; the catalog is not written.

    Attributes:
        scratch: a folder of our own, on the disk of the store.
        pins: brings what the store has not of a pinned table.
    """

    blobs: Blobs
    tables: Tables
    versions: TableVersions
    scratch: Path
    pins: Callable[["TableParts", Artifact], Artifact] | None = None

    def is_here(self, table: Artifact) -> bool:
        """Return whether every blob of a table is in the store; nothing is hashed."""
        return bool(table.parts) and all(self.blobs.has(part.blob) for part in table.parts)

    def brought(self, table: Artifact) -> Artifact:
        """Return a table, of a pinned one with its bytes in the store; errors as services.pins.Pins.

        Not to be called in a transaction.
        """
        return table if self.pins is None or self.is_here(table) else self.pins(self, table)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give a new folder that is gone afterwards.

        Raises:
            Unavailable: the disk takes no more.
        """
        made: Path | None = None
        try:
            self.scratch.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix="table-", dir=self.scratch))
            yield made
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            raise Unavailable(
                "the table was not changed", why="the disk takes no more", next_step="free some space, then do it again"
            ) from error
        finally:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)

    def paths(self, artifact: Artifact) -> list[Path]:
        """Return the files of a table, each verified; whether they make the table is not looked at."""
        return [self.blobs.path(part.blob) for part in files_of(artifact.parts)]

    def identify(self, parts: Sequence[Part]) -> TableIdentity:
        """Return the identity of the table that stored parts make. Reads all rows."""
        return self.tables.identify([self.blobs.path(part.blob) for part in files_of(parts)])

    def artifact(self, found: TableIdentity, parts: Sequence[Part]) -> Artifact:
        """Return the table that stored files are; the digests of its blocks are kept with them."""
        held = [named(part.blob, part.size_bytes, is_edit=told) for part, told in zip(parts, found.is_edit, strict=True)]
        return Artifact(found.digest, Kind.TABLE, (*held, self._blocks(found.blocks)), facts_of(found))

    def made_of(self, parts: Sequence[Part]) -> Artifact:
        """Return the table that stored files are. Reads all rows."""
        return self.artifact(self.identify(parts), parts)

    def _blocks(self, held: bytes) -> Part:
        return Part(BLOCKS, self.blobs.put(held), len(held))

    def _keep(self, path: Path) -> Part:
        blob, size_bytes = self.blobs.put_file(path, whole=path.stat().st_size >= WHOLE_FROM)
        return Part(path.name, blob, size_bytes)

    def store(
        self, files: Sequence[Path], previous: Artifact | None, *, require: Callable[[Digest], None] | None = None
    ) -> tuple[Artifact, Changed]:
        """Keep a table as a version that follows another one, where that stores less; whole otherwise.

        Args:
            files: Parquet files with its rows, in order; they stay.
            previous: the table before, if there is one; where bytes of it are gone or altered, nothing of it is used.
            require: called with the digest before anything is kept; refuses the table by an error.

        Returns:
            The table, and what became of the rows; of a table stored whole, all went and all came.

        Raises:
            Invalid: the files do not have one schema, or a column's type has no digest.
            Corrupt: a file is not Parquet.
        """
        found = self.tables.identify(files)
        if require is not None:
            require(found.digest)
        gone = int(previous.facts["rows"]) if previous is not None else 0
        previous = previous if previous is not None and self._is_whole(previous) else None
        if previous is not None and found.digest == previous.digest and PINNED not in previous.facts:
            return previous, Changed(())
        if previous is not None and _plain(previous.facts["schema"]) == _plain(found.schema):
            with self.folder() as folder:
                made = self.versions.following(self.paths(previous), files, folder)
                if made is not None:
                    following = self.following(previous, made.files)
                    if following.digest == found.digest:  # rows are found by hashes, and two that differ may have the same
                        return following, made
        return self.artifact(found, [self._keep(path) for path in files]), Changed((), added=found.rows, removed=gone)

    def _is_whole(self, table: Artifact) -> bool:
        """Return whether every byte of a table's parts is in the store as it should be."""
        try:
            self.paths(table)
            return self.is_here(table)
        except Corrupt:  # the answer
            return False

    def following(self, previous: Artifact, files: Files) -> Artifact:
        """Return the version made of some files of a table and of new ones, all in the store."""
        before = files_of(previous.parts)
        parts = [before[file] if isinstance(file, int) else self._keep(file) for file in files]
        return self.made_of(parts)

    def lay_out(self, table: Artifact, folder: Path) -> int:
        """Write a table as Parquet files that other programs read, in order and with every edit applied; return how many."""
        for number, segment in enumerate(segments_of(table.parts, table.facts["segment_rows"])):
            target = folder / f"{number:05}.parquet"
            if segment.edits:
                self.versions.joined([self.blobs.path(part.blob) for part in segment.parts], target)
            else:
                self.blobs.write_files([(segment.part.blob.raw, str(target))])
        return len(table.facts["segment_rows"])

    def growing(self, table: Artifact) -> Growing:
        """Return a table as one that rows are appended to; only its last block is read.

        Raises:
            Corrupt: its blocks or its last rows are gone or altered.
        """
        segments = segments_of(table.parts, table.facts["segment_rows"])
        rows, first = int(table.facts["rows"]), len(segments) - 1
        while first and sum(segment.rows for segment in segments[first:]) < rows % BLOCK_ROWS:
            first -= 1
        last = [self.blobs.path(part.blob) for segment in segments[first:] for part in segment.parts]
        return self.versions.growing(last, self._proven(table), rows=rows, digest=table.digest)

    def _proven(self, table: Artifact) -> tuple[bytes, ...]:
        """Return the blocks of a table; those of one that was recorded without them are made again from all rows."""
        kept = [part for part in table.parts if part.path == BLOCKS]
        held = self.blobs.get(kept[0].blob) if kept else self.tables.identify(self.paths(table)).blocks
        return proven_blocks(table.digest, table.facts, held)

    def append(self, table: Artifact, growing: Growing, files: Sequence[Path]) -> tuple[Artifact, Growing]:
        """Return a table with the rows of files after it, and as one that goes on growing.

        Small segments at its end become one now and then, so that it does not come to consist of many.

        Args:
            table: as it is.
            growing: the same.
            files: Parquet files; they stay.

        Raises:
            Invalid: the files have other columns.
        """
        if growing.digest != table.digest:
            raise ValueError(f"{growing.digest} is not {table.digest}")
        segments = segments_of(table.parts, table.facts["segment_rows"])
        fresh: dict[Digest, Path] = {}
        for path in files:
            grown = growing.with_rows([path])
            if grown.rows > growing.rows:
                part = self._keep(path)
                fresh[part.blob] = path
                part = named(part.blob, part.size_bytes, is_edit=False)
                segments.append(StoredSegment(part, (), grown.rows - growing.rows))
            growing = grown
        if not fresh:
            return table, growing
        joined = merged_tail(segments)
        if joined:
            segments[-joined:] = [self._joined(segments[-joined:], fresh)]
        return self._grown(table, growing, segments), growing

    def followed_by(self, table: Artifact, others: Sequence[Artifact]) -> Artifact:
        """Return a table with the rows of other tables after it, made of the same segments.

        Raises:
            Invalid: one has other columns.
        """
        growing = self.growing(table).with_rows([path for other in others for path in self.paths(other)])
        segments = [one for each in (table, *others) for one in segments_of(each.parts, each.facts["segment_rows"])]
        return self._grown(table, growing, segments)

    def continued(self, table: Artifact, segments: Sequence[StoredSegment]) -> Artifact:
        """Return the table that more stored segments after a table make; only these are read, and its last block."""
        growing = self.growing(table).with_rows([self.blobs.path(part.blob) for one in segments for part in one.parts])
        return self._grown(table, growing, [*segments_of(table.parts, table.facts["segment_rows"]), *segments])

    def _grown(self, table: Artifact, growing: Growing, segments: Sequence[StoredSegment]) -> Artifact:
        parts = (*(part for segment in segments for part in segment.parts), self._blocks(growing.blocks))
        kept = {name: fact for name, fact in table.facts.items() if name != PINNED}
        facts = {**kept, "rows": growing.rows, "segment_rows": [segment.rows for segment in segments]}
        return Artifact(growing.digest, Kind.TABLE, parts, facts)

    def _joined(self, segments: Sequence[StoredSegment], fresh: dict[Digest, Path]) -> StoredSegment:
        with self.folder() as folder:
            files = [fresh.get(one.part.blob) or self.blobs.path(one.part.blob) for one in segments]
            self.versions.joined(files, folder / "joined.parquet")
            part = self._keep(folder / "joined.parquet")
        rows = sum(segment.rows for segment in segments)
        return StoredSegment(named(part.blob, part.size_bytes, is_edit=False), (), rows)


def facts_of(found: TableIdentity) -> dict[str, Any]:
    """Return what is recorded of a table beside its digest."""
    schema = [dict(column) for column in found.schema]
    return {"rows": found.rows, "schema": schema, "segment_rows": list(found.segment_rows)}


def _plain(schema: Sequence[Any]) -> list[dict[str, Any]]:
    return [dict(column) for column in schema]
