"""Running pipelines: hits are taken over, the rest is carried out, several steps at once, and refs move at the end."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.ids import RunId, uuid7
from remint.core.pipeline import Call, Graph, Plan, PlannedStep
from remint.core.recipe import Recipe
from remint.core.ref import parse_ref
from remint.core.run import Hit, Start
from remint.errors import Conflict, EnvironmentDiffers, NotFound
from remint.ports.capture import Closure
from remint.ports.clock import Clock
from remint.ports.compute import Needs
from remint.ports.process import Processes
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import PipelineOutcome, Progress, StepOutcome
from remint.ports.usecases.recording import Recording
from remint.services.execution import Execution, Work
from remint.services.planning import bind
from remint.services.plans import PlanService, Prepared
from remint.services.schedule import in_order

Report = Callable[[Progress], None]


@dataclass(frozen=True)
class PipelineService:
    """See ports.usecases.pipelines.Pipelines.

    Steps that do not need one another are carried out at once, as many as the executor takes.

    Attributes:
        root: the project's root, for git and for the source files.
    """

    recording: Recording
    plans: PlanService
    execution: Execution
    processes: Processes
    clock: Clock
    root: Path
    _checking: threading.Lock = field(default_factory=threading.Lock)
    _snapshots: dict[tuple[str, str], tuple[Closure, Digest]] = field(default_factory=dict)

    def plan(self, context: Context, graph: Graph) -> Plan:
        """Return what running `graph` would do."""
        return self.plans.plan(context, graph)

    def run(self, context: Context, graph: Graph, *, on_progress: Report | None = None) -> PipelineOutcome:
        """Run what must run, take the rest from earlier runs, and move the refs the pipeline makes."""
        self.recording.check(context, graph.name, [])
        report: Report = on_progress or (lambda _progress: None)
        prepared = self.plans.prepare(context, graph)
        plan = self.recording.plan(context, prepared.resolved)
        for step in plan.steps:
            if step.state == "blocked":
                raise NotFound(
                    f"pipeline {graph.name} was not run",
                    why=f"{step.name} needs {step.reason.removesuffix(' does not exist')}, which does not exist",
                    next_step="make it first: add the data, or run the pipeline that makes it",
                )
        usable = [step.hit if step.hit and self.execution.usable(context, step.hit) else None for step in plan.steps]
        standing = _Standing(usable, lambda progress: report(replace(progress, graph=graph.name)))
        self.execution.fresh()
        missing = [position for position, hit in enumerate(usable) if hit is None]
        if missing:
            self._require_environment()
            steps = [(graph.calls[at].step, plan.steps[at].state) for at in missing]
            self.recording.check(context, graph.name, [step for step, state in steps if state == "run" or step.network])
        for position, hit in enumerate(usable):
            if hit is not None:
                standing.report(Progress(position, plan.steps[position].name, "hit", f"done before in run {hit.run.short}"))
        places = {position: place for place, position in enumerate(missing)}
        in_order(
            [_needs(graph.calls[position], places) for position in missing],
            lambda place: self._carry_out(context, prepared, plan.steps[missing[place]], standing),
            at_once=self.execution.executor.at_once,
            interrupt=self.execution.executor.interrupt,
        )
        outcomes = [
            StepOutcome(position, call.step.name, hit.run, position in standing.ran, hit.outputs)
            for position, (call, hit) in enumerate(zip(graph.calls, map(_present, standing.hits), strict=True))
        ]
        return self._finish(context, prepared, outcomes)

    def prepare(self, graph: Graph, *, hash_seeds: Sequence[str] = ()) -> None:
        """Get ready in the background for running the steps of a graph."""
        modules: dict[tuple[Any, ...], set[str]] = {}
        kinds = sorted({Kind(kind) for call in graph.calls for kind in call.step.outputs.values()})
        for call in graph.calls:
            step = call.step
            for seed in hash_seeds or (step.conditions.get("hash_seed"),):
                found = modules.setdefault((seed, step.conditions.get("threads"), step.network), set())
                found.update(self.plans.code.closure(step.module, step.qualname).modules)
        executor = self.execution.executor
        for (seed, threads, network), names in modules.items():
            for _ in range(executor.at_once):
                executor.prepare({"hash_seed": seed, "threads": threads}, Needs(sorted(names), kinds), network=network)

    def run_all(
        self, context: Context, graphs: Sequence[Graph], *, on_progress: Report | None = None
    ) -> Sequence[PipelineOutcome]:
        """Run several pipelines, each after the earlier ones with which it shares a ref that one of them makes."""
        made = [{_name(target.ref, context) for target in graph.targets} for graph in graphs]
        touched = [refs | _read(graph, context) for refs, graph in zip(made, graphs, strict=True)]
        outcomes: dict[int, PipelineOutcome] = {}
        telling = threading.Lock()

        def report(progress: Progress) -> None:
            if on_progress is not None:
                with telling:
                    on_progress(progress)

        def run(place: int) -> None:
            outcomes[place] = self.run(context, graphs[place], on_progress=report)

        in_order(
            [
                [before for before in range(place) if made[before] & touched[place] or touched[before] & made[place]]
                for place in range(len(graphs))
            ],
            run,
            at_once=self.execution.executor.at_once,
            interrupt=self.execution.executor.interrupt,
        )
        return [outcomes[place] for place in range(len(graphs))]

    def _carry_out(self, context: Context, prepared: Prepared, planned: PlannedStep, standing: "_Standing") -> None:
        """Carry out one step, or find that it was done: two calls with one run key are carried out once."""
        position, resolved = planned.position, prepared.resolved
        call, recipe = resolved.graph.calls[position], _present(resolved.recipes[position])
        bound = _present(bind(recipe, call, standing.hits))
        run_key = bound.key()
        with standing.one_at_a_time[run_key]:
            hit = standing.done.get(run_key) or (None if planned.state == "run" else self._hit(context, run_key))
            if hit is None:
                hit = self._run(context, prepared, planned, (bound, run_key), standing.report)
                standing.done[run_key] = hit
                standing.ran.add(position)
            else:
                standing.report(Progress(position, call.step.name, "hit", f"done before in run {hit.run.short}"))
        standing.hits[position] = hit

    def _run(
        self, context: Context, prepared: Prepared, planned: PlannedStep, keyed: tuple[Recipe, Digest], report: Report
    ) -> Hit:
        position, reason = planned.position, planned.reason
        bound, run_key = keyed
        resolved = prepared.resolved
        call, recipe = resolved.graph.calls[position], _present(resolved.recipes[position])
        at_us = self.clock.now_us()
        run_id = RunId(uuid7(at_us, self.clock.entropy(8)))
        closure = prepared.closures[position]
        start = Start(
            id=run_id,
            recipe=_present(resolved.keys[position]),
            run_key=run_key,
            inputs={name: _present(source.artifact) for name, source in bound.inputs.items()},
            workspace=context.workspace,
            by=context.principal,
            at_us=at_us,
            why=reason if not reason.startswith("done before") else "the results of the earlier run are gone",
            code=self._snapshot(context, call, closure),
            git=prepared.git,
            place=self._place(closure),
        )
        report(Progress(position, call.step.name, "start", start.why))
        work = Work(start, recipe, call.step, closure.modules, self.root, prepared.environment)
        hit = self.execution.carry_out(work, on_line=lambda line: report(Progress(position, call.step.name, "line", line)))
        report(Progress(position, call.step.name, "done", "", hit.wall_us))
        return hit

    def _place(self, closure: Closure) -> dict[str, Any]:
        pieces = {name: digest.short for name, digest in closure.pieces.items()}
        return {**self.processes.here(), "pieces": pieces, "modules": list(closure.modules)}

    def _snapshot(self, context: Context, call: Call, closure: Closure) -> Digest:
        seen, kept = self._snapshots.get((call.step.module, call.step.qualname), (None, None))
        if kept is None or seen is not closure or not self.execution.holds_code(kept):
            kept = self.execution.code_artifact(context, self.root, closure.files)
        again = self.plans.code.closure(call.step.module, call.step.qualname, cells=call.cells or None)
        if again is closure:  # no file has changed since it was found
            self._snapshots[call.step.module, call.step.qualname] = (closure, kept)
        elif again.digest != closure.digest or again.files != closure.files:
            raise Conflict(
                f"step {call.step.name} was not run",
                why="its source changed after the plan was made",
                next_step="run the same command again",
            )
        return kept

    def _hit(self, context: Context, run_key: Digest) -> Hit | None:
        found = self.recording.hit(context, run_key)
        return found if found is not None and self.execution.usable(context, found) else None

    def _require_environment(self) -> None:
        with self._checking:
            differing = self.plans.environment.differences()
        if differing:
            raise EnvironmentDiffers(
                "nothing was run",
                why=f"what is installed differs from the lock: {'; '.join(differing[:5])}",
                next_step="install the lock: `pip install -r requirements.lock`, or lock what is installed",
                differences=differing,
            )

    def _finish(self, context: Context, prepared: Prepared, outcomes: list[StepOutcome]) -> PipelineOutcome:
        with self.execution.blobs.adding():
            self._require_kept(context, prepared.resolved.graph, outcomes)
            return self.recording.finish(context, prepared.resolved, outcomes)

    def _require_kept(self, context: Context, graph: Graph, outcomes: list[StepOutcome]) -> None:
        """Refuse to point a ref at what was swept since its step was found done."""
        for target in graph.targets:
            outcome = outcomes[target.call]
            if not outcome.ran and not self.recording.present(context, outcome.outputs[target.output].artifact):
                raise Conflict(
                    f"{target.ref} was not moved",
                    why=f"the result of {outcome.name} was removed by `remint gc` a moment ago",
                    next_step="run the same command again: the step will run",
                )


class _Standing:
    """How far a graph is: the run that stands for each call, and what was carried out now, by run key; for several threads."""

    def __init__(self, hits: list[Hit | None], report: Report) -> None:
        self.hits = hits
        self.ran: set[int] = set()
        self.done: dict[Digest, Hit] = {}
        self.one_at_a_time: defaultdict[Digest, threading.Lock] = defaultdict(threading.Lock)
        self._telling = threading.Lock()
        self._report = report

    def report(self, progress: Progress) -> None:
        """Tell of one thing at a time."""
        with self._telling:
            self._report(progress)


def _name(text: str, context: Context) -> str:
    return str(parse_ref(text, workspace=context.workspace)[0])


def _read(graph: Graph, context: Context) -> set[str]:
    """Return the refs a graph reads as they are when it is planned."""
    return {_name(link.ref, context) for call in graph.calls for link in call.inputs.values() if link.ref is not None}


def _needs(call: Call, places: Mapping[int, int]) -> list[int]:
    """Return the places of the calls above one that are not done before."""
    return [places[link.call] for link in call.inputs.values() if link.call is not None and link.call in places]


def _present(value: Any) -> Any:  # noqa: ANN401 - any optional, known to be there
    assert value is not None
    return value
