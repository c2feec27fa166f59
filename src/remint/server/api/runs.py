"""Routes of runs."""

from dataclasses import dataclass

from remint.core.recipe import Recipe
from remint.core.run import Run
from remint.core.runsummary import RunSummary, summary_of
from remint.server.paging import PageQuery, following
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


class RunsQuery(PageQuery, forbid_unknown_fields=True):
    """Which runs."""

    step: Word | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs, newest first."""

    runs: list[RunSummary]
    next: str | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, and what it carried out."""

    run: Run
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class RunRecords:
    """Runs with their recipes, newest first."""

    runs: list[RunRecord]
    next: str | None


@dataclass(frozen=True, slots=True)
class RunDifferences:
    """How one run differs from another, in words."""

    differences: list[str]


@dataclass(frozen=True, slots=True)
class RunLog:
    """What a run printed."""

    text: str


def _list(call: Call[RunsQuery, NoBody]) -> RunPage:
    query = call.query
    found = call.app.runs.list(limit=query.limit, before=query.after or None, step=query.step)
    runs = [summary_of(run, recipe) for run, recipe in found]
    return RunPage(runs, following(runs, query.limit, lambda run: str(run.id)))


def _get(call: Call[NoQuery, NoBody]) -> RunRecord:
    call.app.sight.require_run(call.context, call.path["run"])
    return RunRecord(*call.app.runs.show(call.path["run"]))


def _records(call: Call[RunsQuery, NoBody]) -> RunRecords:
    query = call.query
    found = call.app.runs.list(limit=query.limit, before=query.after or None, step=query.step)
    return RunRecords([RunRecord(*one) for one in found], following(found, query.limit, lambda one: str(one[0].id)))


def _compare(call: Call[NoQuery, NoBody]) -> RunDifferences:
    for name in ("run", "other"):
        call.app.sight.require_run(call.context, call.path[name])
    return RunDifferences(list(call.app.runs.compare(call.path["run"], call.path["other"])))


def _log(call: Call[NoQuery, NoBody]) -> RunLog:
    call.app.sight.require_run(call.context, call.path["run"])
    return RunLog(call.app.runs.log(call.path["run"]))


ROWS = (
    Row("GET", "/runs", "catalog:read", "List runs", _list, RunPage, RunsQuery),
    Row("GET", "/runs/{run}", "catalog:read", "Show a run and its recipe", _get, RunRecord, resource="run {run}"),
    Row("GET", "/run-records", "catalog:read", "List runs with their recipes", _records, RunRecords, RunsQuery),
    Row(
        *("GET", "/runs/{run}/differences/{other}", "catalog:read", "Say how a run differs from another", _compare),
        RunDifferences,
        resource="run {run}",
    ),
    Row("GET", "/runs/{run}/log", "artifact:read", "Show what a run printed", _log, RunLog, resource="run {run}"),
)
