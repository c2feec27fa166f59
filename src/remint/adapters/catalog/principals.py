"""Principals in SQL (see ports.catalog.Principals)."""

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import principals, role_changes
from remint.adapters.catalog.team_tables import team_changes
from remint.adapters.catalog.teams import SqlTeams
from remint.core.ids import PrincipalId
from remint.core.principal import Principal, PrincipalKind, RoleChange, changed
from remint.core.team import memberships, of_everyone, with_teams
from remint.ports.catalog import PAGE

_WITH_CHANGES = select(
    principals,
    role_changes.c.verb,
    role_changes.c.role,
    role_changes.c.by.label("changed_by"),
    role_changes.c.at_us.label("changed_us"),
).outerjoin(role_changes, role_changes.c.principal == principals.c.id)
_IN_TEAMS = exists().where(team_changes.c.principal == bindparam("id")).label("in_teams")
_ONE = _WITH_CHANGES.add_columns(_IN_TEAMS).where(principals.c.id == bindparam("id")).order_by(role_changes.c.number)


class SqlPrincipals:
    """Principals and the changes of their roles; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, principal: Principal) -> bool:
        """Record a principal unless the name is taken."""
        values = {
            "id": principal.id,
            "kind": str(principal.kind),
            "public_key": principal.public_key,
            "roles": json.dumps(sorted(principal.roles)),
            "at_us": principal.at_us,
        }
        return self._tx.execute(insert_new(principals).values(values)).rowcount == 1

    def get(self, principal_id: PrincipalId, *, at_us: int | None = None) -> Principal | None:
        """Return one principal with the roles it has, or had at a time; or None."""
        rows = self._tx.execute(_ONE, {"id": principal_id}).all()
        if not rows:
            return None
        alone = _principal(rows, at_us)
        if not rows[0].in_teams:
            return alone
        changes = SqlTeams(self._tx).changes(of=principal_id)
        counted = [change for change in changes if at_us is None or change.at_us <= at_us]
        return with_teams(alone, memberships(counted, principal_id))

    def all(self, *, limit: int = PAGE) -> list[Principal]:
        """Return all principals, oldest first."""
        oldest = select(principals.c.id).order_by(principals.c.at_us, principals.c.id).limit(limit)
        asked = _WITH_CHANGES.where(principals.c.id.in_(oldest))
        rows = self._tx.execute(asked.order_by(principals.c.at_us, principals.c.id, role_changes.c.number))
        found = [_principal(list(group), None) for _, group in groupby(rows, key=lambda row: row.id)]
        teams = of_everyone(SqlTeams(self._tx).changes())
        return [with_teams(one, teams.get(one.id, ())) for one in found]

    def change(self, change: RoleChange) -> None:
        """Record that a role was given or taken, or that a principal left."""
        number = (self._tx.execute(select(func.max(role_changes.c.number))).scalar() or 0) + 1
        values = {"principal": change.principal, "verb": change.verb, "role": change.role, "by": change.by}
        self._tx.execute(insert(role_changes).values(number=number, at_us=change.at_us, **values))

    def changes(self, *, limit: int = 100 * PAGE) -> list[RoleChange]:
        """Return every change of roles, oldest first."""
        rows = self._tx.execute(select(role_changes).order_by(role_changes.c.number).limit(limit))
        return [RoleChange(PrincipalId(row.principal), row.verb, row.role, PrincipalId(row.by), row.at_us) for row in rows]


def _principal(rows: Sequence[Row[Any]], at_us: int | None) -> Principal:
    """Return a principal of its rows: one for each change of its roles, or a single one without."""
    row = rows[0]
    id_ = PrincipalId(row.id)
    made = Principal(id_, PrincipalKind(row.kind), row.public_key, frozenset(json.loads(row.roles)), row.at_us)
    if row.verb is None:
        return made
    counted = [one for one in rows if at_us is None or one.changed_us <= at_us]
    return changed(made, [RoleChange(id_, one.verb, one.role, PrincipalId(one.changed_by), one.changed_us) for one in counted])
