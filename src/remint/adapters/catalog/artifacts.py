"""Artifacts in SQL (see ports.catalog.Artifacts)."""

import json
import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.sqlite import insert

from remint.adapters.catalog.tables import artifacts
from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import SHORT, Digest
from remint.errors import ArtifactNotFound

_PREFIX = re.compile(rf"b3:[0-9a-f]{{{SHORT},64}}")


_ADD = insert(artifacts).on_conflict_do_nothing()  # built once: a run adds several


class SqlArtifacts:
    """Artifacts; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, artifact: Artifact, *, at_us: int) -> bool:
        """Record an artifact unless it is recorded."""
        values = {
            "digest": artifact.digest,
            "kind": str(artifact.kind),
            "parts": json.dumps([[part.path, part.blob, part.size_bytes] for part in artifact.parts]),
            "facts": json.dumps(dict(artifact.facts)),
            "size_bytes": artifact.size_bytes,
            "at_us": at_us,
        }
        return self._tx.execute(_ADD, values).rowcount == 1

    def get(self, digest: Digest) -> Artifact:
        """Return one artifact."""
        row = self._tx.execute(select(artifacts).where(artifacts.c.digest == digest)).one_or_none()
        if row is None:
            raise _not_found(digest, "no artifact of that digest is recorded here")
        return _artifact(row)

    def find(self, prefix: str) -> Artifact:
        """Return the one artifact whose digest starts with `prefix`."""
        if not _PREFIX.fullmatch(prefix):
            raise _not_found(prefix[:80], f"the start of a digest is b3: and at least {SHORT} digits")
        matching = artifacts.c.digest.between(prefix, prefix + "g")
        rows = self._tx.execute(select(artifacts).where(matching).limit(2)).all()
        if len(rows) != 1:
            raise _not_found(prefix, "more than one artifact has it" if rows else "no artifact has it")
        return _artifact(rows[0])

    def known(self, digests: Iterable[Digest]) -> set[Digest]:
        """Return those of `digests` that are recorded."""
        wanted = func.json_each(json.dumps(list(digests))).table_valued("value")
        found = self._tx.execute(select(artifacts.c.digest).where(artifacts.c.digest.in_(select(wanted.c.value)))).scalars()
        return {Digest(digest) for digest in found}


def _artifact(row: Row[Any]) -> Artifact:
    parts = tuple(Part(path, Digest(blob), size) for path, blob, size in json.loads(row.parts))
    return Artifact(Digest(row.digest), Kind(row.kind), parts, json.loads(row.facts))


def _not_found(what: str, why: str) -> ArtifactNotFound:
    return ArtifactNotFound(f"artifact {what} was not found", why=why, next_step="list what there is with `remint log REF`")
