"""Pipelines: graphs of step calls, before anything is known of their code or inputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.recipe import Recipe
from remint.core.run import Hit


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A step as its decorator declares it.

    Attributes:
        module: dotted name of the module it is in.
        qualname: its qualified name there.
        outputs: kind of each output by name, in order.
        conditions: what is declared to matter: seed, hash_seed, threads, exact; canonical JSON.
        memory_bytes: limit of resident memory; not part of any key, as the two below.
        cpu_s: limit of CPU time in seconds.
        wall_s: limit of wall time in seconds.
        network: whether it may open connections; a step that may is never a cache source.
        secrets: names of secrets by the variable it gets them in; part of no key.
        profile: the compute profile it asks for; that of the setting `profile` if empty. In no key either.
    """

    module: str
    qualname: str
    outputs: Mapping[str, str]
    conditions: Mapping[str, Any]
    memory_bytes: int | None = None
    cpu_s: int | None = None
    wall_s: int | None = None
    network: bool = False
    profile: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How the step is named in recipes and on screens: `module:qualname`."""
        return f"{self.module}:{self.qualname}"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a call's input comes from: a ref read when planning, an artifact, or an output of an earlier call.

    Attributes:
        ref: the text of a ref.
        digest: an artifact.
        call: the position of an earlier call in the graph.
        output: the name of its output.
        optional: whether a ref that does not exist gives None instead of blocking the step.
    """

    ref: str | None = None
    digest: Digest | None = None
    call: int | None = None
    output: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a step in a pipeline.

    Attributes:
        arguments: canonical JSON by parameter name; an input stands as `{"$input": NAME}`.
        inputs: where each named input comes from.
        cells: values a nested step closes over.
    """

    step: StepSpec
    arguments: Mapping[str, Any]
    inputs: Mapping[str, Link]
    cells: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A ref a pipeline makes, and which output of which call it is."""

    ref: str
    call: int
    output: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A pipeline, called with its parameters.

    Attributes:
        name: the ref it is named after.
        calls: in an order in which every link points backwards.
        targets: the refs to move when it is done.
    """

    name: str
    calls: tuple[Call, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What a plan says of one call.

    Attributes:
        state: `hit` (done before), `run` (must run), `maybe` (runs only if something above it comes out different) or
        `blocked`. reason: in one line.
        expected_us: wall time it is expected to take; None if it never ran.
        recipe: as planned; None if blocked.
        hit: the run that stands for it, if state is `hit`.
        likely_micro: what it is likely to cost if it runs, in micro-units; None where nothing has a price, or it does not run.
    """

    position: int
    name: str
    state: str
    reason: str
    expected_us: int | None = None
    recipe: Recipe | None = None
    hit: Hit | None = None
    likely_micro: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What running a graph would do in a workspace."""

    graph: str
    workspace: str
    steps: tuple[PlannedStep, ...]
    protected: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many steps are in each state."""
        found = {"hit": 0, "run": 0, "maybe": 0, "blocked": 0}
        for step in self.steps:
            found[step.state] += 1
        return found

    @property
    def expected_us(self) -> int | None:
        """Wall time of the steps that must or may run, as far as it is known; None if nothing of it is."""
        known = [step.expected_us for step in self.steps if step.state in {"run", "maybe"} and step.expected_us is not None]
        return sum(known) if known else None

    @property
    def likely_micro(self) -> int | None:
        """What the steps that must or may run are likely to cost, in micro-units; None where nothing has a price."""
        known = [step.likely_micro for step in self.steps if step.likely_micro is not None]
        return sum(known) if known else None


def graphs_digest(graphs: Iterable[Graph]) -> Digest | None:
    """Return a digest of all that graphs say; None if a nested step closes over values, which have no plain form here."""
    found: list[object] = []
    for graph in graphs:
        if any(call.cells for call in graph.calls):
            return None
        targets = [[target.ref, target.call, target.output] for target in graph.targets]
        found.append([graph.name, [_plain(call) for call in graph.calls], targets])
    return digest_record("graphs v1", [canonical.dumps(found)])


def _plain(call: Call) -> list[object]:
    step = call.step
    limits = [str(limit) for limit in (step.memory_bytes, step.cpu_s, step.wall_s, step.network)]
    links = {name: [link.ref, link.digest, link.call, link.output, link.optional] for name, link in call.inputs.items()}
    declared = [step.module, step.qualname, list(step.outputs.items()), dict(step.conditions), *limits]
    return [declared, dict(call.arguments), links]
