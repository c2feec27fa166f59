"""Refs and workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.artifact import Artifact
from remint.core.digest import SHORT, Digest
from remint.core.entry import Entry
from remint.core.ref import Move, Ref, RefName, parse_ref, require_name
from remint.core.workspace import Workspace
from remint.errors import Conflict, RefMoved, RefNotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.protection import require_unprotected
from remint.services.sight import SightService, no_workspace

WHOLE = 67
"""How many characters a whole digest has."""


@dataclass(frozen=True)
class RefService:
    """See ports.usecases.refs.Refs.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    clock: Clock
    protected: tuple[str, ...]
    access: Access
    sight: SightService

    def resolve(self, context: Context, text: str) -> tuple[RefName, Artifact]:
        """Return the ref a text names and the artifact it means."""
        name, selector = parse_ref(text, workspace=context.workspace)
        self.sight.require_workspace(context, name.workspace)
        with self.catalog.read() as tx:
            if selector is not None:
                return name, tx.artifacts.get(tx.refs.select(name, selector).new)
            found = tx.refs.get(name)
            if found is None:
                raise _no_ref(name)
            return name, tx.artifacts.get(found.artifact)

    def artifact(self, context: Context, text: str) -> Artifact:
        """Return the artifact that a ref or a digest means."""
        if text.startswith("b3:") and len(text) >= 3 + SHORT:
            with self.catalog.read() as tx:
                found = tx.artifacts.find(text)
            self.sight.require_artifact(context, found.digest, named=text)
            return found
        return self.resolve(context, text)[1]

    def move(self, context: Context, text: str, *, to: str, expect: str | None, reason: str) -> Move:
        """Point a ref at an artifact if it still points at what the caller saw."""
        name, _ = parse_ref(text, workspace=context.workspace)
        next_step = f"open one: `remint propose {name.path}={to[: 3 + SHORT]}`"
        require_unprotected(self.access, context, name, self.protected, next_step)
        target = self._target(context, to)
        at_us = self.clock.now_us()
        with self.access.begin(context, "ref:move", str(name), workspace=name.workspace) as tx:
            require_workspace(tx, name.workspace)
            old = None if expect is None else Digest.parse(expect)
            if not tx.refs.move(Move(name, 0, old, target, context.principal, at_us, reason)):
                raise moved_meanwhile(tx, name, old)
            tx.entries.append(Entry("ref:move", str(name), context.principal, at_us, {"from": old, "to": target}))
            return tx.refs.log(name, limit=1)[0]

    def _target(self, context: Context, text: str) -> Digest:
        """Return the artifact that a ref or a digest means; of a whole digest the record is not read."""
        if text.startswith("b3:") and len(text) == WHOLE:
            digest = Digest.parse(text)
            with self.catalog.read() as tx:
                is_known = bool(tx.artifacts.known([digest]))
            if is_known:
                self.sight.require_artifact(context, digest)
                return digest
        return self.artifact(context, text).digest

    def get(self, context: Context, text: str) -> Ref:
        """Return where a ref points."""
        name, selector = parse_ref(text, workspace=context.workspace)
        self.sight.require_workspace(context, name.workspace)
        with self.catalog.read() as tx:
            if selector is not None:
                move = tx.refs.select(name, selector)
                return Ref(name, move.new, move.serial)
            found = tx.refs.get(name)
        if found is None:
            raise _no_ref(name)
        return found

    def log(self, context: Context, text: str, *, limit: int = 50, before: int | None = None) -> Sequence[Move]:
        """Return the moves of a ref, newest first."""
        name, _ = parse_ref(text, workspace=context.workspace)
        if context.sandbox is not None:
            self.sight.require_workspace(context, name.workspace)
        with self.catalog.read() as tx:
            moves = tx.refs.log(name, limit=limit, before=before)
        if not moves and before is None:
            raise _no_ref(name)
        return moves

    def list(self, context: Context, *, kind: str | None = None, after: str = "", limit: int = 1000) -> Sequence[Ref]:
        """Return the refs of the context's workspace by name."""
        with self.catalog.read() as tx:
            require_workspace(tx, context.workspace)
            return tx.refs.seen_from(context.workspace, kind=kind, after=after, limit=limit)

    def fork(self, context: Context, name: str, *, base: str = "main") -> Workspace:
        """Make a sandbox."""
        require_name(name, what="workspace")
        at_us = self.clock.now_us()
        with self.access.begin(context, "sandbox:create", name, workspace=base) as tx:
            require_workspace(tx, base)
            made = Workspace(name, base, tx.refs.order(), context.principal, at_us)
            if not tx.workspaces.add(made):
                raise Conflict(
                    f"sandbox {name} was not made", why="a workspace of that name exists", next_step="choose another name"
                )
            facts = {"base": base, "fork_order": made.fork_order}
            tx.entries.append(Entry("sandbox:create", name, context.principal, at_us, facts))
        return made

    def workspaces(self) -> Sequence[Workspace]:
        """Return all workspaces."""
        with self.catalog.read() as tx:
            return tx.workspaces.all()


def moved_meanwhile(tx: Transaction, name: RefName, expected: Digest | None) -> RefMoved:
    """Return the error for a ref that is not where the caller saw it."""
    latest = tx.refs.log(name, limit=1)
    was = expected.short if expected else "nothing"
    if not latest:
        return RefMoved(f"{name} was not moved", why=f"you saw it at {was}, and it does not exist", next_step="read it again")
    return RefMoved(
        f"{name} was not moved",
        why=f"you saw it at {was}, and {latest[0].by} moved it to {latest[0].new.short} since",
        next_step=f"look at it with `remint log {name}`, then decide again",
        ref=str(name),
        expected=expected,
        found=latest[0].new,
    )


def _no_ref(name: RefName) -> RefNotFound:
    return RefNotFound(
        f"{name} does not exist", why="nothing ever pointed it at an artifact", next_step="see `remint status` for what exists"
    )


def require_workspace(tx: Transaction, name: str) -> None:
    """Refuse to look into a workspace that nobody made.

    Raises:
        NotFound: there is none of that name.
    """
    if tx.workspaces.get(name) is None:
        raise no_workspace(name)
