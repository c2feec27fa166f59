"""Use cases of pipelines: planning and running them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remint.core.digest import Digest
from remint.core.ids import RunId
from remint.core.pipeline import Graph, Plan
from remint.core.ref import Move
from remint.core.run import Output
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Progress:
    """Something that happened to one step while a pipeline runs.

    Attributes:
        what: `hit`, `start`, `line`, `done`, `failed`.
        text: the reason, the printed line, or the error.
        graph: the pipeline's name.
    """

    position: int
    name: str
    what: str
    text: str = ""
    wall_us: int = 0
    graph: str = ""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How one step of a pipeline came out: the run that stands for it and whether it ran now.

    Attributes:
        cost_micro: what it was charged, in micro-units; 0 if it did not run.
        saved_micro: what the earlier run was charged that stands for it; 0 if it ran, or if that run was counted before.
    """

    position: int
    name: str
    run: RunId
    ran: bool
    outputs: Mapping[str, Output]
    cost_micro: int = 0
    saved_micro: int = 0


@dataclass(frozen=True, slots=True)
class PipelineOutcome:
    """What running a pipeline did.

    Attributes:
        moves: the refs it moved.
        made: the artifact of every target, by ref.
        held: targets that are protected and were not moved.
    """

    graph: str
    steps: tuple[StepOutcome, ...]
    moves: tuple[Move, ...]
    made: Mapping[str, Digest]
    held: tuple[str, ...] = field(default=())


class Pipelines(Protocol):
    """Planning and running."""

    def plan(self, context: Context, graph: Graph) -> Plan:
        """Return what running `graph` would do. Writes nothing."""
        ...

    def run(self, context: Context, graph: Graph, *, on_progress: Callable[[Progress], None] | None = None) -> PipelineOutcome:
        """Run what must run, take the rest from earlier runs, and move the refs the pipeline makes.

        May be called again after any failure: what was done is not done again.

        Raises:
            StepFailed: a step raised, was killed or went over a limit; what was done before it is kept.
            RefMoved: a ref moved while the pipeline ran; its results are kept.
            Invalid: the environment differs from the lock, or an input does not exist.
            Denied: a profile is not for who asks, or a budget has not so much left; what was done before is kept.
        """
        ...

    def prepare(self, graph: Graph, *, hash_seeds: Sequence[str] = ()) -> None:
        """Get ready in the background for running the steps of a graph; it only saves time.

        Args:
            graph: what will be run, some time before this process ends.
            hash_seeds: instead of those the steps declare: `fresh`, and `other` for making again what has no seed.
        """
        ...

    def run_all(
        self, context: Context, graphs: Sequence[Graph], *, on_progress: Callable[[Progress], None] | None = None
    ) -> Sequence[PipelineOutcome]:
        """Run several pipelines: two that share a ref which one of them makes in the order given, others at once. As `run`.

        If one fails, those that go on are carried to their end, and nothing more is started.
        """
        ...
