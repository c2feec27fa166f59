"""Use cases of recording: what is looked up before steps run, and what is told of their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remint.core.artifact import Artifact
from remint.core.budget import Allotment, Reservation
from remint.core.digest import Digest
from remint.core.ids import RunId
from remint.core.isolation import NONE
from remint.core.pipeline import Graph, Plan, StepSpec
from remint.core.recipe import Recipe
from remint.core.run import End, Hit, Start
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import PipelineOutcome, StepOutcome


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run may use.

    Attributes:
        profile: the name of its profile; empty for none.
        reservation: what is set aside for it; None where nothing is charged.
        isolation: the least level it is carried out at (core.isolation).
        currency: of the reservation.
    """

    profile: str
    allotment: Allotment
    reservation: Reservation | None
    isolation: int = NONE
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A run that may begin.

    Attributes:
        start: as it was recorded.
        measured: what it may use.
    """

    start: Start
    measured: Measured


@dataclass(frozen=True, slots=True)
class Resolved:
    """A graph with what is known of its calls before anything runs.

    Attributes:
        recipes: of each call, as planned; None where an input does not exist.
        keys: the plan key of each recipe.
        pieces: the digests of the pieces of code that each call reaches, by name and shortened.
        seen: where each target's ref pointed when the graph was resolved.
        missing: for a call without a recipe, the ref it lacks, by its position.
    """

    graph: Graph
    recipes: tuple[Recipe | None, ...]
    keys: tuple[Digest | None, ...]
    pieces: tuple[Mapping[str, str], ...]
    seen: Mapping[str, Digest | None]
    missing: Mapping[int, str] = field(default_factory=dict)


class Recording(Protocol):
    """The records of runs, as whoever carries out steps sees them. The bytes of what is told are in the store of who tells."""

    def refs(self, context: Context, texts: Sequence[str]) -> Mapping[str, Digest | None]:
        """Return where refs point, by how they were given; None for one that does not exist.

        Raises:
            Invalid: one is no ref.
            RefNotFound: one names a version that does not exist.
        """
        ...

    def plan(self, context: Context, resolved: Resolved) -> Plan:
        """Return what running a graph would do, with reasons, expected times and costs."""
        ...

    def hit(self, context: Context, run_key: Digest) -> Hit | None:
        """Return the run that stands for every run of this key; None if there is none."""
        ...

    def present(self, context: Context, artifact: Digest) -> bool:
        """Return whether an artifact may be read and all its bytes are kept where it is recorded; nothing is hashed."""
        ...

    def check(self, context: Context, pipeline: str, steps: Sequence[StepSpec]) -> None:
        """Refuse a pipeline that the caller may not run, or whose steps have a profile or secrets it may not use.

        Raises:
            Denied: with the rule; the refusal is an entry.
            NotFound: there is no such secret.
            Invalid: there is no such profile.
        """
        ...

    def keep(self, context: Context, artifacts: Sequence[Artifact]) -> None:
        """Record artifacts that belong to no run: code and environments. Idempotent."""
        ...

    def start(self, context: Context, start: Start, step: StepSpec, recipe: Recipe) -> Started:
        """Record that a run started, and set aside what it may cost.

        Raises:
            Denied: its profile is not for who starts it, or its budget has not so much left; only the refusal is recorded.
        """
        ...

    def end(self, context: Context, end: End, made: Sequence[Artifact]) -> End:
        """Record how a run ended, charge it, and record what it made.

        Args:
            context: who started it.
            end: of it.
            made: its outputs, its log, and what was observed.

        Returns:
            The end as it was recorded: failed where an erasure does not let an output in again.
        """
        ...

    def break_off(self, context: Context, run: RunId, *, wall_us: int, processors: int | None) -> None:
        """Charge a run that has no end because whoever carried it out was interrupted.

        No meter tells what it used: it is at most every processor for as long as it went on, and all that was reserved where
        that is not known.
        """
        ...

    def finish(self, context: Context, resolved: Resolved, outcomes: Sequence[StepOutcome]) -> PipelineOutcome:
        """Move the refs that a graph makes, all or none, and record what earlier runs saved.

        Raises:
            RefMoved: one moved since the graph was resolved.
            Denied: who ran it may not move them.
        """
        ...
