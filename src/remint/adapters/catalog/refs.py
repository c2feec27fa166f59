"""Refs and their moves in SQL (see ports.catalog.Refs)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, insert, or_, select, update

from remint.adapters.catalog.erasures import require_kept
from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import ref_moves, refs
from remint.adapters.catalog.workspaces import SqlWorkspaces
from remint.core.digest import Digest
from remint.core.ids import ChangeId, PrincipalId, RunId
from remint.core.ref import PRODUCTION, Move, Ref, RefName, Selector
from remint.core.workspace import Workspace
from remint.errors import RefNotFound
from remint.ports.catalog import PAGE

# Made once: building a statement takes longer than SQLite needs to answer it.
_POINTS = select(refs.c.artifact, refs.c.serial).where(
    refs.c.workspace == bindparam("workspace_"), refs.c.kind == bindparam("kind_"), refs.c.name == bindparam("name_")
)
_MAKES = insert_new(refs)
_MOVES = (
    update(refs)
    .where(
        refs.c.workspace == bindparam("workspace_"),
        refs.c.kind == bindparam("kind_"),
        refs.c.name == bindparam("name_"),
        refs.c.artifact == bindparam("old_"),
        refs.c.serial == bindparam("serial_") - 1,
    )
    .values(artifact=bindparam("new_"), serial=bindparam("serial_"))
)
_NEXT = select(func.coalesce(func.max(ref_moves.c.move_order), 0) + 1).scalar_subquery()
_KEEPS = insert(ref_moves).values(move_order=_NEXT).inline()
_LOG = (
    select(ref_moves)
    .where(
        ref_moves.c.kind == bindparam("kind_"),
        ref_moves.c.name == bindparam("name_"),
        ref_moves.c.workspace == bindparam("workspace_"),
    )
    .order_by(ref_moves.c.move_order.desc())
    .limit(bindparam("limit_"))
)


class SqlRefs:
    """Refs by compare-and-set, and the history of their moves."""

    def __init__(self, connection: Connection, workspaces: SqlWorkspaces) -> None:
        self._tx = connection
        self._workspaces = workspaces

    def get(self, name: RefName) -> Ref | None:
        """Return where a ref points, or None."""
        row = self._tx.execute(_POINTS, {"workspace_": name.workspace, "kind_": name.kind, "name_": name.name}).one_or_none()
        if row is not None:
            return Ref(name, Digest(row.artifact), row.serial)
        if name.workspace == PRODUCTION:
            return None
        inherited = self._moves(name, limit=1)
        return Ref(name, inherited[0].new, 0) if inherited else None

    def move(self, move: Move) -> bool:
        """Point a ref at a new artifact if it still points at the old one."""
        current = self.get(move.name)
        if (current.artifact if current else None) != move.old:
            return False
        require_kept(self._tx, move.new, f"{move.name} was not moved to {move.new.short}")
        serial = current.serial + 1 if current else 1
        if not self._set(move, serial):
            return False
        values = {
            "workspace": move.name.workspace,
            "kind": move.name.kind,
            "name": move.name.name,
            "serial": serial,
            "old": move.old,
            "new": move.new,
            "by": move.by,
            "at_us": move.at_us,
            "reason": move.reason,
            "run": move.run,
            "change": move.change,
        }
        self._tx.execute(_KEEPS, values)
        return True

    def _set(self, move: Move, serial: int) -> bool:
        name = move.name
        where = {"workspace": name.workspace, "kind": name.kind, "name": name.name}
        if serial == 1:
            return self._tx.execute(_MAKES, {**where, "artifact": move.new, "serial": 1}).rowcount == 1
        wanted = {f"{key}_": value for key, value in where.items()}
        moved = self._tx.execute(_MOVES, {**wanted, "old_": move.old, "new_": move.new, "serial_": serial})
        return moved.rowcount == 1

    def select(self, name: RefName, selector: Selector) -> Move:
        """Return the move of `name` that a selector means."""
        if selector.serial is not None:
            own = and_(ref_moves.c.serial == selector.serial, ref_moves.c.workspace == name.workspace)
            found = self._moves(name, limit=1, where=own)
        elif selector.at_us is not None:
            found = self._moves(name, limit=1, where=ref_moves.c.at_us <= selector.at_us)
        else:
            prefix = str(selector.digest)
            meant = ref_moves.c.new.between(prefix, prefix + "g")
            found = self._moves(name, limit=1, where=meant)
            if found and self._moves(name, limit=1, where=and_(meant, ref_moves.c.new != found[0].new)):
                raise _not_found(name, f"{prefix} is the start of more than one of its versions; give more digits")
        if not found:
            raise _not_found(name, "it has no such version; version numbers count its moves in its own workspace")
        return found[0]

    def log(self, name: RefName, *, limit: int = 50, before: int | None = None) -> list[Move]:
        """Return the moves of a ref, newest first."""
        if before is None and name.workspace == PRODUCTION:
            wanted = {"workspace_": name.workspace, "kind_": name.kind, "name_": name.name, "limit_": limit}
            return [move_of(row) for row in self._tx.execute(_LOG, wanted)]
        return self._moves(name, limit=limit, where=None if before is None else ref_moves.c.move_order < before)

    def seen_from(self, workspace: str, *, kind: str | None = None, after: str = "", limit: int = PAGE) -> list[Ref]:
        """Return the refs seen from a workspace, by name."""
        wanted = [] if kind is None else [ref_moves.c.kind == kind]
        if after:
            last_kind, _, last_name = after.partition("/")
            same = and_(ref_moves.c.kind == last_kind, ref_moves.c.name > last_name)
            wanted.append(or_(ref_moves.c.kind > last_kind, same))
        return [
            Ref(move.name.within(workspace), move.new, move.serial if move.name.workspace == workspace else 0)
            for move in self._newest(workspace, wanted, limit=limit)
        ]

    def at(self, workspace: str, *, at_us: int | None = None, limit: int = PAGE) -> list[Move]:
        """Return the last move of each ref seen from a workspace at a time, by name."""
        return self._newest(workspace, [] if at_us is None else [ref_moves.c.at_us <= at_us], limit=limit)

    def order(self) -> int:
        """Return the number of the last move of any ref."""
        return self._tx.execute(select(func.max(ref_moves.c.move_order))).scalar() or 0

    def pointing(self, artifact: Digest, *, limit: int = PAGE) -> list[Move]:
        """Return every move to `artifact`, oldest first."""
        chosen = select(ref_moves).where(ref_moves.c.new == artifact).order_by(ref_moves.c.move_order).limit(limit)
        return [move_of(row) for row in self._tx.execute(chosen)]

    def _moves(self, name: RefName, *, limit: int, where: ColumnElement[bool] | None = None) -> list[Move]:
        chosen = select(ref_moves).where(
            ref_moves.c.kind == name.kind, ref_moves.c.name == name.name, self._visible(self._scope(name.workspace))
        )
        if where is not None:
            chosen = chosen.where(where)
        return [move_of(row) for row in self._tx.execute(chosen.order_by(ref_moves.c.move_order.desc()).limit(limit))]

    def _newest(self, workspace: str, wanted: Sequence[ColumnElement[bool]], *, limit: int) -> list[Move]:
        """Return the newest of the wanted moves of each ref seen from a workspace, by name.

        Where a sandbox has moves of its own they are later than the fork, so the newest visible move is the one that counts.
        """
        visible = select(func.max(ref_moves.c.move_order)).where(self._visible(self._scope(workspace)), *wanted)
        newest = visible.group_by(ref_moves.c.kind, ref_moves.c.name)
        chosen = select(ref_moves).where(ref_moves.c.move_order.in_(newest)).order_by(ref_moves.c.kind, ref_moves.c.name)
        return [move_of(row) for row in self._tx.execute(chosen.limit(limit))]

    def _scope(self, workspace: str) -> list[tuple[str, int | None]]:
        scope: list[tuple[str, int | None]] = [(workspace, None)]
        below: Workspace | None = None if workspace == PRODUCTION else self._workspaces.get(workspace)
        while below is not None and below.base is not None:
            earlier = scope[-1][1]
            bound = below.fork_order if earlier is None else min(earlier, below.fork_order)
            scope.append((below.base, bound))
            below = self._workspaces.get(below.base)
        return scope

    @staticmethod
    def _visible(scope: list[tuple[str, int | None]]) -> ColumnElement[bool]:
        return or_(
            *(
                ref_moves.c.workspace == name
                if order is None
                else and_(ref_moves.c.workspace == name, ref_moves.c.move_order <= order)
                for name, order in scope
            )
        )


def move_of(row: Row[Any]) -> Move:
    """Return the move in a row of its table."""
    return Move(
        name=RefName(row.workspace, row.kind, row.name),
        serial=row.serial,
        old=None if row.old is None else Digest(row.old),
        new=Digest(row.new),
        by=PrincipalId(row.by),
        at_us=row.at_us,
        reason=row.reason,
        run=None if row.run is None else RunId(row.run),
        change=None if row.change is None else ChangeId(row.change),
        order=row.move_order,
    )


def _not_found(name: RefName, why: str) -> RefNotFound:
    return RefNotFound(f"that version of {name} was not found", why=why, next_step=f"see `remint log {name}`")
