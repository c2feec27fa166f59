"""Workspaces in SQL (see ports.catalog.Workspaces)."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import workspaces
from remint.core.ids import PrincipalId
from remint.core.workspace import Workspace
from remint.ports.catalog import PAGE

_NAMED = select(workspaces).where(workspaces.c.name == bindparam("name_"))


class SqlWorkspaces:
    """Workspaces; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, workspace: Workspace) -> bool:
        """Record a workspace unless the name is taken."""
        values = {
            "name": workspace.name,
            "base": workspace.base,
            "fork_order": workspace.fork_order,
            "owner": workspace.owner,
            "at_us": workspace.at_us,
        }
        return self._tx.execute(insert_new(workspaces).values(values)).rowcount == 1

    def get(self, name: str) -> Workspace | None:
        """Return one workspace, or None."""
        row = self._tx.execute(_NAMED, {"name_": name}).one_or_none()
        return None if row is None else _workspace(row)

    def all(self, *, limit: int = PAGE) -> list[Workspace]:
        """Return all workspaces, oldest first."""
        rows = self._tx.execute(select(workspaces).order_by(workspaces.c.at_us, workspaces.c.name).limit(limit))
        return [_workspace(row) for row in rows]


def _workspace(row: Row[Any]) -> Workspace:
    return Workspace(row.name, row.base, row.fork_order, PrincipalId(row.owner), row.at_us)
