"""Artifacts: bytes in the store, records in the catalog, and verification of both against the name."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remint.core import canonical
from remint.core.artifact import (
    RECORDED_AS_FILES,
    Artifact,
    Kind,
    Part,
    files_digest,
    record_digest,
    require_path,
    stored_digest,
)
from remint.core.digest import Digest, from_raw
from remint.core.entry import Entry
from remint.core.manifest import Difference, Rows, rows_of
from remint.core.model import model_digest
from remint.core.ref import Move, RefName, parse_ref
from remint.core.run import Run
from remint.core.tableversion import TABLE_SUFFIXES, files_of
from remint.core.worktree import Tracked, in_order, shown
from remint.errors import ArtifactErased, BlobAltered, Corrupt, Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.formats import ModelFormat
from remint.ports.usecases.artifacts import Added, Kept, Progress
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.manifests import Manifests
from remint.services.protection import require_unprotected
from remint.services.removals import require_standing
from remint.services.tableparts import facts_of
from remint.services.tables import TableService
from remint.services.worktree import Snapshot, Worktree

MODEL_FILES = {"skops": "model.skops"}
PROBE_FILE = "probe.parquet"
OPENED_BY_PATH = {Kind.TABLE, Kind.MODEL}
"""Kinds whose files other programs open by path, so each is kept as a file of its own."""


@dataclass(frozen=True)
class ArtifactService:
    """See ports.usecases.artifacts.Artifacts.

    Attributes:
        formats: model formats by name.
        protected: patterns of refs in `main` that only approved changes move.
        need: called before an artifact is looked up; brings its record where that is kept elsewhere.
    """

    catalog: Catalog
    blobs: Blobs
    formats: Mapping[str, ModelFormat]
    clock: Clock
    protected: tuple[str, ...]
    worktree: Worktree
    manifests: Manifests
    table_versions: TableService
    access: Access
    need: Callable[[Digest], None] | None = None
    _verified: dict[Digest, tuple[Part, ...]] = field(default_factory=dict)

    def keep(self, kind: Kind, parts: Sequence[tuple[str, Path | Digest]], facts: Mapping[str, Any]) -> Kept:
        """Put the parts into the store and say what artifact they are."""
        if kind is Kind.FILES:
            artifact = self._keep_files(parts, facts)
            return Kept(artifact, artifact.digest)
        stored = [self._store(path, place, whole=kind in OPENED_BY_PATH) for path, place in parts]
        if kind is Kind.TABLE:
            made = self.table_versions.parts.made_of(stored)
            self._verified[made.digest] = made.parts
            return Kept(Artifact(made.digest, kind, made.parts, {**facts, **made.facts}), stored_digest(files_of(made.parts)))
        stored = sorted(stored)
        digest, computed = self._identify(kind, stored, facts)
        artifact = Artifact(digest, kind, tuple(stored), {**facts, **computed})
        self._verified[digest] = artifact.parts
        return Kept(artifact, stored_digest(stored))

    def _keep_files(self, parts: Sequence[tuple[str, Path | Digest]], facts: Mapping[str, Any]) -> Artifact:
        results = self.blobs.put_files(str(place) for _, place in parts if not isinstance(place, Digest))
        rows: list[tuple[str, Digest, int]] = []
        for path, place in parts:
            if isinstance(place, Digest):
                rows.append((path, place, self.blobs.size(place)))
            else:
                raw, stat = next(results)
                rows.append((path, from_raw(raw), stat.st_size))
        next(results, None)  # the store is done with them only when they are asked to end
        made = self.manifests.write([rows_of(rows)])
        return Artifact(made.digest, made.kind, made.parts, {**facts, **made.facts})

    def _store(self, path: str, place: Path | Digest, *, whole: bool) -> Part:
        require_path(path)
        if isinstance(place, Digest):
            return Part(path, place, self.blobs.size(place))
        blob, size_bytes = self.blobs.take(place, whole=whole)
        return Part(path, blob, size_bytes)

    def _identify(self, kind: Kind, parts: Sequence[Part], facts: Mapping[str, Any]) -> tuple[Digest, dict[str, Any]]:
        if kind is Kind.TABLE:
            found = self.table_versions.parts.identify(parts)
            return found.digest, facts_of(found)
        if kind is Kind.MODEL:
            return self._identify_model(parts, facts)
        if kind in RECORDED_AS_FILES:
            return files_digest(kind, parts), {"files": len(parts)}
        if len(parts) != 1:
            raise Invalid(f"{kind.noun} has {len(parts)} files", why="it is one record in one file", next_step="give one file")
        try:
            value = canonical.loads(self.blobs.get(parts[0].blob))
        except (ValueError, RecursionError) as error:
            raise Corrupt(
                f"{kind.noun} cannot be read", why=f"it is no JSON: {str(error)[:200]}", next_step="make it again"
            ) from error
        return record_digest(kind, value), {}

    def _identify_model(self, parts: Sequence[Part], facts: Mapping[str, Any]) -> tuple[Digest, dict[str, Any]]:
        form = self.formats.get(str(facts.get("format")))
        places = {part.path: part.blob for part in parts}
        if form is None or MODEL_FILES[form.name] not in places or "features" not in facts:
            raise Corrupt(
                "a model cannot be read",
                why="its record has not the format, the features and the file of one",
                next_step="see docs/format/records.md",
            )
        content = form.content_digest(self.blobs.get(places[MODEL_FILES[form.name]]))
        probe = (
            self.table_versions.parts.tables.identify([self.blobs.path(places[PROBE_FILE])]) if PROBE_FILE in places else None
        )
        digest = model_digest(
            format_name=form.name, content=content, features=facts["features"], probe=probe.digest if probe else None
        )
        return digest, {"content": content, "probe_rows": probe.rows if probe else 0}

    def add(
        self,
        context: Context,
        name: str,
        path: Path,
        *,
        again: bool = False,
        table: bool = False,
        on_progress: Progress | None = None,
    ) -> Added:
        """Make an artifact of a file or folder, point a ref at it, and track the path."""
        ref, _ = parse_ref(name, workspace=context.workspace)
        next_step = f"add it in a sandbox, then `remint propose SANDBOX:{ref.path}`"
        require_unprotected(self.access, context, ref, self.protected, next_step)
        self.access.check(context, "artifact:add", str(ref), workspace=ref.workspace)
        place = self.worktree.located(path)
        with self.blobs.adding():
            if table or (place.suffix in TABLE_SUFFIXES and place.is_file()):
                return self.table_versions.add_path(context, ref, place, again=again, on_progress=on_progress)
            return self._add_files(context, ref, place, again=again, on_progress=on_progress)

    def _add_files(self, context: Context, ref: RefName, place: Path, *, again: bool, on_progress: Progress | None) -> Added:
        tracked_as = self.worktree.path(place)
        before = self.worktree.tracking.get(ref)
        if before is not None and (before.path, before.kind) != (tracked_as, Kind.FILES):
            before = None
        index = self.worktree.index(before) if before is not None and not again else None
        snapshot = self.worktree.take(place, index, put=self.blobs.put_files, on_progress=on_progress)
        artifact = self._artifact_of(snapshot, before)
        self.blobs.flush()
        moved = self._point(context, ref, artifact, place.name)
        tracked = Tracked(ref, tracked_as, Kind.FILES, artifact.digest, artifact.parts)
        self.worktree.tracking.track(tracked)
        self.worktree.tracking.save(tracked, snapshot.folders)
        return Added(artifact, moved, snapshot.files, snapshot.read, snapshot.left_out)

    def _artifact_of(self, snapshot: Snapshot, before: Tracked | None) -> Artifact:
        """Return the artifact that a snapshot is; the catalog is not written."""
        if before is not None and snapshot.is_known:
            with self.catalog.read() as tx:
                if tx.artifacts.known([before.artifact]):
                    return tx.artifacts.get(before.artifact)
        return self.manifests.write(in_order(snapshot.folders))

    def _point(self, context: Context, ref: RefName, artifact: Artifact, source: str) -> bool:
        """Record an artifact and point a ref at it; return whether the ref pointed elsewhere."""
        at_us = self.clock.now_us()
        with self.access.begin(context, "ref:move", str(ref), workspace=ref.workspace) as tx:
            tx.artifacts.add(artifact, at_us=at_us)
            seen = tx.refs.get(ref)
            if seen is not None and seen.artifact == artifact.digest:
                return False
            old = seen.artifact if seen else None
            tx.refs.move(Move(ref, 0, old, artifact.digest, context.principal, at_us, reason=f"added from {shown(source)}"))
            facts = {"from": old, "to": artifact.digest}
            tx.entries.append(Entry("ref:move", str(ref), context.principal, at_us, facts))
        return True

    def get(self, digest: Digest) -> Artifact:
        """Return an artifact's record."""
        if self.need is not None:
            self.need(digest)
        with self.catalog.read() as tx:
            return tx.artifacts.get(digest)

    def _standing(self, digest: Digest) -> Artifact:
        """Return the record of an artifact that is about to be read."""
        if self.need is not None:
            self.need(digest)
        with self.catalog.read() as tx:
            require_standing(tx, digest)
            return tx.artifacts.get(digest)

    def brought(self, digest: Digest) -> Artifact:
        """Return an artifact's record; of a pinned table, after its bytes were brought into the store."""
        artifact = self._standing(digest)
        return self.table_versions.parts.brought(artifact) if artifact.kind is Kind.TABLE else artifact

    def verify(self, digest: Digest) -> None:
        """Hash every blob of an artifact and make its digest again."""
        artifact = self._standing(digest)
        if artifact.kind is not Kind.FILES:
            self.files(digest)
            return
        for rows in self.rows(artifact):
            for raw in rows.raws():
                self.blobs.open(from_raw(raw)).close()

    def rows(self, artifact: Artifact) -> Iterator[Rows]:
        """Yield the files of a set of files, segment by segment."""
        self.require_named(artifact)
        yield from self.manifests.rows(artifact.parts)

    def difference(self, old: Artifact, new: Artifact) -> Difference:
        """Return how two sets of files differ."""
        self.require_named(old)
        self.require_named(new)
        return self.manifests.difference(old.parts, new.parts)

    def files(self, digest: Digest) -> Sequence[tuple[str, Path]]:
        """Return the verified files of an artifact of few parts."""
        artifact = self.brought(digest)
        if artifact.kind is Kind.FILES:
            return [(path, self.blobs.path(blob)) for rows in self.rows(artifact) for path, blob, _ in rows.each()]
        parts = files_of(artifact.parts) if artifact.kind is Kind.TABLE else artifact.parts
        places = [(part.path, self.blobs.path(part.blob)) for part in parts]
        self.require_named(artifact)
        return places

    def require_named(self, artifact: Artifact) -> None:
        """Refuse an artifact whose parts do not make its digest."""
        if artifact.kind is Kind.FILES:
            made, facts = self.manifests.identify(artifact)
            is_told = {name: artifact.facts.get(name) for name in facts} == facts
        elif self._verified.get(artifact.digest) == artifact.parts:
            return
        else:
            made, facts = self._identify(artifact.kind, artifact.parts, artifact.facts)
            is_told = artifact.kind is not Kind.TABLE or {name: artifact.facts.get(name) for name in facts} == facts
        if made != artifact.digest or not is_told:
            raise BlobAltered(
                f"artifact {artifact.digest.short} is not what its name says",
                why=f"its record was altered: the bytes it lists make {made.short}" if is_told else "its facts were altered",
                next_step="restore .remint/ from a backup, or make the artifact again with `remint run`",
                digest=artifact.digest,
            )
        self._verified[artifact.digest] = artifact.parts

    def present(self, digest: Digest) -> bool:
        """Return whether every blob of an artifact is in the store, and it may be read."""
        try:
            artifact = self._standing(digest)
        except ArtifactErased:  # the answer
            return False
        if artifact.kind is Kind.TABLE:
            return self.table_versions.parts.is_here(artifact)
        if not all(self.blobs.has(part.blob) for part in artifact.parts):
            return False
        if artifact.kind is not Kind.FILES:
            return True
        try:
            return all(self.blobs.has(from_raw(raw)) for rows in self.rows(artifact) for raw in rows.raws())
        except Corrupt:  # a manifest that cannot be read vouches for no file
            return False

    def value(self, digest: Digest) -> Any:  # noqa: ANN401 - JSON
        """Return the value of a small record, verified."""
        places = self.files(digest)
        return canonical.decode_value(canonical.loads(places[0][1].read_bytes()))

    def lay_out(self, digest: Digest, folder: Path, *, on_progress: Progress | None = None) -> int:
        """Write an artifact's files into an empty folder of our own."""
        artifact = self.brought(digest)
        if artifact.kind is Kind.TABLE:
            self.files(digest)
            return self.table_versions.parts.lay_out(artifact, folder)
        if artifact.kind is Kind.FILES:
            chunks, total = self.rows(artifact), int(artifact.facts["files"])
        else:
            total = len(self.files(digest))
            chunks = iter([rows_of((part.path, part.blob, part.size_bytes) for part in artifact.parts)])
        return self.blobs.write_files(self._wanted(chunks, folder, total, on_progress))

    def _wanted(
        self, chunks: Iterable[Rows], folder: Path, total: int, on_progress: Progress | None
    ) -> Iterator[tuple[bytes, str]]:
        """Yield digest and place of each file; the folder of each exists then."""
        root, made, done = f"{folder}/", {""}, 0
        for rows in chunks:
            for inside in {path.rpartition("/")[0] for path in rows.paths} - made:
                self.worktree.folders.make(root + inside)
                made.add(inside)
            yield from zip(rows.raws(), [root + path for path in rows.paths], strict=True)
            done += len(rows)
            if on_progress is not None:
                on_progress(done, total)

    def checkout(self, digest: Digest, folder: Path, *, on_progress: Progress | None = None) -> int:
        """Write an artifact's files into an empty folder, all or none."""
        with self.worktree.folders.receive(folder, digest.hex) as place:
            if place is not None:
                return self.lay_out(digest, place, on_progress=on_progress)
        artifact = self.get(digest)
        if artifact.kind is Kind.TABLE:
            return len(artifact.facts["segment_rows"])
        return int(artifact.facts["files"]) if artifact.kind is Kind.FILES else len(artifact.parts)

    def makers(self, digest: Digest) -> Sequence[Run]:
        """Return the runs that made an artifact, oldest first."""
        with self.catalog.read() as tx:
            return tx.runs.makers(digest)
