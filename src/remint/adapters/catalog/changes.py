"""Changes in SQL (see ports.catalog.Changes)."""

import json
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from remint.adapters.catalog.tables import change_moves, change_steps, changes
from remint.core.change import Change, PlannedMove, Step
from remint.core.digest import Digest
from remint.core.glass import GLASS
from remint.core.ids import ChangeId, PrincipalId, RunId
from remint.core.ref import RefName
from remint.core.review import rules_from
from remint.errors import NotFound

MAX_DIGITS = 18
"""Digits of a change's number that SQL can hold."""


class SqlChanges:
    """Changes and their steps; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, change: Change) -> ChangeId:
        """Record a change and return its id."""
        number = (self._tx.execute(select(func.max(changes.c.number))).scalar() or 0) + 1
        self._tx.execute(
            insert(changes).values(
                number=number,
                title=change.title,
                opened_by=change.opened_by,
                authors=json.dumps(sorted(change.authors)),
                at_us=change.at_us,
                gates=json.dumps([dict(gate) for gate in change.gates]),
                run=change.run,
                rules=None if change.rules is None else json.dumps(change.rules.record()),
            )
        )
        rows = [
            {
                "change": number,
                "workspace": move.ref.workspace,
                "kind": move.ref.kind,
                "name": move.ref.name,
                "old": move.old,
                "new": move.new,
            }
            for move in change.moves
        ]
        if rows:
            self._tx.execute(insert(change_moves), rows)
        return ChangeId(number)

    def step(self, change_id: ChangeId, step: Step) -> None:
        """Record one step of a change."""
        number = self._row(change_id).number
        taken = select(func.count()).select_from(change_steps).where(change_steps.c.change == number)
        self._tx.execute(
            insert(change_steps).values(
                change=number,
                position=self._tx.execute(taken).scalar_one() + 1,
                action=step.action,
                by=step.by,
                at_us=step.at_us,
                role=step.role,
                note=step.note,
                payload=step.payload,
                signature=step.signature,
            )
        )

    def get(self, change_id: ChangeId) -> Change:
        """Return one change with its steps."""
        return self._change(self._row(change_id))

    def _row(self, change_id: ChangeId) -> Row[Any]:
        row = None
        if change_id.isascii() and change_id.isdecimal() and len(change_id) <= MAX_DIGITS:
            row = self._tx.execute(select(changes).where(changes.c.number == int(change_id))).one_or_none()
        if row is None:
            raise NotFound(
                f"change {change_id[:40]} was not found",
                why="no change of that number was opened",
                next_step="see `remint changes list`",
            )
        return row

    def in_emergency(self, ref: RefName) -> list[Change]:
        """Return the changes that moved a ref in an emergency, oldest first."""
        merged = select(change_steps.c.change).where(change_steps.c.action == "merge", change_steps.c.role == GLASS)
        chosen = select(changes).where(changes.c.number.in_(merged), changes.c.number.in_(_touching(ref)))
        return [self._change(row) for row in self._tx.execute(chosen.order_by(changes.c.number)).all()]

    def newest(self, *, limit: int = 50, ref: RefName | None = None) -> list[Change]:
        """Return changes, newest first."""
        chosen = select(changes).order_by(changes.c.number.desc()).limit(limit)
        if ref is not None:
            chosen = chosen.where(changes.c.number.in_(_touching(ref)))
        return [self._change(row) for row in self._tx.execute(chosen).all()]

    def _change(self, row: Row[Any]) -> Change:
        moves = self._tx.execute(select(change_moves).where(change_moves.c.change == row.number))
        steps = self._tx.execute(
            select(change_steps).where(change_steps.c.change == row.number).order_by(change_steps.c.position)
        )
        return Change(
            id=ChangeId(row.number),
            title=row.title,
            moves=tuple(
                sorted(
                    PlannedMove(
                        RefName(move.workspace, move.kind, move.name),
                        None if move.old is None else Digest(move.old),
                        Digest(move.new),
                    )
                    for move in moves
                )
            ),
            opened_by=PrincipalId(row.opened_by),
            authors=frozenset(PrincipalId(author) for author in json.loads(row.authors)),
            at_us=row.at_us,
            gates=tuple(json.loads(row.gates)),
            run=None if row.run is None else RunId(row.run),
            steps=tuple(
                Step(step.action, PrincipalId(step.by), step.at_us, step.role, step.note, step.payload, step.signature)
                for step in steps
            ),
            rules=None if row.rules is None else rules_from(json.loads(row.rules)),
        )


def _touching(ref: RefName) -> Select[tuple[int]]:
    """Return the query for the numbers of the changes that move a ref, or want to."""
    return select(change_moves.c.change).where(
        change_moves.c.workspace == ref.workspace, change_moves.c.kind == ref.kind, change_moves.c.name == ref.name
    )
