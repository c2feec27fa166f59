"""Runs that are carried out elsewhere: what a client says of them is checked before it is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from remint.core.artifact import Artifact, Kind, not_found
from remint.core.digest import Digest
from remint.core.ids import RunId, made_at_us, parse_id
from remint.core.pipeline import Plan, StepSpec
from remint.core.recipe import Recipe
from remint.core.ref import parse_ref
from remint.core.run import CLIENT, End, Hit, Run, Start, State
from remint.errors import Conflict, Denied, Invalid, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import PipelineOutcome, StepOutcome
from remint.ports.usecases.recording import Resolved, Started
from remint.services.blobs import BlobService
from remint.services.measures import metrics_of, value_of
from remint.services.recordings import RecordingService
from remint.services.sight import SightService, seen_from

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class ClientRuns:
    """See ports.usecases.recording.Recording, for who is believed only as far as it can be checked.

    That a step did what is said of it cannot: that is what regeneration is for, and a run says that a client told of it.
    """

    catalog: Catalog
    clock: Clock
    sight: SightService
    blobs: BlobService
    recording: RecordingService

    def refs(self, context: Context, texts: Sequence[str]) -> Mapping[str, Digest | None]:
        """Return where refs point."""
        for text in texts:
            self.sight.require_workspace(context, parse_ref(text, workspace=context.workspace)[0].workspace)
        return self.recording.refs(context, texts)

    def plan(self, context: Context, resolved: Resolved) -> Plan:
        """Return what running a graph would do; a run that is not seen, or whose results are gone, stands for nothing."""
        _require_whole(resolved)
        plan = self.recording.plan(context, resolved)
        steps = tuple(
            replace(step, state="maybe", reason="it may have been done before", hit=None)
            if step.hit is not None and not self._stands(context, step.hit)
            else step
            for step in plan.steps
        )
        return replace(plan, steps=steps)

    def hit(self, context: Context, run_key: Digest) -> Hit | None:
        """Return the run that stands for every run of this key."""
        found = self.recording.hit(context, run_key)
        return found if found is not None and self._stands(context, found) else None

    def _stands(self, context: Context, hit: Hit) -> bool:
        if context.sandbox is not None:
            with self.catalog.read() as tx:
                if tx.runs.get(hit.run).start.workspace not in seen_from(tx, context.sandbox):
                    return False
        return all(self.recording.present(context, output.artifact) for output in hit.outputs.values())

    def present(self, context: Context, artifact: Digest) -> bool:
        """Return whether an artifact may be read and all its bytes are here."""
        self.sight.require_artifact(context, artifact)
        return self.recording.present(context, artifact)

    def check(self, context: Context, pipeline: str, steps: Sequence[StepSpec]) -> None:
        """Refuse what the caller may not run, and steps whose secrets would have to leave this machine."""
        self.recording.check(context, pipeline, steps)
        for step in steps:
            _require_without_secrets(step)

    def keep(self, context: Context, artifacts: Sequence[Artifact]) -> None:
        """Record artifacts that belong to no run."""
        self.blobs.record(context, artifacts)

    def start(self, context: Context, start: Start, step: StepSpec, recipe: Recipe) -> Started:
        """Record that a run started."""
        _require_without_secrets(step)
        _require_as_said(context, start, step, recipe)
        for digest in (start.code, recipe.environment, *start.inputs.values()):
            self._require_seen(context, digest)
        place = {**start.place, CLIENT: context.token}
        with self.catalog.read() as tx:
            if _is_known(tx, start.id):
                raise Conflict(
                    f"run {start.id.short} was not started",
                    why="one of that id is recorded",
                    next_step="start it under a new id",
                )
        begun = replace(start, by=context.principal, at_us=self.clock.now_us(), place=place)
        return self.recording.start(context, begun, step, recipe)

    def _require_seen(self, context: Context, digest: Digest) -> None:
        """Refuse an artifact that is not recorded, or that the caller neither sees nor recorded."""
        self.sight.require_artifact(context, digest)
        with self.catalog.read() as tx:
            if not tx.artifacts.known([digest]):
                raise not_found(digest)

    def end(self, context: Context, end: End, made: Sequence[Artifact]) -> End:
        """Record how a run ended, and what it made."""
        run, recipe = self._own(context, end.id)
        kinds = {artifact.digest: artifact.kind for artifact in made}
        named = {*(output.artifact for output in end.outputs.values()), *([end.log] if end.log is not None else [])}
        if run.end is not None:
            raise Conflict(
                f"run {end.id.short} was not ended", why=f"it is recorded as {run.end.state}", next_step="start another run"
            )
        _require_ended(recipe, end, kinds)
        with self.catalog.read() as tx:
            unknown = [digest for digest in named if digest not in kinds and not tx.artifacts.known([digest])]
        if unknown:
            raise NotFound(
                f"run {end.id.short} was not ended",
                why=f"artifact {min(unknown).short} is neither recorded nor told of",
                next_step="send it",
            )
        with self.blobs.blobs.adding():
            for artifact in made:
                self.blobs.require_sent(context, artifact)
            self.blobs.blobs.flush()
            of = {artifact.digest: artifact for artifact in made}
            metrics = metrics_of({name: of[one.artifact] for name, one in end.outputs.items()}, self._value)
            return self.recording.end(context, replace(end, at_us=self.clock.now_us(), metrics=metrics), made)

    def _value(self, artifact: Artifact) -> Any:  # noqa: ANN401 - JSON
        """Return the value of a record that a client made, if it is one."""
        try:
            found = value_of(self.blobs.blobs, artifact)
        except (ValueError, IndexError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Invalid(
                "the run was not ended",
                why=f"artifact {artifact.digest.short} is said to be of metrics, and is none",
                next_step="send what the step returned",
            )
        return found

    def unended(self, context: Context) -> Sequence[Start]:
        """Return the runs that the caller told of by a client and that have no end."""
        with self.catalog.read() as tx:
            return [start for start in tx.runs.open() if start.is_told and start.by == context.principal]

    def _own(self, context: Context, run_id: RunId) -> tuple[Run, Recipe]:
        """Return a run that the caller started.

        Raises:
            NotFound: there is none of that id that it sees.
            Denied: somebody else started it.
        """
        self.sight.require_run(context, run_id)
        with self.catalog.read() as tx:
            run = tx.runs.get(run_id)
            recipe = tx.recipes.get(run.start.recipe)
        if run.start.by != context.principal or not run.start.is_told:
            with self.recording.access.recording(context, "run:start", f"run {run_id}"):
                raise Denied(
                    f"run {run_id.short} was not ended",
                    why=f"rule own-run: {run.start.by} started it"
                    + ("" if run.start.is_told else ", and it is carried out where the project is"),
                    next_step="tell of runs that you started here",
                    rule="own-run",
                )
        return run, recipe

    def break_off(self, context: Context, run: RunId, *, wall_us: int, processors: int | None) -> None:
        """Charge a run that has no end because whoever carried it out was interrupted."""
        self._own(context, run)
        self.recording.break_off(context, run, wall_us=wall_us, processors=processors)

    def finish(self, context: Context, resolved: Resolved, outcomes: Sequence[StepOutcome]) -> PipelineOutcome:
        """Move the refs that a graph makes to what runs made that are recorded."""
        _require_whole(resolved)
        if [outcome.position for outcome in outcomes] != list(range(len(resolved.graph.calls))):
            raise Invalid("no ref was moved", why="the outcomes are not those of the calls", next_step="tell of each call once")
        for outcome in outcomes:
            self.sight.require_run(context, outcome.run)
            with self.catalog.read() as tx:
                end = tx.runs.get(outcome.run).end
            if end is None or dict(end.outputs) != dict(outcome.outputs):
                raise Conflict(
                    "no ref was moved",
                    why=f"run {outcome.run.short} is not recorded with the outputs of {outcome.name}",
                    next_step="run the same command again",
                )
        for target in resolved.graph.targets:
            self.sight.require_workspace(context, parse_ref(target.ref, workspace=context.workspace)[0].workspace)
        return self.recording.finish(context, resolved, outcomes)


def _is_known(tx: Transaction, run: RunId) -> bool:
    try:
        tx.runs.get(run)
    except NotFound:
        return False
    return True


def _require_ended(recipe: Recipe, end: End, kinds: Mapping[Digest, Kind]) -> None:
    """Refuse the end of a run that contradicts itself or its recipe."""
    outputs = {name: str(kinds.get(one.artifact, "")) for name, one in end.outputs.items()}
    told = ", ".join(f"{name} ({kind})" for name, kind in outputs.items()) or "nothing"
    made = f"its recipe makes {', '.join(recipe.outputs)}, and it is said to be {end.state} with {told}"
    is_negative = min(end.usage.cpu_us, end.usage.wall_us, end.usage.peak_bytes) < 0
    wrong = next(
        (
            words
            for is_right, words in (
                (end.state is not State.RUNNING, "it is said to go on"),
                (outputs == (dict(recipe.outputs) if end.state is State.DONE else {}), made),
                (not is_negative, "it is said to have used less than nothing"),
            )
            if not is_right
        ),
        None,
    )
    if wrong is not None:
        raise Invalid(
            f"run {end.id.short} was not ended", why=wrong, next_step="tell what the step did, every output with its kind"
        )


def _require_without_secrets(step: StepSpec) -> None:
    if step.secrets:
        raise Invalid(
            f"step {step.name} was not run",
            why=f"it gets the secrets {', '.join(sorted(step.secrets.values()))}, and secrets do not leave the server",
            next_step="run it where the project is",
        )


def _require_as_said(context: Context, start: Start, step: StepSpec, recipe: Recipe) -> None:
    """Refuse the start of a run that contradicts itself."""
    wrong = next(
        (
            words
            for is_right, words in (
                (start.workspace == context.workspace, f"it is said to run in {start.workspace}"),
                (start.purpose == "run", f"its purpose is {start.purpose}, which only Remint carries out itself"),
                (start.recipe == recipe.key(), "its recipe has another plan key"),
                (set(start.inputs) == set(recipe.inputs), "its inputs are not those of its recipe"),
                (
                    set(start.inputs) == set(recipe.inputs) and start.run_key == recipe.bound(start.inputs).key(),
                    "its run key is not that of its recipe with these inputs",
                ),
                ((step.name, dict(step.outputs)) == (recipe.step, dict(recipe.outputs)), "its recipe is that of another step"),
            )
            if not is_right
        ),
        None,
    )
    if wrong is None and (start.id != parse_id(start.id) or abs(made_at_us(start.id) - start.at_us) > DAY_US):
        wrong = "its id was not made when it began"
    if wrong is not None:
        raise Invalid("no run was started", why=wrong, next_step="plan again with this version of Remint, then run")


def _require_whole(resolved: Resolved) -> None:
    """Refuse a graph that does not hold together."""
    if not _is_whole(resolved):
        raise Invalid(
            "the pipeline was not read", why="its calls, recipes and targets do not hold together", next_step="plan it again"
        )


def _is_whole(resolved: Resolved) -> bool:
    graph = resolved.graph
    if not len(graph.calls) == len(resolved.recipes) == len(resolved.keys) == len(resolved.pieces):
        return False
    targets = all(
        0 <= target.call < len(graph.calls)
        and target.output in graph.calls[target.call].step.outputs
        and target.ref in resolved.seen
        for target in graph.targets
    )
    return targets and all(_is_call_whole(resolved, position) for position in range(len(graph.calls)))


def _is_call_whole(resolved: Resolved, position: int) -> bool:
    call, recipe, key = resolved.graph.calls[position], resolved.recipes[position], resolved.keys[position]
    if any(link.call is not None and not 0 <= link.call < position for link in call.inputs.values()):
        return False
    if recipe is None or key is None:
        return recipe is None and key is None and position in resolved.missing
    if key != recipe.key() or dict(recipe.outputs) != dict(call.step.outputs) or recipe.step != call.step.name:
        return False
    for name, source in recipe.inputs.items():
        link = call.inputs.get(name)
        if source.artifact is None and (
            link is None
            or link.call is None
            or link.output != source.output
            or resolved.keys[link.call] != source.recipe
            or link.output not in resolved.graph.calls[link.call].step.outputs
        ):
            return False
    return True
