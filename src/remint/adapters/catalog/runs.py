"""Runs in SQL (see ports.catalog.Runs)."""

import json
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, exists, func, insert, or_, select

from remint.adapters.catalog.statements import texts_in
from remint.adapters.catalog.tables import recipes, run_ends, run_inputs, run_outputs, runs
from remint.core.digest import Digest
from remint.core.ids import PrincipalId, RunId
from remint.core.run import End, Hit, Output, Run, Start, State, Usage, not_found, serves_cache
from remint.errors import Conflict, NotFound
from remint.ports.catalog import PAGE

PREFIX_DIGITS = 8

# Statements of every step of a run are built once: to build one takes longer than to execute it.
_OF_RECIPE = {
    column.name: recipes.c.step if column is runs.c.step else bindparam(f"new_{column.name}", type_=column.type)
    for column in runs.c
}
_START = (
    insert(runs)
    .from_select(list(_OF_RECIPE), select(*_OF_RECIPE.values()).where(recipes.c.key == bindparam("new_recipe")))
    .execution_options(preserve_rowcount=True)
)
_INPUTS = insert(run_inputs)
_OUTPUTS = insert(run_outputs)
_END = insert(run_ends)
_BEFORE_END = (
    select(runs.c.purpose, run_ends.c.id.label("ended"))
    .join(run_ends, run_ends.c.id == runs.c.id, isouter=True)
    .where(runs.c.id == bindparam("run"))
)


def _newest_hits(column: Any) -> Select[Any]:  # noqa: ANN401 - a column of either key
    """Return the statement that reads the newest cache source of each key in the JSON list `keys`."""
    wanted = texts_in(bindparam("keys"))
    newest = (
        select(func.max(runs.c.id).label("id"), column.label("key"))
        .join(run_ends, run_ends.c.id == runs.c.id)
        .where(run_ends.c.serves_cache, column.in_(select(wanted.c.value)))
        .group_by(column)
        .subquery()
    )
    return (
        select(newest.c.key, newest.c.id, run_ends.c.wall_us, run_outputs.c.name, run_outputs.c.artifact, run_outputs.c.stored)
        .join(run_ends, run_ends.c.id == newest.c.id)
        .join(run_outputs, run_outputs.c.run == newest.c.id, isouter=True)
        .order_by(newest.c.key, run_outputs.c.position)
    )


_HITS_OF_PLAN_KEYS = _newest_hits(runs.c.recipe)
_HITS_OF_RUN_KEYS = _newest_hits(runs.c.run_key)


