"""Planning on the records: which steps of a resolved graph are done already, which must run, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from remint.core.digest import Digest
from remint.core.pipeline import Call, Graph, PlannedStep, StepSpec
from remint.core.recipe import Recipe, difference
from remint.core.ref import parse_ref
from remint.core.run import Hit, Run
from remint.ports.catalog import Transaction
from remint.ports.usecases.context import Context
from remint.ports.usecases.recording import Resolved

Likely = Callable[[Transaction, Sequence[StepSpec]], Mapping[str, int]]
"""Returns what the next run of each step is likely to cost, in micro-units, by name."""


def read_refs(tx: Transaction, context: Context, texts: Sequence[str]) -> dict[str, Digest | None]:
    """Return where refs point, by how they are written; None for one that does not exist."""
    found: dict[str, Digest | None] = {}
    for text in texts:
        name, selector = parse_ref(text, workspace=context.workspace)
        if selector is not None:
            found[text] = tx.refs.select(name, selector).new
            continue
        pointed = tx.refs.get(name)
        found[text] = pointed.artifact if pointed else None
    return found


def planned(tx: Transaction, context: Context, resolved: Resolved, likely: Likely) -> tuple[PlannedStep, ...]:
    """Return what becomes of each call of a graph."""
    keys = resolved.keys
    hits = tx.runs.hits([key for key in keys if key is not None])
    steps: list[PlannedStep] = []
    before: dict[str, _Before | None] = {}
    for position, (call, recipe, key) in enumerate(zip(resolved.graph.calls, resolved.recipes, keys, strict=True)):
        if recipe is None or key is None:
            lacking = resolved.missing[position]
            steps.append(PlannedStep(position, call.step.name, "blocked", f"{lacking} does not exist"))
            continue
        hit = hits.get(key)
        bound = None if hit else bind(recipe, call, [step.hit for step in steps])
        if bound is not None:
            hit = tx.runs.hit(bound.key())
        if hit is not None:
            reason = f"done before in run {hit.run.short}"
            steps.append(PlannedStep(position, call.step.name, "hit", reason, hit.wall_us, recipe, hit))
        elif bound is not None:
            if call.step.name not in before:
                before[call.step.name] = _before(tx, context, call.step.name)
            reason = _why(before[call.step.name], bound, resolved.pieces[position])
            steps.append(PlannedStep(position, call.step.name, "run", reason, None, recipe))
        else:
            above = _first_unfinished(call, steps)
            reason = f"{steps[above].name} runs first; if its result is the same as before, this one does not run"
            steps.append(PlannedStep(position, call.step.name, "maybe", reason, None, recipe))
    return _with_costs(tx, resolved.graph, _with_times(tx, steps), likely)


def bind(recipe: Recipe, call: Call, hits: Sequence[Hit | None]) -> Recipe | None:
    """Return `recipe` with every input resolved by the runs that stand for the calls above it; None if one is not known yet."""
    contents: dict[str, Digest] = {}
    for name, source in recipe.inputs.items():
        if source.artifact is not None:
            contents[name] = source.artifact
            continue
        link = call.inputs[name]
        hit = hits[link.call] if link.call is not None else None
        if hit is None:
            return None
        contents[name] = hit.outputs[str(link.output)].artifact
    return recipe.bound(contents)


def _with_costs(tx: Transaction, graph: Graph, steps: tuple[PlannedStep, ...], likely: Likely) -> tuple[PlannedStep, ...]:
    going = [step for step in steps if step.state in {"run", "maybe"}]
    costs = likely(tx, [graph.calls[step.position].step for step in going])
    return tuple(replace(step, likely_micro=costs.get(step.name)) if step in going else step for step in steps)


def _with_times(tx: Transaction, steps: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    waiting = [step.name for step in steps if step.state in {"run", "maybe"}]
    times = tx.runs.wall_times_us(waiting) if waiting else {}
    return tuple(
        PlannedStep(step.position, step.name, step.state, step.reason, times.get(step.name), step.recipe, step.hit)
        if step.state in {"run", "maybe"}
        else step
        for step in steps
    )


@dataclass(frozen=True, slots=True)
class _Before:
    """The run a step is compared with, and its recipe with every input resolved."""

    run: Run
    recipe: Recipe


def _before(tx: Transaction, context: Context, step: str) -> _Before | None:
    """Return the newest run of a step in this workspace, or else anywhere."""
    run = tx.runs.latest_of_step(step, workspace=context.workspace) or tx.runs.latest_of_step(step)
    return None if run is None else _Before(run, tx.recipes.get(run.start.recipe).bound(dict(run.start.inputs)))


def _why(before: _Before | None, bound: Recipe, pieces: Mapping[str, str]) -> str:
    if before is None:
        return "it never ran"
    reasons = difference(before.recipe, bound)
    if not reasons:
        return "the earlier run cannot stand for it (unguarded, or its results are gone)"
    return "; ".join(_in_detail(reason, before.run, pieces) for reason in reasons[:3])


def _in_detail(reason: str, before: Run, new: Mapping[str, str]) -> str:
    if reason != "its code changed":
        return reason
    old: Mapping[str, str] = before.start.place.get("pieces", {})
    changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return f"its code changed: {', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}" if old and changed else reason


def _first_unfinished(call: Call, steps: Sequence[PlannedStep]) -> int:
    above = [link.call for link in call.inputs.values() if link.call is not None]
    return next(position for position in above if steps[position].hit is None)
