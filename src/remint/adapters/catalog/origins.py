"""Where tables came from, in SQL (see ports.origins.Origins)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from remint.adapters.catalog.tables import origin_checks, origins
from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.origin import Check, Origin
from remint.ports.origins import PAGE

_AT_ONCE = 500


class SqlOrigins:
    """Origins of tables, and what their sources answered later; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, origin: Origin) -> int | None:
        """Record an origin and return its number; None if the newest of that artifact and ref tells the same."""
        last = next((one for one in self.of(origin.artifact) if one.ref == origin.ref), None)
        if last is not None and last.tells == origin.tells:
            return None
        number = (self._tx.execute(select(func.max(origins.c.number))).scalar() or 0) + 1
        names = [column.name for column in origins.columns if column.name != "number"]
        self._tx.execute(insert(origins).values(number=number, **{name: getattr(origin, name) for name in names}))
        return number

    def of(self, artifact: Digest, *, limit: int = PAGE) -> list[Origin]:
        """Return the origins of an artifact, newest first."""
        chosen = select(origins).where(origins.c.artifact == artifact).order_by(origins.c.number.desc()).limit(limit)
        return [_origin(row) for row in self._tx.execute(chosen)]

    def newest(self, *, limit: int = PAGE) -> list[Origin]:
        """Return origins, newest first."""
        return [_origin(row) for row in self._tx.execute(select(origins).order_by(origins.c.number.desc()).limit(limit))]

    def check(self, check: Check) -> None:
        """Record what a source answered."""
        number = (self._tx.execute(select(func.max(origin_checks.c.number))).scalar() or 0) + 1
        values = {"origin": check.origin, "found": check.found, "why": check.why, "by": check.by, "at_us": check.at_us}
        self._tx.execute(insert(origin_checks).values(number=number, **values))

    def last_checks(self, numbers: Iterable[int]) -> dict[int, Check]:
        """Return the last answer for each of some origins that has one."""
        wanted = sorted(set(numbers))
        last = select(func.max(origin_checks.c.number)).group_by(origin_checks.c.origin)
        found: dict[int, Check] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = last.where(origin_checks.c.origin.in_(wanted[start : start + _AT_ONCE]))
            for row in self._tx.execute(select(origin_checks).where(origin_checks.c.number.in_(some))):
                found[row.origin] = Check(row.origin, bool(row.found), row.why, PrincipalId(row.by), row.at_us)
        return found


def _origin(row: Row[Any]) -> Origin:
    held = row._mapping  # noqa: SLF001 - the public name of a row's columns
    return Origin(**{**held, "artifact": Digest(row.artifact), "by": PrincipalId(row.by), "pinned": bool(row.pinned)})
