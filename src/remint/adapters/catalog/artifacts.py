"""Artifacts in SQL (see ports.catalog.Artifacts)."""

import json
import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, select

from remint.adapters.catalog.erasures import require_kept
from remint.adapters.catalog.statements import insert_new, texts_in
from remint.adapters.catalog.tables import artifacts, layouts
from remint.core.artifact import NONE_HAS_IT, Artifact, Kind, Part, not_found
from remint.core.digest import SHORT, Digest

_PREFIX = re.compile(rf"b3:[0-9a-f]{{{SHORT},64}}")


# Built once: a run adds several artifacts, and reads each of its inputs.
_ADD = insert_new(artifacts)
_ADD_LAYOUT = insert(layouts)


def recorded() -> Select[Any]:
    """Return the query of all artifacts, each with the parts it has now, and when these were recorded."""
    every = layouts.alias()
    last = select(func.max(every.c.number)).where(every.c.artifact == artifacts.c.digest).correlate(artifacts).scalar_subquery()
    newest = and_(layouts.c.artifact == artifacts.c.digest, layouts.c.number == last)
    held = [func.coalesce(layouts.c[name], artifacts.c[name]).label(name) for name in ("parts", "facts", "size_bytes", "at_us")]
    return select(artifacts.c.digest, artifacts.c.kind, *held).select_from(artifacts.outerjoin(layouts, newest))


_ONE = recorded().where(artifacts.c.digest == bindparam("wanted"))


_ASKED = texts_in(bindparam("digests"))
_KNOWN = select(artifacts.c.digest).where(artifacts.c.digest.in_(select(_ASKED.c.value)))


class SqlArtifacts:
    """Artifacts; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, artifact: Artifact, *, at_us: int) -> bool:
        """Record an artifact unless it is recorded."""
        values = {"digest": artifact.digest, "kind": str(artifact.kind), **_stored(artifact), "at_us": at_us}
        if self._tx.execute(_ADD, values).rowcount == 1:
            return True
        require_kept(self._tx, artifact.digest, f"{artifact.digest.short} was not recorded again")
        return False

    def store_anew(self, artifact: Artifact, *, at_us: int) -> None:
        """Record other parts of an artifact that is recorded."""
        of_it = select(func.max(layouts.c.number)).where(layouts.c.artifact == artifact.digest)
        number = (self._tx.execute(of_it).scalar() or 0) + 1
        values = {"artifact": artifact.digest, "number": number, **_stored(artifact), "at_us": at_us}
        self._tx.execute(_ADD_LAYOUT, values)

    def get(self, digest: Digest) -> Artifact:
        """Return one artifact."""
        row = self._tx.execute(_ONE, {"wanted": digest}).one_or_none()
        if row is None:
            raise not_found(digest)
        return artifact_of(row)

    def find(self, prefix: str) -> Artifact:
        """Return the one artifact whose digest starts with `prefix`."""
        if not _PREFIX.fullmatch(prefix):
            raise not_found(prefix[:80], f"the start of a digest is b3: and at least {SHORT} digits")
        matching = artifacts.c.digest.between(prefix, prefix + "g")
        rows = self._tx.execute(recorded().where(matching).limit(2)).all()
        if len(rows) != 1:
            raise not_found(prefix, "more than one artifact has it" if rows else NONE_HAS_IT)
        return artifact_of(rows[0])

    def known(self, digests: Iterable[Digest]) -> set[Digest]:
        """Return those of `digests` that are recorded."""
        found = self._tx.execute(_KNOWN, {"digests": json.dumps(list(digests))}).scalars()
        return {Digest(digest) for digest in found}


def _stored(artifact: Artifact) -> dict[str, Any]:
    return {
        "parts": json.dumps([[part.path, part.blob, part.size_bytes] for part in artifact.parts]),
        "facts": json.dumps(dict(artifact.facts)),
        "size_bytes": artifact.size_bytes,
    }


def artifact_of(row: Row[Any]) -> Artifact:
    """Return the artifact in a row of `recorded`."""
    parts = tuple(Part(path, Digest(blob), size) for path, blob, size in json.loads(row.parts))
    return Artifact(Digest(row.digest), Kind(row.kind), parts, json.loads(row.facts))
