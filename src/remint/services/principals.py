"""Principals: who acts, and with which key."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.principal import GRANT, LEAVE, REVOKE, Principal, PrincipalKind, RoleChange, changed
from remint.core.ref import require_name
from remint.core.team import PART, TeamChange
from remint.errors import Conflict, Denied, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.teams import EVERY
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.quorums import Quorums
from remint.services.teamrecords import record_change

PLATFORM = PrincipalId("remint")


@dataclass(frozen=True)
class PrincipalService:
    """See ports.usecases.principals.Principals."""

    catalog: Catalog
    keys: Keys
    clock: Clock
    access: Access
    quorums: Quorums

    def create(
        self, context: Context | None, name: str, *, kind: str = "person", roles: Sequence[str] = ("member",)
    ) -> Principal:
        """Make a principal with a key of its own."""
        require_name(name, what="principal")
        for role in roles:
            require_name(role, what="role")
        public_key = self.keys.create(PrincipalId(name))
        at_us = self.clock.now_us()
        made = Principal(PrincipalId(name), PrincipalKind(kind), public_key, frozenset(roles), at_us)
        by = context.principal if context else PLATFORM
        recording = self.access.recording(context, "principal:create", name) if context else nullcontext()
        with recording, self.catalog.begin() as tx:
            if context is not None:
                self.access.require(tx, context, "principal:create", name)
            elif any(other.kind is PrincipalKind.PERSON for other in tx.principals.all()):
                raise Denied(
                    f"principal {name} was not made",
                    why="rule owners-only: only an owner makes principals",
                    next_step="ask an owner; see `remint principals list`",
                    rule="owners-only",
                )
            if not tx.principals.add(made):
                raise Conflict(f"principal {name} was not made", why="the name is taken", next_step="choose another name")
            facts = {"kind": kind, "roles": sorted(roles), "public_key": public_key.hex()}
            tx.entries.append(Entry("principal:create", name, by, at_us, facts))
        return made

    def grant(self, context: Context, name: str, role: str) -> Principal:
        """Give a role."""
        return self._change(context, name, GRANT, require_name(role, what="role"))

    def revoke(self, context: Context, name: str, role: str) -> Principal:
        """Take a role."""
        return self._change(context, name, REVOKE, require_name(role, what="role"))

    def leave(self, context: Context, name: str) -> Principal:
        """Record that a principal left; its tokens end with it."""
        return self._change(context, name, LEAVE, "")

    def _change(self, context: Context, name: str, verb: str, role: str) -> Principal:
        at_us = self.clock.now_us()
        with self.access.recording(context, "principal:change", name), self.catalog.begin() as tx:
            self.access.require(tx, context, "principal:change", name)
            before = present(tx, name)
            change = RoleChange(before.id, verb, role, context.principal, at_us)
            alone = replace(before, roles=before.own_roles, given=None, teams=())
            if changed(alone, [change]) == alone:
                return before
            with self.quorums.kept(tx, name):
                tx.principals.change(change)
                if verb == LEAVE:
                    self._end(tx, before, by=context.principal, at_us=at_us)
            facts = {"verb": verb, "role": role} if role else {"verb": verb}
            tx.entries.append(Entry("principal:change", name, context.principal, at_us, facts))
            after = tx.principals.get(before.id)
            assert after is not None
        return after

    @staticmethod
    def _end(tx: Transaction, principal: Principal, *, by: PrincipalId, at_us: int) -> None:
        """End what one who leaves held: its tokens, and its places in teams."""
        for token in tx.tokens.newest(owner=principal.id):
            tx.tokens.revoke(token.number, by=by, at_us=at_us)
        for team in tx.teams.all(limit=EVERY):
            for source in team.members.get(principal.id, ()):
                record_change(tx, TeamChange(team.name, PART, principal.id, "", source, by, at_us))

    def list(self) -> Sequence[Principal]:
        """Return all principals."""
        with self.catalog.read() as tx:
            return tx.principals.all()

    def require(self, name: str) -> Principal:
        """Return a principal that exists and whose key is here."""
        with self.catalog.read() as tx:
            found = tx.principals.get(PrincipalId(name))
        if found is None:
            raise Denied(
                f"you cannot act as {name}",
                why="rule known-principal: no principal of that name exists here",
                next_step=f"an owner makes it: `remint principals create {name}`",
                rule="known-principal",
            )
        if found.left_us is not None:
            raise Denied(
                f"you cannot act as {name}",
                why=f"rule known-principal: {name} has left",
                next_step="act under another name; an owner makes it: `remint principals create NAME`",
                rule="known-principal",
            )
        if not self.keys.holds(found.id):
            raise Denied(
                f"you cannot act as {name}",
                why=f"rule own-key: there is no readable key of {name} in .remint/keys",
                next_step="restore the key file from a backup",
                rule="own-key",
            )
        if self.keys.create(found.id) != found.public_key:
            raise Denied(
                f"you cannot act as {name}",
                why="rule own-key: the key in .remint/keys is not the one that was recorded",
                next_step="restore the key file from a backup",
                rule="own-key",
            )
        return found


def present(tx: Transaction, name: str) -> Principal:
    """Return a principal that may be changed: one that exists, has not left, and is not the platform itself.

    Raises:
        NotFound: there is no such principal.
        Conflict: it left.
    """
    found = tx.principals.get(PrincipalId(name))
    if found is None or found.id == PLATFORM:
        raise NotFound(f"{name} was not changed", why="there is no such principal", next_step="see `remint principals list`")
    if found.left_us is not None:
        raise Conflict(
            f"{name} was not changed",
            why="it left, and nobody comes back under a name that was left",
            next_step="make another: `remint principals create NAME`",
        )
    return found