class SqlRuns:
    """Runs: a start and at most one end each; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def start(self, start: Start) -> None:
        """Record that a run started."""
        values = {
            "new_id": start.id,
            "new_recipe": start.recipe,
            "new_run_key": start.run_key,
            "new_workspace": start.workspace,
            "new_by": start.by,
            "new_at_us": start.at_us,
            "new_why": start.why,
            "new_code": start.code,
            "new_purpose": start.purpose,
            "new_git": json.dumps(dict(start.git)),
            "new_place": json.dumps(dict(start.place)),
        }
        if self._tx.execute(_START, values).rowcount != 1:
            raise NotFound(
                f"run {start.id} was not recorded",
                why=f"its recipe {start.recipe.short} is not recorded",
                next_step="record the recipe in the same transaction first",
            )
        if start.inputs:
            rows = [{"run": start.id, "name": name, "artifact": artifact} for name, artifact in start.inputs.items()]
            self._tx.execute(_INPUTS, rows)

    def end(self, end: End) -> None:
        """Record how a run ended."""
        found = self._tx.execute(_BEFORE_END, {"run": end.id}).one_or_none()
        if found is None:
            raise not_found(end.id, "no run of that id is recorded here")
        if found.ended is not None:
            self._require_same_end(end)
            return
        values = {**_end_values(end), "serves_cache": serves_cache(end, purpose=found.purpose)}
        self._tx.execute(_END, values)
        if end.outputs:
            self._tx.execute(_OUTPUTS, _outputs(end))

    def _require_same_end(self, end: End) -> None:
        recorded = self.get(end.id).end
        if recorded is None or _end_values(recorded) != _end_values(end) or _outputs(recorded) != _outputs(end):
            raise Conflict(
                f"the end of run {end.id} was not recorded",
                why=f"it ended already: {recorded.state if recorded else 'unknown'}",
                next_step=f"see `remint runs show {end.id.short}`",
            )

    def get(self, run_id: RunId) -> Run:
        """Return one run."""
        found = self._read(_whole().where(runs.c.id == run_id))
        if not found:
            raise not_found(run_id, "no run of that id is recorded here")
        return found[0]

    def find(self, text: str) -> RunId:
        """Return the one run whose id starts or ends with `text`."""
        if len(text) < PREFIX_DIGITS:
            raise not_found(text, f"the start or end of an id has at least {PREFIX_DIGITS} digits")
        text = text.lower()  # for SQLite two letters of another case are one, for Postgres two
        matches = or_(runs.c.id.between(text, text + "g"), runs.c.id.endswith(text, autoescape=True))
        ids = self._tx.execute(select(runs.c.id).where(matches).limit(2)).scalars().all()
        if len(ids) != 1:
            raise not_found(text, "more than one run has it; give more digits" if ids else "no run has it")
        return RunId(ids[0])

    def hits(self, plan_keys: Sequence[Digest]) -> dict[Digest, Hit]:
        """Return the newest cache source of each plan key that has one."""
        return {key: hit for key, hit in self._hits(_HITS_OF_PLAN_KEYS, plan_keys)}  # noqa: C416 - the pairs are typed here

    def hit(self, run_key: Digest) -> Hit | None:
        """Return the newest cache source with this run key."""
        return next((hit for _, hit in self._hits(_HITS_OF_RUN_KEYS, [run_key])), None)

    def _hits(self, newest: Select[Any], keys: Sequence[Digest]) -> list[tuple[Digest, Hit]]:
        rows = self._tx.execute(newest, {"keys": json.dumps(list(keys))})
        found: dict[str, tuple[str, int, dict[str, Output]]] = {}
        for key, run, wall_us, name, artifact, stored in rows:
            outputs = found.setdefault(key, (run, wall_us, {}))[2]
            if name is not None:
                outputs[name] = Output(Digest(artifact), Digest(stored))
        return [(Digest(key), Hit(RunId(run), outputs, wall_us)) for key, (run, wall_us, outputs) in found.items()]

    def latest_of_step(self, step: str, *, workspace: str | None = None) -> Run | None:
        """Return the newest finished run of a step."""
        chosen = _whole().where(runs.c.step == step, run_ends.c.state == "done", runs.c.purpose == "run")
        if workspace is not None:
            chosen = chosen.where(runs.c.workspace == workspace)
        found = self._read(chosen.order_by(runs.c.id.desc()).limit(1))
        return found[0] if found else None

    def makers(self, artifact: Digest, *, limit: int = PAGE) -> list[Run]:
        """Return the finished runs that made an artifact, oldest first."""
        made = exists().where(run_outputs.c.run == runs.c.id, run_outputs.c.artifact == artifact)
        return self._read(_whole().where(made, run_ends.c.state == "done").order_by(runs.c.id).limit(limit))

    def readers(self, artifact: Digest, *, limit: int = PAGE) -> list[Run]:
        """Return the runs that read an artifact, oldest first."""
        read = exists().where(run_inputs.c.run == runs.c.id, run_inputs.c.artifact == artifact)
        return self._read(_whole().where(read).order_by(runs.c.id).limit(limit))

    def newest(self, *, limit: int = 50, before: RunId | None = None, step: str | None = None) -> list[Run]:
        """Return runs, newest first."""
        chosen = _whole()
        if before is not None:
            chosen = chosen.where(runs.c.id < before)
        if step is not None:
            chosen = chosen.where(runs.c.step == step)
        return self._read(chosen.order_by(runs.c.id.desc()).limit(limit))

    def open(self, *, limit: int = PAGE) -> list[Start]:
        """Return the starts that have no end yet."""
        return [run.start for run in self._read(_whole().where(run_ends.c.id.is_(None)).order_by(runs.c.id).limit(limit))]

    def wall_times_us(self, steps: Iterable[str]) -> dict[str, int]:
        """Return the median wall time of the last 9 finished runs of each step."""
        wanted = texts_in(bindparam("steps", json.dumps(sorted(set(steps)))))
        place = func.row_number().over(partition_by=runs.c.step, order_by=runs.c.id.desc()).label("place")
        ranked = (
            select(runs.c.step, run_ends.c.wall_us, place)
            .join(run_ends, run_ends.c.id == runs.c.id)
            .where(run_ends.c.state == "done", runs.c.step.in_(select(wanted.c.value)))
            .subquery()
        )
        times: dict[str, list[int]] = {}
        for step, wall_us in self._tx.execute(select(ranked.c.step, ranked.c.wall_us).where(ranked.c.place <= 9)):
            times.setdefault(step, []).append(wall_us)
        return {step: round(median(values)) for step, values in times.items()}

    def _read(self, chosen: Select[Any]) -> list[Run]:
        rows = self._tx.execute(chosen).all()
        wanted = texts_in(bindparam("ids", json.dumps([row.id for row in rows])))
        inputs: dict[str, dict[str, Digest]] = {}
        read = select(run_inputs).where(run_inputs.c.run.in_(select(wanted.c.value))).order_by(run_inputs.c.name)
        for row in self._tx.execute(read) if rows else ():
            inputs.setdefault(row.run, {})[row.name] = Digest(row.artifact)
        outputs: dict[str, dict[str, Output]] = {}
        made = select(run_outputs).where(run_outputs.c.run.in_(select(wanted.c.value))).order_by(run_outputs.c.position)
        for row in self._tx.execute(made) if rows else ():
            outputs.setdefault(row.run, {})[row.name] = Output(Digest(row.artifact), Digest(row.stored))
        return [_run(row, inputs.get(row.id, {}), outputs.get(row.id, {})) for row in rows]


def _end_values(end: End) -> dict[str, Any]:
    return {
        "id": end.id,
        "state": str(end.state),
        "at_us": end.at_us,
        "cpu_us": end.usage.cpu_us,
        "wall_us": end.usage.wall_us,
        "peak_bytes": end.usage.peak_bytes,
        "guarded": end.guarded,
        "log": end.log,
        "metrics": json.dumps(dict(end.metrics)),
        "observed": json.dumps(dict(end.observed)),
        "error": json.dumps(dict(end.error)),
    }


def _outputs(end: End) -> list[dict[str, Any]]:
    return [
        {"run": end.id, "name": name, "position": position, "artifact": output.artifact, "stored": output.stored}
        for position, (name, output) in enumerate(end.outputs.items())
    ]


def _whole() -> Select[Any]:
    ends = [column.label(f"end_{column.name}") for column in run_ends.c]
    return select(runs, *ends).join(run_ends, and_(run_ends.c.id == runs.c.id), isouter=True)


def _run(row: Row[Any], inputs: dict[str, Digest], outputs: dict[str, Output]) -> Run:
    start = Start(
        id=RunId(row.id),
        recipe=Digest(row.recipe),
        run_key=Digest(row.run_key),
        inputs=inputs,
        workspace=row.workspace,
        by=PrincipalId(row.by),
        at_us=row.at_us,
        why=row.why,
        code=Digest(row.code),
        git=json.loads(row.git),
        place=json.loads(row.place),
        purpose=row.purpose,
    )
    if row.end_id is None:
        return Run(start)
    end = End(
        id=RunId(row.id),
        state=State(row.end_state),
        at_us=row.end_at_us,
        outputs=outputs,
        metrics=json.loads(row.end_metrics),
        usage=Usage(row.end_cpu_us, row.end_wall_us, row.end_peak_bytes),
        observed=json.loads(row.end_observed),
        guarded=row.end_guarded,
        log=None if row.end_log is None else Digest(row.end_log),
        error=json.loads(row.end_error),
    )
    return Run(start, end)
