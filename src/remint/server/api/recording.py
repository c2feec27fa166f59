"""Routes of recording: what is looked up before steps run, and what is told of their runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.ids import RunId
from remint.core.pipeline import Plan, StepSpec
from remint.core.recipe import Recipe
from remint.core.run import End, Hit, Start
from remint.errors import Invalid
from remint.ports.usecases.pipelines import PipelineOutcome, StepOutcome
from remint.ports.usecases.recording import Resolved, Started
from remint.server.routes import Call, NoBody, NoQuery, Row, Word

MOST_MADE = 100


class Texts(Struct, forbid_unknown_fields=True):
    """Refs, as they are written."""

    refs: Annotated[list[Word], Meta(max_length=10_000)]


@dataclass(frozen=True, slots=True)
class Pointed:
    """Where refs point, by how they were written; null for one that does not exist."""

    refs: Mapping[str, Digest | None]


class Graphed(Struct, forbid_unknown_fields=True):
    """A graph with what is known of its calls."""

    resolved: Resolved


class Sought(Struct, forbid_unknown_fields=True):
    """A run key."""

    run_key: Digest


@dataclass(frozen=True, slots=True)
class Found:
    """The run that stands for every run of a key; null if there is none."""

    hit: Hit | None


class Admission(Struct, forbid_unknown_fields=True):
    """A pipeline, and those of its steps that will run."""

    pipeline: Word
    steps: list[StepSpec]


@dataclass(frozen=True, slots=True)
class Admitted:
    """Nothing was refused."""

    pipeline: str


@dataclass(frozen=True, slots=True)
class Unended:
    """Runs that have no end."""

    runs: list[Start]


class NewRun(Struct, forbid_unknown_fields=True):
    """A run that is about to be carried out."""

    start: Start
    step: StepSpec
    recipe: Recipe


class EndedRun(Struct, forbid_unknown_fields=True):
    """How a run ended, and the records of what it made; the bytes were sent before.

    Its metrics are read from what it made; those in the end are left out of account.
    """

    end: End
    made: Annotated[list[Artifact], Meta(max_length=MOST_MADE)]


class BrokenOff(Struct, forbid_unknown_fields=True):
    """How long a run went on that was interrupted, and on how many processors."""

    wall_us: int
    processors: Annotated[int, Meta(ge=1, le=65536)] | None = None


class Finished(Struct, forbid_unknown_fields=True):
    """A graph, and the run that stands for each of its calls."""

    resolved: Resolved
    outcomes: list[StepOutcome]


def _refs(call: Call[NoQuery, Texts]) -> Pointed:
    return Pointed(call.app.client_runs.refs(call.context, call.body.refs))


def _plan(call: Call[NoQuery, Graphed]) -> Plan:
    return call.app.client_runs.plan(call.context, call.body.resolved)


def _hit(call: Call[NoQuery, Sought]) -> Found:
    return Found(call.app.client_runs.hit(call.context, call.body.run_key))


def _check(call: Call[NoQuery, Admission]) -> Admitted:
    call.app.client_runs.check(call.context, call.body.pipeline, call.body.steps)
    return Admitted(call.body.pipeline)


def _unended(call: Call[NoQuery, NoBody]) -> Unended:
    return Unended(list(call.app.client_runs.unended(call.context)))


def _start(call: Call[NoQuery, NewRun]) -> Started:
    body = call.body
    return call.app.client_runs.start(call.context, body.start, body.step, body.recipe)


def _end(call: Call[NoQuery, EndedRun]) -> End:
    _require_same(call.path["run"], call.body.end.id)
    return call.app.client_runs.end(call.context, call.body.end, call.body.made)


def _break_off(call: Call[NoQuery, BrokenOff]) -> Admitted:
    run, body = RunId(call.path["run"]), call.body
    call.app.client_runs.break_off(call.context, run, wall_us=body.wall_us, processors=body.processors)
    return Admitted(run)


def _finish(call: Call[NoQuery, Finished]) -> PipelineOutcome:
    return call.app.client_runs.finish(call.context, call.body.resolved, call.body.outcomes)


def _require_same(path: str, run: RunId) -> None:
    if path != run:
        raise Invalid("the run was not ended", why="the address names another run than the body", next_step="name one run")


RUN = "/runs/{run}"
ROWS = (
    Row("POST", "/recording/refs", "catalog:read", "Say where refs point", _refs, Pointed, body=Texts),
    Row("POST", "/recording/plan", "catalog:read", "Say which steps of a graph would run, and why", _plan, Plan, body=Graphed),
    Row("POST", "/recording/hit", "catalog:read", "Find the run that stands for a run key", _hit, Found, body=Sought),
    Row("GET", "/recording/unended", "catalog:read", "List one's own runs elsewhere that have no end", _unended, Unended),
    Row("POST", "/recording/check", "run:start", "Say whether steps may run", _check, Admitted, body=Admission),
    Row("POST", "/runs", "run:start", "Start a run that is carried out elsewhere", _start, Started, body=NewRun, status=201),
    Row(
        "POST",
        RUN + "/end",
        "run:start",
        "End a run that was carried out elsewhere",
        _end,
        End,
        body=EndedRun,
        resource="run {run}",
    ),
    Row(
        "POST",
        RUN + "/break",
        "run:start",
        "Say that a run broke off",
        _break_off,
        Admitted,
        body=BrokenOff,
        resource="run {run}",
    ),
    Row("POST", "/recording/finish", "run:start", "Move the refs a graph makes", _finish, PipelineOutcome, body=Finished),
)
