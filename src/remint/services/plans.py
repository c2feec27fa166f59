"""Plans of pipelines: what their code, environment and refs make of them here, and what the records say of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remint.core.digest import Digest
from remint.core.pipeline import Call, Graph, Link, Plan
from remint.core.recipe import Recipe, Source
from remint.ports.capture import Closure, Code, Declared, Environment, Git
from remint.ports.usecases.context import Context
from remint.ports.usecases.recording import Recording, Resolved


@dataclass(frozen=True, slots=True)
class Prepared:
    """A resolved graph with what running it needs of this machine.

    Attributes:
        closures: the code of each call.
        git: the state of the checkout the code is in.
    """

    resolved: Resolved
    closures: tuple[Closure, ...]
    environment: Declared
    git: Mapping[str, str]


@dataclass(frozen=True)
class PlanService:
    """Makes plans; the pipelines' service runs them.

    Attributes:
        root: the project's root.
    """

    recording: Recording
    code: Code
    environment: Environment
    git: Git
    root: Path

    def prepare(self, context: Context, graph: Graph) -> Prepared:
        """Return the recipes of a graph, its code, and the refs as they are now."""
        closures = tuple(
            self.code.closure(call.step.module, call.step.qualname, cells=call.cells or None) for call in graph.calls
        )
        declared = self.environment.declared()
        refs = self.recording.refs(context, _texts(graph))
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
        pieces = tuple({name: digest.short for name, digest in closure.pieces.items()} for closure in closures)
        resolved = Resolved(graph, tuple(recipes), tuple(keys), pieces, seen, missing)
        return Prepared(resolved, closures, declared, self.git.state(self.root))

    def plan(self, context: Context, graph: Graph) -> Plan:
        """Return what running `graph` would do."""
        return self.recording.plan(context, self.prepare(context, graph).resolved)


def _texts(graph: Graph) -> Sequence[str]:
    """Return every ref that a graph reads or makes, as it is written there."""
    read = {link.ref for call in graph.calls for link in call.inputs.values() if link.ref is not None}
    return sorted(read | {target.ref for target in graph.targets})


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
