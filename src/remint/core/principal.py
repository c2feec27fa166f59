"""Principals: persons and services that act, each with a key of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from remint.core.ids import PrincipalId

GRANT, REVOKE, LEAVE = "grant", "revoke", "leave"


class PrincipalKind(StrEnum):
    """What acts: a person, or a service such as a worker."""

    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Membership:
    """A team that a principal is in, and the roles that the team gives it."""

    team: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts.

    Attributes:
        public_key: Ed25519, 32 bytes.
        roles: what it may do, by itself and by its teams: those of core.action.ROLES carry actions, others such as `risk` count
            in approvals and policies.
        left_us: when it left; None if it did not. One who left has no role, and does not come back under this name.
        given: the roles that it has by itself; None if it is in no team, and has all by itself.
        teams: those it is in, by name.
    """

    id: PrincipalId
    kind: PrincipalKind
    public_key: bytes
    roles: frozenset[str]
    at_us: int
    left_us: int | None = None
    given: frozenset[str] | None = None
    teams: tuple[Membership, ...] = ()

    @property
    def own_roles(self) -> frozenset[str]:
        """The roles that it has by itself, without its teams."""
        return self.roles if self.given is None else self.given

    @property
    def may_approve(self) -> bool:
        """Whether its approvals count, on changes it did not help to make."""
        return self.kind is PrincipalKind.PERSON and bool(self.roles & {"approver", "owner"})


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A role given or taken, or a principal that left.

    Attributes:
        verb: GRANT, REVOKE or LEAVE.
        role: which role; empty for LEAVE.
    """

    principal: PrincipalId
    verb: str
    role: str
    by: PrincipalId
    at_us: int


def changed(principal: Principal, changes: Iterable[RoleChange]) -> Principal:
    """Return a principal after changes of its roles, in their order.

    Example:
        >>> ana = PrincipalId("ana")
        >>> made = Principal(ana, PrincipalKind.PERSON, bytes(32), frozenset({"member"}), 0)
        >>> given = RoleChange(ana, GRANT, "risk", ana, 1)
        >>> sorted(changed(made, [given]).roles), changed(made, [given, RoleChange(ana, LEAVE, "", ana, 2)]).roles
        (['member', 'risk'], frozenset())
    """
    roles, left_us = set(principal.roles), principal.left_us
    for change in changes:
        if change.verb == LEAVE:
            roles, left_us = set(), change.at_us
        elif change.verb == GRANT:
            roles.add(change.role)
        else:
            roles.discard(change.role)
    return replace(principal, roles=frozenset(roles), left_us=left_us)
