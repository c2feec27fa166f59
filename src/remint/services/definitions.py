"""Definitions: small records behind refs, versioned and approved like code."""

from dataclasses import dataclass
from typing import Any

from remint.core.artifact import Artifact, Kind
from remint.core.entry import Entry
from remint.core.ref import Move, RefName, parse_ref
from remint.errors import Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.protection import require_unprotected
from remint.services.recording import record
from remint.services.refs import moved_meanwhile, require_workspace


@dataclass(frozen=True, slots=True)
class Definition:
    """What is to be kept.

    Attributes:
        file: the name of its one file.
        content: canonical JSON.
        facts: what can be said without opening it; `external` or `contract` says what it defines.
        reason: of the move, in words.
    """

    file: str
    content: bytes
    facts: dict[str, Any]
    reason: str


@dataclass(frozen=True)
class DefinitionService:
    """Keeps definitions behind refs.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    blobs: Blobs
    artifacts: Artifacts
    access: Access
    clock: Clock
    protected: tuple[str, ...]

    def set(self, context: Context, name: RefName, made: Definition) -> tuple[Artifact, bool]:
        """Point a ref at a definition; return its artifact, and whether the ref pointed elsewhere.

        Raises:
            Denied: the caller may not, or the ref is protected.
            RefMoved: somebody moved the ref at the same time.
        """
        next_step = f"do it in a sandbox (-w NAME), then `remint propose NAME:{name.path}`"
        require_unprotected(self.access, context, name, self.protected, next_step)
        self.access.check(context, "artifact:add", str(name), workspace=name.workspace)
        with self.blobs.adding():
            parts = [(made.file, self.blobs.put(made.content))]
            kept = self.artifacts.keep(Kind.DEFINITION, parts, made.facts).artifact
            self.blobs.flush()
            at_us = self.clock.now_us()
            with self.access.begin(context, "ref:move", str(name), workspace=name.workspace) as tx:
                require_workspace(tx, name.workspace)
                found = record(tx.artifacts, self.blobs, kept, at_us=at_us)
                moved = _point(tx, context, name, found, made.reason, at_us)
        return found, moved


def _point(tx: Transaction, context: Context, name: RefName, to: Artifact, reason: str, at_us: int) -> bool:
    seen = tx.refs.get(name)
    old = seen.artifact if seen else None
    if old == to.digest:
        return False
    if not tx.refs.move(Move(name, 0, old, to.digest, context.principal, at_us, reason)):
        raise moved_meanwhile(tx, name, old)
    tx.entries.append(Entry("ref:move", str(name), context.principal, at_us, {"from": old, "to": to.digest}))
    return True


def ref_of_kind(text: str, kind: str, *, workspace: str) -> RefName:
    """Return the ref of a kind that a definition is to stand behind.

    Raises:
        Invalid: it is of another kind, or one version of one.
    """
    name, selector = parse_ref(text, workspace=workspace)
    if name.kind != kind or selector is not None:
        raise Invalid(
            f"{text[:80]} was not moved",
            why="it is one version, and versions stay" if selector is not None else f"it is no ref of the kind {kind}",
            next_step=f"name a ref such as {kind}/{name.name}",
        )
    return name
