"""Emergencies in SQL (see ports.glass.GlassRecords)."""

import json
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from remint.adapters.catalog.tables import glass_confirmations, glasses
from remint.core.glass import Confirmation, Glass
from remint.core.ids import PrincipalId
from remint.core.ref import parse_ref
from remint.errors import Conflict, NotFound

_ALL = select(
    glasses,
    glass_confirmations.c.by.label("confirmed_by"),
    glass_confirmations.c.at_us.label("confirmed_us"),
    glass_confirmations.c.signature.label("confirmed_signature"),
).outerjoin(glass_confirmations, glass_confirmations.c.glass == glasses.c.number)
MAX_NUMBER = 2**31 - 1


class SqlGlass:
    """Emergencies and their confirmations; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def next_number(self) -> int:
        """Return the number of the next emergency."""
        return (self._tx.execute(select(func.max(glasses.c.number))).scalar() or 0) + 1

    def add(self, glass: Glass) -> None:
        """Record an emergency."""
        values = {"by": glass.by, "at_us": glass.at_us, "until_us": glass.until_us, "signature": glass.signature}
        refs = json.dumps([str(ref) for ref in glass.refs])
        self._tx.execute(insert(glasses).values(number=glass.number, refs=refs, reason=glass.reason, **values))

    def confirm(self, number: int, confirmation: Confirmation) -> None:
        """Record that a second principal confirmed an emergency."""
        held = self.get(number).confirmed
        if held is not None:
            raise Conflict(
                f"emergency {number} was not confirmed",
                why=f"{held.by} confirmed it already",
                next_step=f"see `remint glass show {number}`",
            )
        values = {"by": confirmation.by, "at_us": confirmation.at_us, "signature": confirmation.signature}
        self._tx.execute(insert(glass_confirmations).values(glass=number, **values))

    def get(self, number: int) -> Glass:
        """Return one emergency."""
        row = None
        if 0 < number <= MAX_NUMBER:
            row = self._tx.execute(_ALL.where(glasses.c.number == number)).one_or_none()
        if row is None:
            raise NotFound(
                f"there is no emergency {number}", why="none of that number was opened", next_step="see `remint glass list`"
            )
        return _glass(row)

    def newest(self, *, limit: int = 50) -> list[Glass]:
        """Return emergencies, newest first."""
        return [_glass(row) for row in self._tx.execute(_ALL.order_by(glasses.c.number.desc()).limit(limit))]


def _glass(row: Row[Any]) -> Glass:
    confirmed = None
    if row.confirmed_by is not None:
        confirmed = Confirmation(PrincipalId(row.confirmed_by), row.confirmed_us, row.confirmed_signature)
    refs = tuple(parse_ref(ref)[0] for ref in json.loads(row.refs))
    return Glass(row.number, refs, row.reason, PrincipalId(row.by), row.at_us, row.until_us, row.signature, confirmed)
