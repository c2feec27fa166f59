"""Minting again: the recorded steps from what an erasure took to a model, carried out from the successors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.erasure import last_of
from remint.core.ids import ChangeId, RunId, uuid7
from remint.core.pipeline import StepSpec
from remint.core.recipe import Recipe
from remint.core.ref import PRODUCTION, Ref, RefName, is_protected
from remint.core.run import Hit, Run, Start, State
from remint.errors import EnvironmentDiffers, NotFound
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.process import Processes
from remint.ports.usecases.changes import Changes
from remint.ports.usecases.context import Context
from remint.ports.usecases.erasures import Erasures
from remint.ports.usecases.refs import Refs
from remint.ports.usecases.remintings import Reminted, RemintedModel
from remint.services.access import Access
from remint.services.execution import Execution, Work
from remint.services.needs import EVERY

Tell = Callable[[str], None]


@dataclass(frozen=True)
class RemintingService:
    """See ports.usecases.remintings.Remintings.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
        root: the project's root, shown in tracebacks.
    """

    catalog: Catalog
    erasures: Erasures
    execution: Execution
    refs: Refs
    changes: Changes
    processes: Processes
    clock: Clock
    protected: tuple[str, ...]
    root: Path
    access: Access

    def remint(self, context: Context, number: int, *, on_line: Tell | None = None) -> Reminted:
        """Make every model that rests on what an erasure took again."""
        self.access.check(context, "run:start", f"erasure {number}", workspace=context.workspace)
        _, said = self.erasures.show(number)
        trained = {Digest(one["model"]) for one in said["models"] if one["trained"]}
        sandbox = f"erasure-{number}"
        with self.catalog.read() as tx:
            old = tx.refs.seen_from(PRODUCTION, limit=EVERY)
            exists = tx.workspaces.get(sandbox) is not None
        if not exists:
            self.refs.fork(context, sandbox)
        self.execution.fresh()
        again = _Again(self, replace(context, workspace=sandbox), f"without the rows of erasure {number}", on_line)
        models = [self._model(again, ref) for ref in old if ref.name.kind == "model" and ref.artifact in trained]
        moved = self._move_refs(context, again, old, {model.ref for model in models})
        opened = tuple(self._proposed(context, again, model) for model in models)
        return Reminted(number, sandbox, opened, moved, again.ran)

    def _model(self, again: "_Again", ref: Ref) -> RemintedModel:
        """Make one model again, and its evaluations with it."""
        try:
            new = again.replacement(ref.artifact)
        except NotFound as error:
            return RemintedModel(str(ref.name), ref.artifact, None, why=f"{error.what}: {error.why}")
        metrics: dict[str, tuple[float, float]] = {}
        if new != ref.artifact:
            for run in again.evaluations(ref.artifact):
                before = run.end.metrics if run.end is not None else {}
                after = again.evaluated(run, ref, new)
                metrics |= {name: (before[name], after[name]) for name in before if name in after}
        return RemintedModel(str(ref.name), ref.artifact, new, metrics)

    def _move_refs(self, context: Context, again: "_Again", old: list[Ref], models: set[str]) -> tuple[str, ...]:
        """Move refs of the sandbox to what was made again, and those of `main` that are neither protected nor of models."""
        moved: list[str] = []
        for ref in old:
            new = again.made.get(ref.artifact)
            if new is None or new == ref.artifact:
                continue
            self._point(again.context, ref.name.within(again.context.workspace), new, again.why)
            if str(ref.name) not in models and not is_protected(ref.name, patterns=self.protected):
                self._point(context, ref.name, new, again.why)
                moved.append(str(ref.name))
        return tuple(moved)

    def _point(self, context: Context, name: RefName, new: Digest, why: str) -> None:
        with self.catalog.read() as tx:
            seen = tx.refs.get(name)
        if seen is None or seen.artifact != new:
            self.refs.move(context, str(name), to=new, expect=seen.artifact if seen else None, reason=f"made {why}")

    def _proposed(self, context: Context, again: "_Again", model: RemintedModel) -> RemintedModel:
        """Open the change that moves a protected ref; move another one."""
        if model.new is None or model.new == model.old:
            return model
        path = model.ref.partition(":")[2]
        name = RefName(PRODUCTION, *path.split("/", 1))
        change: ChangeId | None = None
        if is_protected(name, patterns=self.protected):
            named = f"{again.context.workspace}:{path}"
            change = self.changes.propose(context, [named], title=f"{path} {again.why}").change.id
        else:
            self._point(context, name, model.new, again.why)
        return RemintedModel(model.ref, model.old, model.new, model.metrics, change)


@dataclass
class _Again:
    """What is made again in one call.

    Attributes:
        context: the sandbox.
        why: in words, for runs and moves.
        made: what stands for each artifact that was looked at; itself if nothing behind it went.
        ran: how many steps were carried out.
    """

    service: RemintingService
    context: Context
    why: str
    on_line: Tell | None
    made: dict[Digest, Digest] = field(default_factory=dict)
    ran: int = 0

    def replacement(self, digest: Digest) -> Digest:
        """Return what stands for an artifact when the rows are gone, made again if need be.

        Raises:
            NotFound: it cannot be made again: it came from outside, and it is not here.
        """
        if digest not in self.made:
            self.made[digest] = self._replacement(digest)
        return self.made[digest]

    def _replacement(self, digest: Digest) -> Digest:
        with self.service.catalog.read() as tx:
            gone = tx.erasures.in_force()
            stands = last_of(digest, {one.artifact: one.successor for one in gone.values()})
            makers = [run for run in tx.runs.makers(digest, limit=EVERY) if run.start.purpose == "run"]
        if stands is not None and stands != digest:
            return stands
        maker = makers[0] if makers else None
        inputs = {name: self.replacement(given) for name, given in maker.start.inputs.items()} if maker is not None else {}
        is_here = stands is not None and self.service.execution.artifacts.present(digest)
        if is_here and (maker is None or inputs == dict(maker.start.inputs)):
            return digest
        if maker is None or maker.end is None:
            raise NotFound(
                f"{digest.short} cannot be made again", why="no run made it, and it is not here", next_step="add it again"
            )
        outputs = self.carried_out(maker, inputs).outputs
        name = next(name for name, output in maker.end.outputs.items() if output.artifact == digest)
        return outputs[name].artifact

    def evaluations(self, model: Digest) -> list[Run]:
        """Return the newest run of each step that measured a model."""
        with self.service.catalog.read() as tx:
            readers = tx.runs.readers(model, limit=EVERY)
            done = [run for run in readers if run.state is State.DONE and run.start.purpose == "run"]
            steps = {run.id: tx.recipes.get(run.start.recipe).step for run in done if run.end is not None and run.end.metrics}
        return list({steps[run.id]: run for run in done if run.id in steps}.values())

    def evaluated(self, run: Run, ref: Ref, new: Digest) -> Mapping[str, float]:
        """Carry out an evaluation again with a new model in place of the old one; return its metrics.

        Another model among the inputs, one that the ref pointed at before, is the champion: now that is the old one.
        """
        with self.service.catalog.read() as tx:
            earlier = {move.new for move in tx.refs.log(ref.name, limit=EVERY)} - {ref.artifact}
            models = {one for one in run.start.inputs.values() if tx.artifacts.get(one).kind is Kind.MODEL}
        inputs = {}
        for name, given in run.start.inputs.items():
            if given == ref.artifact:
                inputs[name] = new
            elif given in models & earlier:
                inputs[name] = ref.artifact
            else:
                inputs[name] = self.replacement(given)
        done = self.carried_out(run, inputs)
        for name, output in run.end.outputs.items() if run.end is not None else ():
            self.made[output.artifact] = done.outputs[name].artifact
        with self.service.catalog.read() as tx:
            end = tx.runs.get(done.run).end
        return end.metrics if end is not None else {}

    def carried_out(self, recorded: Run, inputs: Mapping[str, Digest]) -> Hit:
        """Carry out a recorded run with other inputs, unless that was done before."""
        service = self.service
        with service.catalog.read() as tx:
            recipe = tx.recipes.get(recorded.start.recipe).bound(inputs)
            hit = tx.runs.hit(recipe.key())
        if hit is not None and service.execution.usable(self.context, hit):
            self._tell(f"  done  {recipe.step} before in run {hit.run.short}")
            return hit
        work = self._work(recorded, recipe, inputs)
        self._tell(f"  start {recipe.step}: {work.start.why}")
        hit = service.execution.carry_out(work, on_line=lambda line: self._tell(f"        {line}"))
        self._tell(f"  ran   {recipe.step} in {hit.wall_us / 1e6:.1f} s")
        self.ran += 1
        return hit

    def _work(self, recorded: Run, recipe: Recipe, inputs: Mapping[str, Digest]) -> Work:
        """Return a run with recorded code, arguments and conditions.

        Raises:
            EnvironmentDiffers: the environment of then is not the one of now.
        """
        service = self.service
        declared = service.execution.environment.declared()
        if declared.digest != recipe.environment:
            raise EnvironmentDiffers(
                f"{recipe.step} was not carried out again",
                why=f"the environment {recipe.environment.short} it ran in is not the one the lock here declares",
                next_step="install the lock of that time, then `remint erasures remint` again; or train anew with `remint run`",
            )
        at_us, key = service.clock.now_us(), recipe.key()
        start = Start(
            id=RunId(uuid7(at_us, service.clock.entropy(8))),
            recipe=key,
            run_key=key,
            inputs=inputs,
            workspace=self.context.workspace,
            by=self.context.principal,
            at_us=at_us,
            why=f"to make it again {self.why}",
            code=recorded.start.code,
            git=recorded.start.git,
            place={**recorded.start.place, **service.processes.here()},
        )
        module, _, qualname = recipe.step.partition(":")
        step = StepSpec(module, qualname, recipe.outputs, recipe.conditions, profile=recorded.start.place.get("profile", ""))
        return Work(start, recipe, step, tuple(recorded.start.place.get("modules", ())), service.root, declared)

    def _tell(self, line: str) -> None:
        if self.on_line is not None:
            self.on_line(line)
