"""Recording runs: the records of what is planned and carried out, one transaction each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ids import RunId
from remint.core.pipeline import Plan, StepSpec
from remint.core.recipe import Recipe
from remint.core.ref import Move, is_protected, parse_ref
from remint.core.run import End, Hit, Start, State, end_digest
from remint.errors import ArtifactErased
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import PipelineOutcome, StepOutcome
from remint.ports.usecases.recording import Resolved, Started
from remint.services.access import Access
from remint.services.metering import Metering
from remint.services.planning import planned, read_refs
from remint.services.recording import record
from remint.services.refs import moved_meanwhile
from remint.services.removals import require_kept
from remint.services.secrets import SecretService


@dataclass(frozen=True)
class RecordingService:
    """See ports.usecases.recording.Recording; the bytes of what is told are in the store here.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    clock: Clock
    access: Access
    metering: Metering
    secrets: SecretService
    protected: tuple[str, ...]

    def refs(self, context: Context, texts: Sequence[str]) -> dict[str, Digest | None]:
        """Return where refs point."""
        with self.catalog.read() as tx:
            return read_refs(tx, context, texts)

    def plan(self, context: Context, resolved: Resolved) -> Plan:
        """Return what running a graph would do."""
        with self.catalog.read() as tx:
            steps = planned(tx, context, resolved, self.metering.likely)
        graph = resolved.graph
        names = [parse_ref(target.ref, workspace=context.workspace)[0] for target in graph.targets]
        held = tuple(str(name) for name in names if is_protected(name, patterns=self.protected))
        return Plan(graph.name, context.workspace, steps, held)

    def hit(self, context: Context, run_key: Digest) -> Hit | None:  # noqa: ARG002 - who asks matters to clients of a server
        """Return the run that stands for every run of this key."""
        with self.catalog.read() as tx:
            return tx.runs.hit(run_key)

    def present(self, context: Context, artifact: Digest) -> bool:  # noqa: ARG002 - as of `hit`
        """Return whether an artifact may be read and all its bytes are here."""
        return self.artifacts.present(artifact)

    def check(self, context: Context, pipeline: str, steps: Sequence[StepSpec]) -> None:
        """Refuse what the caller may not run."""
        self.access.check(context, "run:start", f"pipeline {pipeline}", workspace=context.workspace)
        self.metering.check(context, steps)
        for step in steps:
            self.secrets.check(context, step, profile=step.profile or self.metering.profile)

    def keep(self, context: Context, artifacts: Sequence[Artifact]) -> None:  # noqa: ARG002 - as of `hit`
        """Record artifacts that belong to no run."""
        with self.catalog.begin() as tx:
            for artifact in artifacts:
                tx.artifacts.add(artifact, at_us=self.clock.now_us())

    def start(self, context: Context, start: Start, step: StepSpec, recipe: Recipe) -> Started:
        """Record that a run started, and set aside what it may cost."""
        resource = f"step {step.name}"
        with self.access.recording(context, "run:start", resource), self.catalog.begin() as tx:
            measured = self.metering.measure(tx, start, step)
            if measured.profile:
                start = replace(start, place={**start.place, "profile": measured.profile})
            self.secrets.give(tx, start, step.secrets.values(), profile=measured.profile)
            tx.recipes.add(recipe)
            tx.runs.start(start)
            facts = {"recipe": start.recipe, "run_key": start.run_key, "purpose": start.purpose, "why": start.why}
            tx.entries.append(Entry("run:start", start.id, start.by, start.at_us, facts))
            self.metering.reserve(tx, measured.reservation)
        return Started(start, measured)

    def end(self, context: Context, end: End, made: Sequence[Artifact]) -> End:
        """Record how a run ended, charge it, and record what it made."""
        with self.catalog.begin() as tx:
            told = _without_erased(tx, end)
            refused = {output.artifact for output in end.outputs.values()} if end.outputs and not told.outputs else set()
            for artifact in made:
                if artifact.digest not in refused:
                    record(tx.artifacts, self.blobs, artifact, at_us=end.at_us)
            tx.runs.end(told)
            outputs = {name: output.artifact for name, output in told.outputs.items()}
            facts = {"state": str(told.state), "outputs": outputs, "record": end_digest(told)}
            tx.entries.append(Entry("run:end", told.id, context.principal, told.at_us, facts))
            self.metering.settle(tx, told, by=context.principal)
        return told

    def break_off(self, context: Context, run: RunId, *, wall_us: int, processors: int | None) -> None:  # noqa: ARG002 - as of `hit`
        """Charge a run that has no end because whoever carried it out was interrupted."""
        self.metering.break_off(run, wall_us=wall_us, processors=processors)

    def finish(self, context: Context, resolved: Resolved, outcomes: Sequence[StepOutcome]) -> PipelineOutcome:
        """Move the refs that a graph makes, and record what earlier runs saved."""
        graph = resolved.graph
        made: dict[str, Digest] = {}
        moves: list[Move] = []
        held: list[str] = []
        at_us = self.clock.now_us()
        with self.access.recording(context, "ref:move", graph.name), self.catalog.begin() as tx:
            for target in graph.targets:
                outcome = outcomes[target.call]
                digest = outcome.outputs[target.output].artifact
                made[target.ref] = digest
                name, _ = parse_ref(target.ref, workspace=context.workspace)
                if is_protected(name, patterns=self.protected):
                    held.append(str(name))
                    continue
                old = resolved.seen[target.ref]
                if old == digest:
                    continue
                self.access.require(tx, context, "ref:move", str(name), workspace=name.workspace)
                move = Move(name, 0, old, digest, context.principal, at_us, f"pipeline {graph.name}", outcome.run)
                if not tx.refs.move(move):
                    raise moved_meanwhile(tx, name, old)
                facts = {"from": old, "to": digest, "run": outcome.run}
                tx.entries.append(Entry("ref:move", str(name), context.principal, at_us, facts))
                moves.append(tx.refs.log(name, limit=1)[0])
            steps = [call.step for call in graph.calls]
            told = self.metering.tell(tx, context, outcomes, steps)
        return PipelineOutcome(graph.name, told, tuple(moves), made, tuple(held))


def _without_erased(tx: Transaction, end: End) -> End:
    """Return the end of a run; as failed where it made again what an erasure put a successor in the place of."""
    for name, output in end.outputs.items():
        try:
            require_kept(tx, output.artifact)
        except ArtifactErased as error:
            told = {"what": f"output {name} was not kept", "why": error.why, "next_step": error.next_step}
            return replace(end, state=State.FAILED, outputs={}, metrics={}, error=told)
    return end
