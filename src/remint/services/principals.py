"""Principals: who acts, and with which key."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.principal import ROLES, Principal, PrincipalKind
from remint.core.ref import require_name
from remint.errors import Conflict, Denied, Invalid
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.context import Context

PLATFORM = PrincipalId("remint")


@dataclass(frozen=True)
class PrincipalService:
    """See ports.usecases.principals.Principals."""

    catalog: Catalog
    keys: Keys
    clock: Clock

    def create(
        self, context: Context | None, name: str, *, kind: str = "person", roles: Sequence[str] = ("member",)
    ) -> Principal:
        """Make a principal with a key of its own."""
        require_name(name, what="principal")
        unknown = sorted(set(roles) - set(ROLES))
        if unknown:
            raise Invalid(f"there is no role {unknown[0]}", why=f"roles are {', '.join(ROLES)}", next_step="choose one of them")
        public_key = self.keys.create(PrincipalId(name))
        at_us = self.clock.now_us()
        made = Principal(PrincipalId(name), PrincipalKind(kind), public_key, frozenset(roles), at_us)
        with self.catalog.begin() as tx:
            by = context.principal if context else PLATFORM
            asking = tx.principals.get(by) if context else None
            first = not any(other.kind is PrincipalKind.PERSON for other in tx.principals.all())
            if not first and (asking is None or "owner" not in asking.roles):
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
