"""Teams and identities in SQL (see ports.teams)."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.team_tables import exchanges, identities, team_changes, teams
from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.team import Team, TeamChange, formed
from remint.core.vouched import Link
from remint.ports.teams import EVERY, PAGE

_JOINED = select(team_changes.c.team).where(team_changes.c.principal == bindparam("of"))
_ABOUT = or_(
    team_changes.c.principal == bindparam("of"), and_(team_changes.c.principal.is_(None), team_changes.c.team.in_(_JOINED))
)
_CHANGES = select(team_changes).order_by(team_changes.c.number)
_CHANGES_OF = _CHANGES.where(_ABOUT).limit(bindparam("most"))  # made once: it stands in the way of every request of a member


class SqlTeams:
    """Teams and their changes; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, team: Team) -> bool:
        """Record a team unless the name is taken."""
        values = {"name": team.name, "about": team.about, "by": team.by, "at_us": team.at_us}
        return self._tx.execute(insert_new(teams).values(values)).rowcount == 1

    def get(self, name: str) -> Team | None:
        """Return one team, or None."""
        row = self._tx.execute(select(teams).where(teams.c.name == name)).one_or_none()
        if row is None:
            return None
        changes = self._tx.execute(_CHANGES.where(team_changes.c.team == name))
        return formed(_team(row), map(_change, changes))

    def all(self, *, limit: int = PAGE) -> list[Team]:
        """Return teams, by name."""
        changes: defaultdict[str, list[TeamChange]] = defaultdict(list)
        for row in self._tx.execute(_CHANGES):
            changes[row.team].append(_change(row))
        rows = self._tx.execute(select(teams).order_by(teams.c.name).limit(limit))
        return [formed(_team(row), changes[row.name]) for row in rows]

    def change(self, change: TeamChange) -> None:
        """Record a change of a team."""
        number = (self._tx.execute(select(func.max(team_changes.c.number))).scalar() or 0) + 1
        what = {"team": change.team, "verb": change.verb, "principal": change.principal, "role": change.role}
        whence = {"source": change.source, "by": change.by, "at_us": change.at_us}
        self._tx.execute(insert(team_changes).values(number=number, **what, **whence))

    def changes(self, *, of: PrincipalId | None = None, limit: int = EVERY) -> list[TeamChange]:
        """Return changes of teams, oldest first."""
        if of is None:
            return [_change(row) for row in self._tx.execute(_CHANGES.limit(limit))]
        return [_change(row) for row in self._tx.execute(_CHANGES_OF, {"of": of, "most": limit})]


class SqlIdentities:
    """Whom issuers mean, and proofs that were exchanged; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def link(self, link: Link) -> bool:
        """Record whom an issuer means, once."""
        values = {"issuer": link.issuer, "subject": link.subject, "principal": link.principal}
        told = {"by": link.by, "at_us": link.at_us}
        made = insert_new(identities).values(**values, **told)
        return self._tx.execute(made).rowcount == 1

    def holder(self, issuer: str, subject: str) -> PrincipalId | None:
        """Return whom an issuer means, or None."""
        asked = select(identities.c.principal).where(identities.c.issuer == issuer, identities.c.subject == subject)
        found = self._tx.execute(asked).scalar_one_or_none()
        return None if found is None else PrincipalId(found)

    def all(self, *, of: PrincipalId | None = None, limit: int = EVERY) -> list[Link]:
        """Return links, oldest first."""
        asked = select(identities) if of is None else select(identities).where(identities.c.principal == of)
        ordered = asked.order_by(identities.c.at_us, identities.c.issuer, identities.c.subject).limit(limit)
        return [
            Link(row.issuer, row.subject, PrincipalId(row.principal), PrincipalId(row.by), row.at_us)
            for row in self._tx.execute(ordered)
        ]

    def spend(self, proof: Digest, *, token: int, at_us: int) -> bool:
        """Record that a proof was exchanged, once."""
        made = insert_new(exchanges).values(proof=proof, token=token, at_us=at_us)
        return self._tx.execute(made).rowcount == 1

    def spent(self, *, limit: int = EVERY) -> list[tuple[Digest, int]]:
        """Return proofs and their tokens."""
        asked = select(exchanges).order_by(exchanges.c.token, exchanges.c.proof).limit(limit)
        return [(Digest(row.proof), row.token) for row in self._tx.execute(asked)]


def _team(row: Row[Any]) -> Team:
    return Team(row.name, row.about, PrincipalId(row.by), row.at_us)


def _change(row: Row[Any]) -> TeamChange:
    principal = None if row.principal is None else PrincipalId(row.principal)
    return TeamChange(row.team, row.verb, principal, row.role, row.source, PrincipalId(row.by), row.at_us)
