"""Imports: versions of other tools' repositories become artifacts, and their history moves of refs."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from remint.core.artifact import Kind
from remint.core.entry import Entry
from remint.core.ref import Move, RefName, parse_ref
from remint.errors import Conflict
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.imports import ImportedVersion, Repository
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.imports import Imported
from remint.services.access import Access
from remint.services.protection import require_unprotected

_OUTSIDE = re.compile(r"[^a-z0-9._-]+")
EVERY = 2**31
"""A limit that is none."""


@dataclass(frozen=True)
class ImportService:
    """See ports.usecases.imports.Imports.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    clock: Clock
    protected: tuple[str, ...]
    access: Access

    def take(
        self,
        context: Context,
        repository: Repository,
        *,
        below: str,
        on_version: Callable[[Imported], None] | None = None,
    ) -> Sequence[Imported]:
        """Take over every version of every path, oldest first."""
        taken: list[Imported] = []
        paths: dict[RefName, str] = {}
        for version in repository.versions():
            ref = self._ref(context, below, version.path)
            if paths.setdefault(ref, version.path) != version.path:
                raise Conflict(
                    f"{version.path} was not imported",
                    why=f"{paths[ref]} became {ref.path} already",
                    next_step="import them one by one from copies in which one has another name",
                )
            taken.append(self._take(context, ref, version))
            if on_version is not None:
                on_version(taken[-1])
        return taken

    def _ref(self, context: Context, below: str, path: str) -> RefName:
        words = [_OUTSIDE.sub("-", word.lower()).strip("-._") or "x" for word in path.split("/")]
        if words[0] == below and len(words) > 1:
            words = words[1:]
        ref, _ = parse_ref(f"{below}/{'/'.join(words)}", workspace=context.workspace)
        next_step = "import into a sandbox (-w NAME), then `remint propose`"
        require_unprotected(self.access, context, ref, self.protected, next_step)
        return ref

    def _take(self, context: Context, ref: RefName, version: ImportedVersion) -> Imported:
        found = Imported(
            version.path, ref.path, version.commit, None, moved=False, files=len(version.files), missing=version.missing
        )
        if version.missing:
            return found
        with self.blobs.adding():
            kept = self.artifacts.keep(Kind.FILES, version.files, {})
            self.blobs.flush()
            digest, at_us = kept.artifact.digest, self.clock.now_us()
            reason = _reason(version)
            with self.access.begin(context, "ref:move", str(ref), workspace=ref.workspace) as tx:
                tx.artifacts.add(kept.artifact, at_us=at_us)
                seen = tx.refs.get(ref)
                moves = tx.refs.log(ref, limit=EVERY) if seen else []
                known = any(move.new == digest and move.reason == reason for move in moves)
                moved = not known and (seen is None or seen.artifact != digest)
                if moved:
                    old = seen.artifact if seen else None
                    tx.refs.move(Move(ref, 0, old, digest, context.principal, at_us, reason))
                    facts = {"from": old, "to": digest, "commit": version.commit}
                    tx.entries.append(Entry("ref:move", str(ref), context.principal, at_us, facts))
        return Imported(version.path, ref.path, version.commit, digest, moved, len(version.files), ())


def _reason(version: ImportedVersion) -> str:
    if not version.commit:
        return f"imported from DVC: {version.path}"
    return f"imported from DVC commit {version.commit[:12]} by {version.author}: {version.message}"[:500]
