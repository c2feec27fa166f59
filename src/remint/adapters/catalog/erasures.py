"""Erasures in SQL (see ports.erasures.Erasures)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, exists, func, insert, or_, select

from remint.adapters.catalog.tables import erased, erasure_removals, erasures, ref_moves, run_ends, run_outputs
from remint.core.digest import Digest
from remint.core.erasure import Erased, Erasure
from remint.core.ids import PrincipalId
from remint.errors import ArtifactErased, Conflict, NotFound
from remint.ports.catalog import PAGE


def _in_force() -> Select[Any]:
    """Return the query of what does not stand: of each artifact its newest erasure, unless it came back since."""
    later = erased.alias()
    newest = select(func.max(later.c.erasure)).where(later.c.artifact == erased.c.artifact).correlate(erased).scalar_subquery()
    made = exists().where(
        run_outputs.c.artifact == erased.c.artifact, run_ends.c.id == run_outputs.c.run, run_ends.c.at_us > erasures.c.at_us
    )
    named = exists().where(ref_moves.c.new == erased.c.artifact, ref_moves.c.at_us > erasures.c.at_us)
    return (
        select(erased, erasures.c.at_us)
        .join(erasures, erasures.c.number == erased.c.erasure)
        .where(erased.c.erasure == newest, or_(erased.c.successor.is_not(None), and_(~made, ~named)))
    )


# Built once: every read of an artifact's bytes asks.
_IN_FORCE = _in_force()
_OF = _IN_FORCE.where(erased.c.artifact == bindparam("wanted"))
_FOLLOWED = select(erased.c.erasure, erased.c.successor).where(
    erased.c.artifact == bindparam("wanted"), erased.c.successor.is_not(None)
)

_SUCCEEDED = (
    select(erasures.c.number, erasures.c.by, erased.c.artifact)
    .join(erased, erased.c.erasure == erasures.c.number)
    .where(erased.c.successor == bindparam("wanted"))
    .order_by(erasures.c.number, erased.c.artifact)
)


class SqlErasures:
    """Erasures; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def next_number(self) -> int:
        """Return the number that the next erasure gets."""
        return (self._tx.execute(select(func.max(erasures.c.number))).scalar() or 0) + 1

    def add(self, erasure: Erasure, successors: Mapping[Digest, Digest | None]) -> None:
        """Record an erasure and what went with it."""
        if erasure.number != self.next_number():
            raise Conflict(
                f"erasure {erasure.number} was not recorded",
                why=f"the next one has the number {self.next_number()}",
                next_step="do it again",
            )
        values = {
            "number": erasure.number,
            "subject": erasure.subject,
            "columns": json.dumps(list(erasure.columns)),
            "by": erasure.by,
            "at_us": erasure.at_us,
            "reason": erasure.reason,
            "certificate": erasure.certificate,
        }
        self._tx.execute(insert(erasures).values(values))
        gone = [
            {"artifact": artifact, "erasure": erasure.number, "successor": successor}
            for artifact, successor in successors.items()
        ]
        if gone:
            self._tx.execute(insert(erased), gone)

    def get(self, number: int) -> Erasure:
        """Return one erasure."""
        row = self._tx.execute(_all().where(erasures.c.number == number)).one_or_none()
        if row is None:
            raise NotFound(
                f"erasure {number} was not found", why="there is none of that number", next_step="see `remint erasures list`"
            )
        return _erasure(row)

    def all(self, *, limit: int = PAGE) -> list[Erasure]:
        """Return the erasures, newest first."""
        return [_erasure(row) for row in self._tx.execute(_all().order_by(erasures.c.number.desc()).limit(limit))]

    def of(self, artifact: Digest) -> Erased | None:
        """Return what became of one artifact; None if it stands."""
        row = self._tx.execute(_OF, {"wanted": artifact}).one_or_none()
        return None if row is None else _erased(row)

    def source_of(self, successor: Digest) -> str:
        """Return, in words, which erasure made a table."""
        row = self._tx.execute(_SUCCEEDED, {"wanted": successor}).first()
        return "" if row is None else f"erasure {row.number} of {Digest(row.artifact).short} by {row.by}"

    def in_force(self) -> dict[Digest, Erased]:
        """Return every artifact that does not stand."""
        found = (_erased(row) for row in self._tx.execute(_IN_FORCE))
        return {one.artifact: one for one in found}

    def removed(self, numbers: Sequence[int], *, at_us: int) -> None:
        """Record that what went with some erasures is gone from the disk."""
        fresh = sorted(set(numbers) & set(self.unremoved()))
        if fresh:
            self._tx.execute(insert(erasure_removals), [{"erasure": number, "at_us": at_us} for number in fresh])

    def unremoved(self) -> list[int]:
        """Return the erasures of which bytes may still be on the disk."""
        waiting = _all().where(erasure_removals.c.erasure.is_(None)).order_by(erasures.c.number)
        return [row.number for row in self._tx.execute(waiting)]


def require_kept(tx: Connection, artifact: Digest, what: str) -> None:
    """Refuse an artifact that a successor stands for.

    Raises:
        ArtifactErased: one does.
    """
    row = tx.execute(_FOLLOWED, {"wanted": artifact}).first()
    if row is not None:
        raise ArtifactErased(
            what,
            why=f"erasure {row.erasure} removed rows of {artifact.short}, and it holds them again",
            next_step=f"remove the person from what it is made of; {Digest(row.successor).short} is the same without the rows",
            erasure=row.erasure,
            artifact=artifact,
            successor=row.successor,
        )


def _all() -> Any:  # noqa: ANN401 - SQLAlchemy's type of such a join says nothing
    gone = erasure_removals.c.at_us.label("removed_at_us")
    return select(erasures, gone).outerjoin(erasure_removals, erasure_removals.c.erasure == erasures.c.number)


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        number=row.number,
        subject=Digest(row.subject),
        columns=tuple(json.loads(row.columns)),
        by=PrincipalId(row.by),
        at_us=row.at_us,
        reason=row.reason,
        certificate=Digest(row.certificate),
        removed_at_us=row.removed_at_us,
    )


def _erased(row: Row[Any]) -> Erased:
    successor = None if row.successor is None else Digest(row.successor)
    return Erased(row.erasure, Digest(row.artifact), successor, row.at_us)
