"""All records at once, for deciding what is needed (see ports.catalog.Reach)."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection, select, union

from remint.adapters.catalog.artifacts import artifact_of, recorded
from remint.adapters.catalog.refs import move_of
from remint.adapters.catalog.tables import (
    change_moves,
    evidence,
    hold_releases,
    holds,
    log_segments,
    recipes,
    ref_moves,
    run_ends,
    run_inputs,
    run_outputs,
    runs,
)
from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.erasure import ERASED
from remint.core.ids import RunId
from remint.core.ref import Move
from remint.ports.catalog import RunReach


class SqlReach:
    """Reads whole tables; nothing here has a limit."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def moves(self) -> Iterator[Move]:
        """Yield every move of every ref, oldest first."""
        return map(move_of, self._tx.execute(select(ref_moves).order_by(ref_moves.c.move_order)))

    def named(self) -> set[Digest]:
        """Return every artifact that a change, a piece of evidence, a log segment or a hold that stands is about."""
        standing = select(holds.c.subject).outerjoin(hold_releases, hold_releases.c.hold == holds.c.number)
        every = union(
            select(change_moves.c.new),
            select(change_moves.c.old).where(change_moves.c.old.is_not(None)),
            select(evidence.c.subject).where(evidence.c.predicate != ERASED),
            select(log_segments.c.artifact),
            standing.where(hold_releases.c.hold.is_(None)),
        )
        return {Digest(digest) for digest in self._tx.execute(every).scalars()}

    def runs(self) -> Iterator[RunReach]:
        """Yield every run with the artifacts it names, oldest first."""
        needed: dict[str, set[Digest]] = {}
        made: dict[str, set[Digest]] = {}
        for row in self._tx.execute(select(run_inputs.c.run, run_inputs.c.artifact)):
            needed.setdefault(row.run, set()).add(Digest(row.artifact))
        for row in self._tx.execute(select(run_outputs.c.run, run_outputs.c.artifact)):
            made.setdefault(row.run, set()).add(Digest(row.artifact))
        chosen = select(runs.c.id, runs.c.at_us, runs.c.code, recipes.c.body, run_ends.c.log, run_ends.c.observed)
        joined = chosen.join(recipes, recipes.c.key == runs.c.recipe).outerjoin(run_ends, run_ends.c.id == runs.c.id)
        for run in self._tx.execute(joined.order_by(runs.c.id)):
            about = {
                run.code,
                run.log,
                json.loads(run.body)["environment"],
                json.loads(run.observed or "{}").get("environment"),
            }
            behind = needed.get(run.id, set()) | {Digest(digest) for digest in about if digest is not None}
            yield RunReach(RunId(run.id), run.at_us, frozenset(behind), frozenset(made.get(run.id, ())))

    def artifacts(self) -> Iterator[tuple[Artifact, int]]:
        """Yield every artifact, and when the parts it has were recorded."""
        for row in self._tx.execute(recorded()):
            yield artifact_of(row), row.at_us
