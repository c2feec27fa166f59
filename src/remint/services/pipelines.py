"""Running pipelines: hits are taken over, the rest is carried out one step at a time, and refs move at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ids import RunId, uuid7
from remint.core.pipeline import Call, Graph, Plan, PlannedStep
from remint.core.ref import Move, is_protected, parse_ref
from remint.core.run import Hit, Start
from remint.errors import Conflict, EnvironmentDiffers, NotFound
from remint.ports.capture import Closure
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.process import Processes
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import PipelineOutcome, Progress, StepOutcome
from remint.services.execution import Execution, Work
from remint.services.plans import PlanService, Resolved, bind
from remint.services.refs import moved_meanwhile

Report = Callable[[Progress], None]


@dataclass(frozen=True)
class PipelineService:
    """See ports.usecases.pipelines.Pipelines.

    Attributes:
        root: the project's root, for git and for the source files.
    """

    catalog: Catalog
    plans: PlanService
    execution: Execution
    processes: Processes
    clock: Clock
    root: Path

    def plan(self, context: Context, graph: Graph) -> Plan:
        """Return what running `graph` would do."""
        return self.plans.plan(context, graph)

    def run(self, context: Context, graph: Graph, *, on_progress: Report | None = None) -> PipelineOutcome:
        """Run what must run, take the rest from earlier runs, and move the refs the pipeline makes."""
        report: Report = on_progress or (lambda _progress: None)
        resolved = self.plans.resolve(context, graph)
        plan = self.plans.plan_resolved(context, resolved)
        for step in plan.steps:
            if step.state == "blocked":
                raise NotFound(
                    f"pipeline {graph.name} was not run",
                    why=f"{step.name} needs {step.reason.removesuffix(' does not exist')}, which does not exist",
                    next_step="make it first: add the data, or run the pipeline that makes it",
                )
        standing = [step.hit if step.hit and self.execution.usable(step.hit) else None for step in plan.steps]
        self.execution.fresh()
        if not all(standing):
            self._require_environment()
        done: dict[Digest, Hit] = {}
        hits: list[Hit | None] = []
        outcomes: list[StepOutcome] = []
        for position, call in enumerate(graph.calls):
            name = call.step.name
            planned = plan.steps[position]
            hit = standing[position]
            ran = False
            if hit is None:
                hit, ran = self._carry_out(context, resolved, planned, _Above(hits, done), report)
            if not ran:
                report(Progress(position, name, "hit", f"done before in run {hit.run.short}"))
            hits.append(hit)
            outcomes.append(StepOutcome(position, name, hit.run, ran, hit.outputs))
        return self._finish(context, resolved, outcomes)

    def _carry_out(
        self,
        context: Context,
        resolved: Resolved,
        planned: PlannedStep,
        above: "_Above",
        report: Report,
    ) -> tuple[Hit, bool]:
        position, reason = planned.position, planned.reason
        call, recipe = resolved.graph.calls[position], _present(resolved.recipes[position])
        bound = _present(bind(recipe, call, above.hits))
        run_key = bound.key()
        earlier = above.done.get(run_key) or (None if planned.state == "run" else self._hit(run_key))
        if earlier is not None:
            return earlier, False
        at_us = self.clock.now_us()
        run_id = RunId(uuid7(at_us, self.clock.entropy(8)))
        closure = resolved.closures[position]
        start = Start(
            id=run_id,
            recipe=recipe.key(),
            run_key=run_key,
            inputs={name: _present(source.artifact) for name, source in bound.inputs.items()},
            workspace=context.workspace,
            by=context.principal,
            at_us=at_us,
            why=reason if not reason.startswith("done before") else "the results of the earlier run are gone",
            code=self._snapshot(call, closure),
            git=resolved.git,
            place=self._place(closure),
        )
        report(Progress(position, call.step.name, "start", start.why))
        work = Work(start, recipe, call.step, closure.modules, self.root, resolved.environment)
        hit = self.execution.carry_out(work, on_line=lambda line: report(Progress(position, call.step.name, "line", line)))
        report(Progress(position, call.step.name, "done", "", hit.wall_us))
        above.done[run_key] = hit
        return hit, True

    def _place(self, closure: Closure) -> dict[str, Any]:
        pieces = {name: digest.short for name, digest in closure.pieces.items()}
        return {**self.processes.here(), "pieces": pieces, "modules": list(closure.modules)}

    def _snapshot(self, call: Call, closure: Closure) -> Digest:
        kept = self.execution.code_artifact(self.root, closure.files)
        again = self.plans.code.closure(call.step.module, call.step.qualname, cells=call.cells or None)
        if again.digest != closure.digest or again.files != closure.files:
            raise Conflict(
                f"step {call.step.name} was not run",
                why="its source changed after the plan was made",
                next_step="run the same command again",
            )
        return kept

    def _hit(self, run_key: Digest) -> Hit | None:
        with self.catalog.read() as tx:
            found = tx.runs.hit(run_key)
        return found if found is not None and self.execution.usable(found) else None

    def _require_environment(self) -> None:
        differing = self.plans.environment.differences()
        if differing:
            raise EnvironmentDiffers(
                "nothing was run",
                why=f"what is installed differs from the lock: {'; '.join(differing[:5])}",
                next_step="install the lock: `pip install -r requirements.lock`, or lock what is installed",
                differences=differing,
            )

    def _finish(self, context: Context, resolved: Resolved, outcomes: list[StepOutcome]) -> PipelineOutcome:
        made: dict[str, Digest] = {}
        moves: list[Move] = []
        held: list[str] = []
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            for target in resolved.graph.targets:
                outcome = outcomes[target.call]
                digest = outcome.outputs[target.output].artifact
                made[target.ref] = digest
                name, _ = parse_ref(target.ref, workspace=context.workspace)
                if is_protected(name, patterns=self.plans.protected):
                    held.append(str(name))
                    continue
                old = resolved.seen[target.ref]
                if old == digest:
                    continue
                move = Move(name, 0, old, digest, context.principal, at_us, f"pipeline {resolved.graph.name}", outcome.run)
                if not tx.refs.move(move):
                    raise moved_meanwhile(tx, name, old)
                facts = {"from": old, "to": digest, "run": outcome.run}
                tx.entries.append(Entry("ref:move", str(name), context.principal, at_us, facts))
                moves.append(tx.refs.log(name, limit=1)[0])
        return PipelineOutcome(resolved.graph.name, tuple(outcomes), tuple(moves), made, tuple(held))


@dataclass(frozen=True, slots=True)
class _Above:
    """What stands for the calls above a step, and what this call has carried out so far, by run key."""

    hits: list[Hit | None]
    done: dict[Digest, Hit]


def _present(value: Any) -> Any:  # noqa: ANN401 - any optional, known to be there
    assert value is not None
    return value
