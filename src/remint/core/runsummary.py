"""A run in a list: what is shown of it before anybody asks for more."""

from collections.abc import Mapping
from dataclasses import dataclass

from remint.core.digest import Digest
from remint.core.ids import PrincipalId, RunId
from remint.core.recipe import Recipe
from remint.core.run import Run, State


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a list.

    Attributes:
        wall_us, cpu_us, guarded: None while it runs.
        outputs: the artifact that came out under each name.
    """

    id: RunId
    step: str
    state: State
    at_us: int
    by: PrincipalId
    why: str
    purpose: str
    wall_us: int | None
    cpu_us: int | None
    guarded: bool | None
    metrics: Mapping[str, float]
    outputs: Mapping[str, Digest]


def summary_of(run: Run, recipe: Recipe) -> RunSummary:
    """Return a run as a list shows it."""
    start, end = run.start, run.end
    return RunSummary(
        id=run.id,
        step=recipe.step,
        state=run.state,
        at_us=start.at_us,
        by=start.by,
        why=start.why,
        purpose=start.purpose,
        wall_us=end.usage.wall_us if end else None,
        cpu_us=end.usage.cpu_us if end else None,
        guarded=end.guarded if end else None,
        metrics=end.metrics if end else {},
        outputs={name: output.artifact for name, output in end.outputs.items()} if end else {},
    )
