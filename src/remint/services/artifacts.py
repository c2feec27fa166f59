"""Artifacts: bytes in the store, records in the catalog, and verification of both against the name."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remint.core import canonical
from remint.core.artifact import RECORDED_AS_FILES, Artifact, Kind, Part, files_digest, record_digest, require_path
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.model import model_digest
from remint.core.ref import Move, is_protected, parse_ref
from remint.core.run import Run
from remint.errors import BlobAltered, Denied, Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.formats import ModelFormat
from remint.ports.tables import Tables
from remint.ports.usecases.artifacts import Kept
from remint.ports.usecases.context import Context

MODEL_FILES = {"skops": "model.skops"}
PROBE_FILE = "probe.parquet"


@dataclass(frozen=True)
class ArtifactService:
    """See ports.usecases.artifacts.Artifacts.

    Attributes:
        formats: model formats by name.
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    blobs: Blobs
    tables: Tables
    formats: Mapping[str, ModelFormat]
    clock: Clock
    protected: tuple[str, ...]
    _verified: dict[Digest, tuple[Part, ...]]

    def keep(self, kind: Kind, parts: Sequence[tuple[str, Path | Digest]], facts: Mapping[str, Any]) -> Kept:
        """Put the parts into the store and say what artifact they are."""
        stored = [self._store(path, place) for path, place in parts]
        if kind is Kind.TABLE:
            stored = [Part(f"{part.blob.hex}.parquet", part.blob, part.size_bytes) for part in stored]
        else:
            stored = sorted(stored)
        digest, computed = self._identify(kind, stored, facts)
        artifact = Artifact(digest, kind, tuple(stored), {**facts, **computed})
        self._verified[digest] = artifact.parts
        return Kept(artifact, files_digest(Kind.FILES, stored))

    def _store(self, path: str, place: Path | Digest) -> Part:
        require_path(path)
        if isinstance(place, Digest):
            return Part(path, place, self.blobs.path(place).stat().st_size)
        blob, size_bytes = self.blobs.take(place)
        return Part(path, blob, size_bytes)

    def _identify(self, kind: Kind, parts: Sequence[Part], facts: Mapping[str, Any]) -> tuple[Digest, dict[str, Any]]:
        if kind is Kind.TABLE:
            found = self.tables.identify([self.blobs.path(part.blob) for part in parts])
            computed = {"rows": found.rows, "schema": list(found.schema), "segment_rows": list(found.segment_rows)}
            return found.digest, computed
        if kind is Kind.MODEL:
            return self._identify_model(parts, facts)
        if kind in RECORDED_AS_FILES:
            return files_digest(kind, parts), {"files": len(parts)}
        if len(parts) != 1:
            raise Invalid(f"a {kind} has {len(parts)} files", why="it is one record in one file", next_step="give one file")
        return record_digest(kind, canonical.loads(self.blobs.get(parts[0].blob))), {}

    def _identify_model(self, parts: Sequence[Part], facts: Mapping[str, Any]) -> tuple[Digest, dict[str, Any]]:
        form = self.formats[facts["format"]]
        places = {part.path: part.blob for part in parts}
        content = form.content_digest(self.blobs.get(places[MODEL_FILES[form.name]]))
        probe = self.tables.identify([self.blobs.path(places[PROBE_FILE])]) if PROBE_FILE in places else None
        digest = model_digest(
            format_name=form.name, content=content, features=facts["features"], probe=probe.digest if probe else None
        )
        return digest, {"content": content, "probe_rows": probe.rows if probe else 0}

    def add(self, context: Context, name: str, path: Path, *, kind: Kind | None = None) -> tuple[Artifact, bool]:
        """Make an artifact of a file or folder and point a ref at it."""
        ref, _ = parse_ref(name, workspace=context.workspace)
        if is_protected(ref, patterns=self.protected):
            raise Denied(
                f"{ref} was not moved",
                why="rule protected-ref: only an approved change moves it",
                next_step=f"add it in a sandbox, then `remint propose SANDBOX:{ref.path}`",
                rule="protected-ref",
            )
        found = _kind_of(path) if kind is None else kind
        kept = self.keep(found, [(inside, self._copied(place)) for inside, place in _walk(path)], {})
        self.blobs.flush()
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            tx.artifacts.add(kept.artifact, at_us=at_us)
            seen = tx.refs.get(ref)
            if seen is not None and seen.artifact == kept.artifact.digest:
                return kept.artifact, False
            old = seen.artifact if seen else None
            tx.refs.move(Move(ref, 0, old, kept.artifact.digest, context.principal, at_us, reason=f"added from {path.name}"))
            facts = {"from": old, "to": kept.artifact.digest}
            tx.entries.append(Entry("ref:move", str(ref), context.principal, at_us, facts))
        return kept.artifact, True

    def _copied(self, place: Path) -> Digest:
        return self.blobs.put_file(place)[0]

    def get(self, digest: Digest) -> Artifact:
        """Return an artifact's record."""
        with self.catalog.read() as tx:
            return tx.artifacts.get(digest)

    def files(self, digest: Digest) -> Sequence[tuple[str, Path]]:
        """Return the verified files of an artifact."""
        artifact = self.get(digest)
        places = [(part.path, self.blobs.path(part.blob)) for part in artifact.parts]
        if self._verified.get(digest) != artifact.parts:
            made, _ = self._identify(artifact.kind, artifact.parts, artifact.facts)
            if made != digest:
                raise BlobAltered(
                    f"artifact {digest.short} is not what its name says",
                    why=f"its record was altered: the bytes it lists make {made.short}",
                    next_step="restore .remint/ from a backup, or make the artifact again with `remint run`",
                    digest=digest,
                )
            self._verified[digest] = artifact.parts
        return places

    def present(self, digest: Digest) -> bool:
        """Return whether every blob of an artifact is in the store."""
        return all(self.blobs.has(part.blob) for part in self.get(digest).parts)

    def value(self, digest: Digest) -> Any:  # noqa: ANN401 - JSON
        """Return the value of a small record, verified."""
        places = self.files(digest)
        return canonical.decode_value(canonical.loads(places[0][1].read_bytes()))

    def checkout(self, digest: Digest, folder: Path) -> int:
        """Write an artifact's files under an empty folder."""
        if folder.exists() and any(folder.iterdir()):
            raise Invalid(f"{folder.name} is not empty", why="checkout never overwrites", next_step="choose another folder")
        files = self.files(digest)
        for name, place in files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, target)
        return len(files)

    def makers(self, digest: Digest) -> Sequence[Run]:
        """Return the runs that made an artifact, oldest first."""
        with self.catalog.read() as tx:
            return tx.runs.makers(digest)


def _kind_of(path: Path) -> Kind:
    return Kind.TABLE if path.suffix == ".parquet" else Kind.FILES


def _walk(path: Path) -> list[tuple[str, Path]]:
    if path.is_file():
        return [(path.name, path)]
    if not path.is_dir():
        raise Invalid(f"{path.name} was not added", why="there is no such file or folder", next_step="check the path")
    places = sorted(place for place in path.rglob("*") if place.is_file())
    return [(place.relative_to(path).as_posix(), place) for place in places]
