"""Holds in SQL (see ports.catalog.Holds)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from remint.adapters.catalog.tables import given_up, hold_releases, holds
from remint.core.digest import Digest
from remint.core.hold import Hold, Release
from remint.core.ids import PrincipalId
from remint.errors import Conflict, NotFound
from remint.ports.catalog import PAGE


class SqlHolds:
    """Holds and their releases; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, hold: Hold) -> int:
        """Record a hold and return its number."""
        number = (self._tx.execute(select(func.max(holds.c.number))).scalar() or 0) + 1
        values = {"subject": hold.subject, "named": hold.named, "by": hold.by, "at_us": hold.at_us, "reason": hold.reason}
        self._tx.execute(insert(holds).values(number=number, **values))
        return number

    def release(self, number: int, release: Release) -> Hold:
        """Record the end of a hold and return the hold as it was."""
        row = self._tx.execute(_all().where(holds.c.number == number)).one_or_none()
        if row is None:
            raise NotFound(
                f"hold {number} was not released", why="there is no hold of that number", next_step="see `remint hold list`"
            )
        hold = _hold(row)
        if hold.release is not None:
            raise Conflict(
                f"hold {number} was not released",
                why=f"{hold.release.by} released it already",
                next_step="see `remint hold list --all`",
            )
        values = {"by": release.by, "at_us": release.at_us, "reason": release.reason}
        self._tx.execute(insert(hold_releases).values(hold=number, **values))
        return hold

    def all(self, *, released: bool = False, limit: int = PAGE) -> list[Hold]:
        """Return holds, newest first."""
        chosen = _all() if released else _all().where(hold_releases.c.hold.is_(None))
        return [_hold(row) for row in self._tx.execute(chosen.order_by(holds.c.number.desc()).limit(limit))]

    def give_up(self, artifacts: Sequence[Digest], *, at_us: int) -> None:
        """Record that the bytes of artifacts are given up."""
        if artifacts:
            self._tx.execute(insert(given_up), [{"artifact": digest, "at_us": at_us} for digest in artifacts])

    def given_up(self) -> set[Digest]:
        """Return every artifact whose bytes were given up once."""
        return {Digest(digest) for digest in self._tx.execute(select(given_up.c.artifact)).scalars()}


def _all() -> Any:  # noqa: ANN401 - SQLAlchemy's type of such a join says nothing
    ended = [hold_releases.c[name].label(f"release_{name}") for name in ("by", "at_us", "reason")]
    return select(holds, *ended).outerjoin(hold_releases, hold_releases.c.hold == holds.c.number)


def _hold(row: Row[Any]) -> Hold:
    release = None if row.release_by is None else Release(PrincipalId(row.release_by), row.release_at_us, row.release_reason)
    return Hold(row.number, Digest(row.subject), row.named, PrincipalId(row.by), row.at_us, row.reason, release)
