"""Teams: groups of principals. A member has the roles of its teams for as long as it is in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from remint.core.ids import PrincipalId
from remint.core.principal import GRANT, REVOKE, Membership, Principal

JOIN, PART = "join", "part"
VERBS = (JOIN, PART, GRANT, REVOKE)


@dataclass(frozen=True, slots=True)
class TeamChange:
    """A principal that joined or parted, or a role given to the team or taken from it.

    Attributes:
        verb: JOIN, PART, GRANT or REVOKE.
        principal: who joined or parted; None for a role.
        role: which role; empty for a principal.
        source: the issuer whose claims say so; empty for what an owner did.
    """

    team: str
    verb: str
    principal: PrincipalId | None
    role: str
    source: str
    by: PrincipalId
    at_us: int


@dataclass(frozen=True, slots=True)
class Team:
    """A group of principals.

    Attributes:
        about: what it is for.
        roles: that every member has.
        members: who is in it, each with the sources that say so: the empty one for an owner, otherwise issuers.
    """

    name: str
    about: str
    by: PrincipalId
    at_us: int
    roles: frozenset[str] = frozenset()
    members: Mapping[PrincipalId, tuple[str, ...]] = field(default_factory=dict)


def formed(team: Team, changes: Iterable[TeamChange]) -> Team:
    """Return a team after changes, in their order.

    Example:
        >>> ana, bo = PrincipalId("ana"), PrincipalId("bo")
        >>> given = [TeamChange("risk", GRANT, None, "approver", "", ana, 1), TeamChange("risk", JOIN, bo, "", "", ana, 2)]
        >>> found = formed(Team("risk", "", ana, 0), given)
        >>> sorted(found.roles), sorted(found.members)
        (['approver'], ['bo'])
    """
    roles = set(team.roles)
    members = {name: set(sources) for name, sources in team.members.items()}
    for change in changes:
        if change.verb == GRANT:
            roles.add(change.role)
        elif change.verb == REVOKE:
            roles.discard(change.role)
        elif change.principal is not None:
            sources = members.setdefault(change.principal, set())
            (sources.add if change.verb == JOIN else sources.discard)(change.source)
    held = {name: tuple(sorted(sources)) for name, sources in sorted(members.items()) if sources}
    return replace(team, roles=frozenset(roles), members=held)


def of_everyone(changes: Iterable[TeamChange]) -> dict[PrincipalId, tuple[Membership, ...]]:
    """Return the teams of everyone who is in any, by name, with the roles that each gives."""
    found: dict[PrincipalId, tuple[Membership, ...]] = {}
    for team in _formed(changes):
        for name in team.members:
            found[name] = (*found.get(name, ()), Membership(team.name, team.roles))
    return found


def memberships(changes: Iterable[TeamChange], principal: PrincipalId) -> tuple[Membership, ...]:
    """Return the teams of a principal, by name, with the roles that each gives.

    Args:
        changes: of its teams, in their order; those of other principals do not matter.
        principal: whose.
    """
    return tuple(Membership(team.name, team.roles) for team in _formed(changes) if principal in team.members)


def _formed(changes: Iterable[TeamChange]) -> list[Team]:
    """Return teams as far as changes tell of them, by name."""
    told: dict[str, list[TeamChange]] = {}
    for change in changes:
        told.setdefault(change.team, []).append(change)
    return [formed(Team(name, "", PrincipalId(""), 0), told[name]) for name in sorted(told)]


def with_teams(principal: Principal, teams: tuple[Membership, ...]) -> Principal:
    """Return a principal with the roles that its teams give it; one who left is in none.

    Example:
        >>> from remint.core.principal import PrincipalKind
        >>> ana = Principal(PrincipalId("ana"), PrincipalKind.PERSON, bytes(32), frozenset({"member"}), 0)
        >>> found = with_teams(ana, (Membership("risk", frozenset({"approver"})),))
        >>> sorted(found.roles), sorted(found.own_roles)
        (['approver', 'member'], ['member'])
    """
    if not teams or principal.left_us is not None:
        return principal
    roles = principal.roles.union(*(one.roles for one in teams))
    return replace(principal, roles=roles, given=principal.roles, teams=teams)
