"""Planning: which steps of a graph are done already, which must run, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from remint.core.digest import Digest
from remint.core.pipeline import Call, Graph, Link, Plan, PlannedStep
from remint.core.recipe import Recipe, Source, difference
from remint.core.ref import is_protected, parse_ref
from remint.core.run import Hit, Run
from remint.ports.capture import Closure, Code, Declared, Environment, Git
from remint.ports.catalog import Catalog, Transaction
from remint.ports.usecases.context import Context
from remint.services.metering import Metering


@dataclass(frozen=True, slots=True)
class Resolved:
    """A graph with everything that planning had to look up.

    Attributes:
        recipes: of each call, as planned; None where an input does not exist.
        keys: the plan key of each recipe.
        closures: the code of each call.
        seen: where each target's ref pointed when the plan was made.
        git: the state of the checkout the code is in.
        missing: for a call without a recipe, the ref it lacks.
    """

    graph: Graph
    recipes: tuple[Recipe | None, ...]
    keys: tuple[Digest | None, ...]
    closures: tuple[Closure, ...]
    environment: Declared
    seen: Mapping[str, Digest | None]
    missing: Mapping[int, str]
    git: Mapping[str, str]


@dataclass(frozen=True)
class PlanService:
    """Makes plans; the pipelines' service runs them.

    Attributes:
        root: the project's root.
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    code: Code
    environment: Environment
    git: Git
    root: Path
    protected: tuple[str, ...]
    metering: Metering

    def resolve(self, context: Context, graph: Graph) -> Resolved:
        """Return the recipes of a graph, its code, and the refs as they are now."""
        closures = tuple(
            self.code.closure(call.step.module, call.step.qualname, cells=call.cells or None) for call in graph.calls
        )
        declared = self.environment.declared()
        with self.catalog.read() as tx:
            refs = _read_refs(tx, context, graph)
        recipes: list[Recipe | None] = []
        keys: list[Digest | None] = []
        missing: dict[int, str] = {}
        for position, call in enumerate(graph.calls):
            lacking = _lacking(call, refs, missing)
            if lacking is not None:
                missing[position] = lacking
                recipes.append(None)
                keys.append(None)
                continue
            recipe = _recipe(call, closures[position], declared, refs, keys)
            recipes.append(recipe)
            keys.append(recipe.key())
        seen = {target.ref: refs.get(target.ref) for target in graph.targets}
        return Resolved(graph, tuple(recipes), tuple(keys), closures, declared, seen, missing, self.git.state(self.root))

    def plan(self, context: Context, graph: Graph) -> Plan:
        """Return what running `graph` would do."""
        return self.plan_resolved(context, self.resolve(context, graph))

    def plan_resolved(self, context: Context, resolved: Resolved) -> Plan:
        """Return what running a resolved graph would do."""
        with self.catalog.read() as tx:
            steps = self._steps(tx, context, resolved)
        graph = resolved.graph
        names = [parse_ref(target.ref, workspace=context.workspace)[0] for target in graph.targets]
        held = tuple(str(name) for name in names if is_protected(name, patterns=self.protected))
        return Plan(graph.name, context.workspace, steps, held)

    def _steps(self, tx: Transaction, context: Context, resolved: Resolved) -> tuple[PlannedStep, ...]:
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
                reason = _why(before[call.step.name], bound, resolved.closures[position])
                steps.append(PlannedStep(position, call.step.name, "run", reason, None, recipe))
            else:
                above = _first_unfinished(call, steps)
                reason = f"{steps[above].name} runs first; if its result is the same as before, this one does not run"
                steps.append(PlannedStep(position, call.step.name, "maybe", reason, None, recipe))
        return self._with_costs(tx, resolved.graph, _with_times(tx, steps))

    def _with_costs(self, tx: Transaction, graph: Graph, steps: tuple[PlannedStep, ...]) -> tuple[PlannedStep, ...]:
        going = [step for step in steps if step.state in {"run", "maybe"}]
        costs = self.metering.likely(tx, [graph.calls[step.position].step for step in going])
        return tuple(replace(step, likely_micro=costs.get(step.name)) if step in going else step for step in steps)


