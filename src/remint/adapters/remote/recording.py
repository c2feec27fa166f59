"""Recording runs on a server that are carried out here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from remint.adapters.remote.connection import AT, Connection, words
from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.ids import RunId
from remint.core.pipeline import Graph, Plan, StepSpec
from remint.core.recipe import Recipe
from remint.core.run import End, Hit, Output, Start, State
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import PipelineOutcome, StepOutcome
from remint.ports.usecases.recording import Resolved, Started

Told = TypeVar("Told")


class Carried(Protocol):
    """Sends the bytes of artifacts, as far as the server lacks them, then tells it of them; returns what it answers."""

    def __call__(self, artifacts: Sequence[Artifact], tell: Callable[[], Told]) -> Told: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Pointed:
    refs: dict[str, Digest | None]


@dataclass(frozen=True, slots=True)
class _Found:
    hit: Hit | None


@dataclass(frozen=True, slots=True)
class _Recorded:
    artifacts: list[Artifact]


@dataclass(frozen=True, slots=True)
class _Ended:
    state: State
    outputs: dict[str, Output]
    error: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Admitted:
    pipeline: str


@dataclass(frozen=True)
class RemoteRecording:
    """See ports.usecases.recording.Recording.

    Attributes:
        carried: sends the bytes of artifacts that are here, then tells the server of them.
        need: brings the record of an artifact that a step is about to read.
    """

    connection: Connection
    carried: Carried
    need: Callable[[Digest], object]

    def refs(self, context: Context, texts: Sequence[str]) -> Mapping[str, Digest | None]:
        """Return where refs point."""
        return self.connection.call("POST", "/recording/refs", _Pointed, body={"refs": texts}, headers=_at(context)).refs

    def plan(self, context: Context, resolved: Resolved) -> Plan:
        """Return what running a graph would do."""
        body = {"resolved": _plain(resolved)}
        return self.connection.call("POST", "/recording/plan", Plan, body=body, headers=_at(context))

    def hit(self, context: Context, run_key: Digest) -> Hit | None:
        """Return the run that stands for every run of this key."""
        body = {"run_key": run_key}
        return self.connection.call("POST", "/recording/hit", _Found, body=body, headers=_at(context)).hit

    def present(self, context: Context, artifact: Digest) -> bool:  # noqa: ARG002 - nothing is asked
        """Return whether an artifact may be read: the server names no run whose results are gone."""
        return True

    def check(self, context: Context, pipeline: str, steps: Sequence[StepSpec]) -> None:
        """Refuse what the caller may not run."""
        body = {"pipeline": pipeline, "steps": steps}
        self.connection.call("POST", "/recording/check", _Admitted, body=body, headers=_at(context))

    def keep(self, context: Context, artifacts: Sequence[Artifact]) -> None:
        """Record artifacts that belong to no run."""
        body = {"artifacts": artifacts}
        self.carried(artifacts, lambda: self.connection.call("POST", "/records", _Recorded, body=body, headers=_at(context)))

    def start(self, context: Context, start: Start, step: StepSpec, recipe: Recipe) -> Started:
        """Record that a run started."""
        body = {"start": start, "step": step, "recipe": recipe}
        begun = self.connection.call("POST", "/runs", Started, body=body, headers=_at(context))
        for digest in dict.fromkeys(start.inputs.values()):
            self.need(digest)
        return begun

    def end(self, context: Context, end: End, made: Sequence[Artifact]) -> End:
        """Record how a run ended, and what it made."""
        body = {"end": replace(end, metrics={}), "made": made}
        path = words("runs", end.id, "end")
        told = self.carried(made, lambda: self.connection.call("POST", path, _Ended, body=body, headers=_at(context)))
        return replace(end, state=told.state, outputs=told.outputs, error=told.error)

    def break_off(self, context: Context, run: RunId, *, wall_us: int, processors: int | None) -> None:
        """Charge a run that has no end because whoever carried it out was interrupted."""
        body = {"wall_us": wall_us, "processors": processors}
        self.connection.call("POST", words("runs", run, "break"), _Admitted, body=body, headers=_at(context))

    def finish(self, context: Context, resolved: Resolved, outcomes: Sequence[StepOutcome]) -> PipelineOutcome:
        """Move the refs that a graph makes."""
        body = {"resolved": _plain(resolved), "outcomes": outcomes}
        return self.connection.call("POST", "/recording/finish", PipelineOutcome, body=body, headers=_at(context))


def _at(context: Context) -> dict[str, str]:
    return {AT: context.workspace}


def _plain(resolved: Resolved) -> Resolved:
    """Return a graph without what nested steps close over, of which only the digest of the code matters to others."""
    graph = resolved.graph
    calls = tuple(replace(call, cells={}) for call in graph.calls)
    return replace(resolved, graph=Graph(graph.name, calls, graph.targets))
