"""Principals: who acts, and with which key."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from remint.core.action import OWNER
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.principal import GRANT, LEAVE, REVOKE, Principal, PrincipalKind, RoleChange, changed
from remint.core.ref import require_name
from remint.errors import Conflict, Denied, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.context import Context
from remint.services.access import Access

PLATFORM = PrincipalId("remint")


@dataclass(frozen=True)
class PrincipalService:
    """See ports.usecases.principals.Principals."""

    catalog: Catalog
    keys: Keys
    clock: Clock
    access: Access

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
            before = _present(tx, name)
            change = RoleChange(before.id, verb, role, context.principal, at_us)
            after = changed(before, [change])
            if after == before:
                return before
            _require_an_owner(tx, before, after)
            tx.principals.change(change)
            if verb == LEAVE:
                for token in tx.tokens.newest(owner=before.id):
                    tx.tokens.revoke(token.number, by=context.principal, at_us=at_us)
            facts = {"verb": verb, "role": role} if role else {"verb": verb}
            tx.entries.append(Entry("principal:change", name, context.principal, at_us, facts))
        return after

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


def _present(tx: Transaction, name: str) -> Principal:
    """Return a principal that may be changed: one that exists, has not left, and is not the platform itself."""
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


def _require_an_owner(tx: Transaction, before: Principal, after: Principal) -> None:
    """Refuse to let the last person who is an owner go, or lose that role."""
    if before.kind is not PrincipalKind.PERSON or OWNER not in before.roles or OWNER in after.roles:
        return
    others = (one for one in tx.principals.all() if one.id != before.id and one.kind is PrincipalKind.PERSON)
    if not any(OWNER in one.roles for one in others):
        raise Denied(
            f"{before.id} was not changed",
            why=f"rule last-owner: {before.id} is the only person who is an owner",
            next_step="make another first: `remint principals grant NAME owner`",
            rule="last-owner",
        )