@dataclass(frozen=True, slots=True)
class _Before:
    """The run a step is compared with, and its recipe with every input resolved."""

    run: Run
    recipe: Recipe


def _before(tx: Transaction, context: Context, step: str) -> _Before | None:
    """Return the newest run of a step in this workspace, or else anywhere."""
    run = tx.runs.latest_of_step(step, workspace=context.workspace) or tx.runs.latest_of_step(step)
    return None if run is None else _Before(run, tx.recipes.get(run.start.recipe).bound(dict(run.start.inputs)))


def _why(before: _Before | None, bound: Recipe, closure: Closure) -> str:
    if before is None:
        return "it never ran"
    reasons = difference(before.recipe, bound)
    if not reasons:
        return "the earlier run cannot stand for it (unguarded, or its results are gone)"
    return "; ".join(_in_detail(reason, before.run, closure) for reason in reasons[:3])


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


def _in_detail(reason: str, before: Run, closure: Closure) -> str:
    if reason != "its code changed":
        return reason
    old: Mapping[str, str] = before.start.place.get("pieces", {})
    new = {name: digest.short for name, digest in closure.pieces.items()}
    changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return f"its code changed: {', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}" if old and changed else reason


def _read_refs(tx: Transaction, context: Context, graph: Graph) -> dict[str, Digest | None]:
    texts = {link.ref for call in graph.calls for link in call.inputs.values() if link.ref is not None}
    found: dict[str, Digest | None] = {}
    for text in sorted(texts | {target.ref for target in graph.targets}):
        name, selector = parse_ref(text, workspace=context.workspace)
        if selector is not None:
            found[text] = tx.refs.select(name, selector).new
            continue
        pointed = tx.refs.get(name)
        found[text] = pointed.artifact if pointed else None
    return found


def _lacking(call: Call, refs: Mapping[str, Digest | None], missing: Mapping[int, str]) -> str | None:
    for link in call.inputs.values():
        if link.ref is not None and refs[link.ref] is None and not link.optional:
            return link.ref
        if link.call is not None and link.call in missing:
            return missing[link.call]
    return None


def _recipe(
    call: Call,
    closure: Closure,
    declared: Declared,
    refs: Mapping[str, Digest | None],
    keys: Sequence[Digest | None],
) -> Recipe:
    inputs: dict[str, Source] = {}
    absent: set[str] = set()
    for name, link in call.inputs.items():
        source = _source(link, refs, keys)
        if source is None:
            absent.add(name)
        else:
            inputs[name] = source
    arguments = {name: _without(value, absent) for name, value in call.arguments.items()}
    step = call.step
    return Recipe(step.name, closure.digest, arguments, inputs, declared.digest, step.conditions, step.outputs)


def _source(link: Link, refs: Mapping[str, Digest | None], keys: Sequence[Digest | None]) -> Source | None:
    if link.call is not None:
        return Source(recipe=keys[link.call], output=link.output)
    artifact = link.digest if link.ref is None else refs[link.ref]
    return None if artifact is None else Source(artifact=artifact)


def _without(value: Any, absent: set[str]) -> Any:  # noqa: ANN401 - canonical JSON
    if isinstance(value, dict):
        if value.get("$input") in absent:
            return None
        return {key: _without(item, absent) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, absent) for item in value]
    return value


def _first_unfinished(call: Call, steps: Sequence[PlannedStep]) -> int:
    above = [link.call for link in call.inputs.values() if link.call is not None]
    return next(position for position in above if steps[position].hit is None)


def _with_times(tx: Transaction, steps: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    waiting = [step.name for step in steps if step.state in {"run", "maybe"}]
    times = tx.runs.wall_times_us(waiting) if waiting else {}
    return tuple(
        PlannedStep(step.position, step.name, step.state, step.reason, times.get(step.name), step.recipe, step.hit)
        if step.state in {"run", "maybe"}
        else step
        for step in steps
    )
