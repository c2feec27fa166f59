"""Carrying out one step: from a started run to recorded outputs."""

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from remint.core import canonical
from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.isolation import NONE
from remint.core.pipeline import StepSpec
from remint.core.recipe import Recipe
from remint.core.run import End, Hit, Output, Start, State, end_digest
from remint.errors import ArtifactErased, LimitReached, StepFailed
from remint.ports.blobs import Blobs
from remint.ports.capture import Declared, Environment
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.compute import Executor, InputFiles, Limits, OutputFiles, Result, Task
from remint.ports.usecases.artifacts import Artifacts, Kept
from remint.ports.usecases.context import Context
from remint.services.metering import Measured, Metering
from remint.services.recording import record
from remint.services.removals import require_kept
from remint.services.secrets import SecretService

LEFT_BEHIND_S = 24 * 3600
"""What is this old in the scratch folder belongs to no living process."""


@dataclass(frozen=True, slots=True)
class Work:
    """A run to carry out.

    Attributes:
        start: the first half of its record; written before anything runs.
        recipe: as planned.
        modules: modules worth loading before the fork.
        shown_as: the folder shown in tracebacks in place of the code snapshot.
        measured: what it may use, and what is reserved for it; None before it started.
    """

    start: Start
    recipe: Recipe
    step: StepSpec
    modules: tuple[str, ...]
    shown_as: Path
    environment: Declared
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What a step left behind, stored but not yet recorded."""

    result: Result
    outputs: Mapping[str, Kept]
    metrics: Mapping[str, float]
    log: Artifact
    environment: Artifact


@dataclass(frozen=True)
class Execution:
    """Runs steps in processes of their own and records them; for several threads at once.

    Attributes:
        scratch: folder for what children write, on the same disk as the store.
    """

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    executor: Executor
    environment: Environment
    clock: Clock
    scratch: Path
    metering: Metering
    secrets: SecretService
    _recorded: set[Digest] = field(default_factory=set)
    _observed: dict[tuple[str, ...], Artifact] = field(default_factory=dict)
    _laid_out: dict[Digest, Path] = field(default_factory=dict)
    _code_parts: dict[Digest, tuple[Part, ...]] = field(default_factory=dict)
    _looking: threading.Lock = field(default_factory=threading.Lock)
    _laying: threading.Lock = field(default_factory=threading.Lock)

    def fresh(self) -> None:
        """Forget what was seen of the installed environment, and sweep what killed processes left; where a command begins."""
        self._observed.clear()
        for left in self.scratch.glob("*") if self.scratch.is_dir() else ():
            if self.clock.now_us() / 1e6 - left.lstat().st_mtime > LEFT_BEHIND_S:
                shutil.rmtree(left, ignore_errors=True)

    def close(self) -> None:
        """Remove the code laid out for children. Idempotent."""
        while self._laid_out:
            shutil.rmtree(self._laid_out.popitem()[1], ignore_errors=True)

    def _code(self, digest: Digest) -> Path:
        """Return a folder with the files of a code artifact, laid out once; children may only read it."""
        with self._laying:
            if digest not in self._laid_out:
                folder = self.folder()
                self.artifacts.checkout(digest, folder)
                self._laid_out[digest] = folder
            return self._laid_out[digest]

    def usable(self, hit: Hit) -> bool:
        """Return whether every output of a hit still has its bytes."""
        return all(self.artifacts.present(output.artifact) for output in hit.outputs.values())

    def code_artifact(self, root: Path, files: Sequence[str]) -> Digest:
        """Keep the source files of a step as an artifact and return its digest."""
        with self.blobs.adding():
            stored = [(name, self.blobs.put((root / name).read_bytes())) for name in files]
            kept = self.artifacts.keep(Kind.CODE, stored, {})
            self.remember([kept.artifact])
        self._code_parts[kept.artifact.digest] = kept.artifact.parts
        return kept.artifact.digest

    def holds_code(self, digest: Digest) -> bool:
        """Return whether a code artifact that was kept by this process is still in the store."""
        return all(self.blobs.has(part.blob) for part in self._code_parts[digest])

    def remember(self, artifacts: Sequence[Artifact]) -> None:
        """Record artifacts that were put a moment ago and belong to no run yet."""
        new = [artifact for artifact in artifacts if artifact.digest not in self._recorded]
        if new:
            self.blobs.flush()
            with self.catalog.begin() as tx:
                for artifact in new:
                    tx.artifacts.add(artifact, at_us=self.clock.now_us())
            self._recorded.update(artifact.digest for artifact in new)

    def carry_out(self, work: Work, *, on_line: Callable[[str], None] | None = None) -> Hit:
        """Carry out a run and record it; return it as a hit for the steps below.

        Raises:
            StepFailed: the function raised.
            LimitReached: it was stopped at a limit.
            Denied: as `started`.
        """
        work = self.started(work)
        folder = self.folder()
        try:
            _, end = self.perform(work, folder, on_line=on_line)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if end.state is not State.DONE:
            raise failure(work, end)
        return Hit(work.start.id, end.outputs, end.usage.wall_us)

    def folder(self) -> Path:
        """Make and return an empty folder for one run."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        made = self.scratch / token_hex(8)
        made.mkdir(mode=0o700)
        return made

    def check(self, context: Context, steps: Sequence[StepSpec]) -> None:
        """Refuse steps whose profile or secrets the caller may not use, before any of them runs.

        Raises:
            Denied: with the rule.
            NotFound: there is no such secret.
            Invalid: there is no such profile.
        """
        self.metering.check(context, steps)
        for step in steps:
            self.secrets.check(context, step, profile=step.profile or self.metering.profile)

    def started(self, work: Work) -> Work:
        """Record that a run started, set aside what it may cost, and return it with the limits that come with that.

        Raises:
            Denied: its profile is not for who starts it, or its budget has not so much left; only the refusal is recorded.
        """
        self._declare(work.environment)
        start = work.start
        with self.metering.refusals(start, work.step), self.catalog.begin() as tx:
            measured = self.metering.measure(tx, start, work.step)
            if measured.profile:
                start = replace(start, place={**start.place, "profile": measured.profile})
            self.secrets.give(tx, start, work.step.secrets.values(), profile=measured.profile)
            tx.recipes.add(work.recipe)
            tx.runs.start(start)
            facts = {"recipe": start.recipe, "run_key": start.run_key, "purpose": start.purpose, "why": start.why}
            tx.entries.append(Entry("run:start", start.id, start.by, start.at_us, facts))
            self.metering.reserve(tx, measured.reservation)
        within = measured.allotment.bounds
        step = replace(work.step, memory_bytes=within.memory_bytes, cpu_s=within.cpu_s, wall_s=within.wall_s)
        return replace(work, start=start, step=step, measured=measured)

    def _declare(self, environment: Declared) -> None:
        if environment.digest in self._recorded:
            return
        with self.blobs.adding():
            blob = self.blobs.put(canonical.dumps(environment.record))
            kept = self.artifacts.keep(Kind.ENVIRONMENT, [("environment.json", blob)], environment.facts)
            assert kept.artifact.digest == environment.digest
            self.remember([kept.artifact])

    def make(self, work: Work, folder: Path) -> Made:
        """Run the step in `folder` and store what it made, unrecorded: the next sweep may remove it."""
        result = self.run(work, folder)
        with self.blobs.adding():
            return self._stored(result)

    def perform(self, work: Work, folder: Path, *, on_line: Callable[[str], None] | None = None) -> tuple[Made, End]:
        """Run the step in `folder`, store what it made, and record how it ended."""
        with self.metering.going_on(work.measured):
            result = self.run(work, folder, on_line=on_line)
        with self.blobs.adding():
            made = self._stored(result)
            return made, self._ended(work, made)

    def run(self, work: Work, folder: Path, *, on_line: Callable[[str], None] | None = None) -> Result:
        """Run the step in `folder`; nothing is stored."""
        step = work.step
        task = Task(
            id=work.start.id,
            module=step.module,
            qualname=step.qualname,
            code=self._code(work.start.code),
            shown_as=work.shown_as,
            arguments=work.recipe.arguments,
            inputs={name: self._input(digest, folder / f"input-{name}") for name, digest in work.start.inputs.items()},
            outputs=step.outputs,
            conditions=step.conditions,
            modules=work.modules,
            limits=Limits(step.memory_bytes, step.cpu_s, step.wall_s),
            scratch=folder,
            network=step.network,
            secrets=self.secrets.values(step),
            isolation=work.measured.isolation if work.measured is not None else NONE,
        )
        return self.executor.run(task, on_line=on_line)

    def _stored(self, result: Result) -> Made:
        """Store what a step made; the catalog is not written."""
        outputs = {name: self._keep(given) for name, given in result.outputs.items()}
        metrics: dict[str, float] = {}
        for name, kept in outputs.items():
            if kept.artifact.kind is Kind.METRICS:
                metrics |= _numbers(self.artifacts_value(kept.artifact), f"{name}." if len(outputs) > 1 else "")
        log = self.artifacts.keep(Kind.LOG, [("log.txt", result.log)], {}).artifact
        return Made(result, outputs, metrics, log, self._seen(tuple(result.observed.get("libraries", ()))))

    def _seen(self, libraries: tuple[str, ...]) -> Artifact:
        """Return what is installed and loaded as an artifact; looked at once a command for each set of libraries."""
        with self._looking:
            if libraries not in self._observed:
                record = self.blobs.put(canonical.dumps(dict(self.environment.observed(libraries))))
                self._observed[libraries] = self.artifacts.keep(Kind.ENVIRONMENT, [("observed.json", record)], {}).artifact
            return self._observed[libraries]

    def artifacts_value(self, artifact: Artifact) -> Any:  # noqa: ANN401 - JSON
        """Return the value of a small record that may not be in the catalog yet."""
        return canonical.decode_value(canonical.loads(self.blobs.get(artifact.parts[0].blob)))

    def _input(self, digest: Digest, folder: Path) -> InputFiles:
        """Return an input with its verified files; a set of files is laid out in `folder`."""
        artifact = self.artifacts.get(digest)
        if artifact.kind is Kind.FILES:
            folder.mkdir(parents=True)
            self.artifacts.lay_out(digest, folder)
            return InputFiles(artifact.kind, digest, (("", folder),), artifact.facts)
        return InputFiles(artifact.kind, digest, tuple(self.artifacts.files(digest)), artifact.facts)

    def _keep(self, given: OutputFiles) -> Kept:
        parts = [(name, Digest.parse(place) if isinstance(place, str) else place) for name, place in given.parts]
        return self.artifacts.keep(given.kind, parts, given.facts)

    def _ended(self, work: Work, made: Made) -> End:
        """Record how a run ended, and every artifact it made."""
        result = made.result
        observed = {name: value for name, value in result.observed.items() if name != "libraries"}
        end = End(
            id=work.start.id,
            state=State(result.state),
            at_us=self.clock.now_us(),
            outputs={name: Output(kept.artifact.digest, kept.stored) for name, kept in made.outputs.items()},
            metrics=made.metrics,
            usage=result.usage,
            observed={**observed, "environment": made.environment.digest},
            guarded=result.guarded and not work.step.network,
            log=made.log.digest,
            error=self.metering.told(work.measured, result),
        )
        self.blobs.flush()
        with self.catalog.begin() as tx:
            end = _without_erased(tx, end)
            kept_outputs = made.outputs.values() if end.outputs else ()
            added = {kept.artifact.digest: kept.artifact for kept in kept_outputs}
            added |= {one.digest: one for one in (made.log, made.environment) if one.digest not in self._recorded}
            for artifact in added.values():
                record(tx.artifacts, self.blobs, artifact, at_us=end.at_us)
            tx.runs.end(end)
            outputs = {name: output.artifact for name, output in end.outputs.items()}
            facts = {"state": str(end.state), "outputs": outputs, "record": end_digest(end)}
            tx.entries.append(Entry("run:end", end.id, work.start.by, end.at_us, facts))
            self.metering.settle(tx, end, by=work.start.by)
        self._recorded.update(added)
        return end


def _without_erased(tx: Transaction, end: End) -> End:
    """Return the end of a run; as failed where it made again what an erasure put a successor in the place of."""
    for name, output in end.outputs.items():
        try:
            require_kept(tx, output.artifact)
        except ArtifactErased as error:
            told = {"what": f"output {name} was not kept", "why": error.why, "next_step": error.next_step}
            return replace(end, state=State.FAILED, outputs={}, metrics={}, error=told)
    return end


def _numbers(value: Any, prefix: str) -> dict[str, float]:  # noqa: ANN401 - JSON
    found: dict[str, float] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            found |= _numbers(item, f"{prefix}{name}.")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            found[prefix + name] = float(item)
    return found


def failure(work: Work, end: End) -> StepFailed | LimitReached:
    """Return the error of a run that did not end well."""
    kind = LimitReached if end.state is State.STOPPED else StepFailed
    return kind(
        end.error.get("what", f"step {work.step.name} failed"),
        why=end.error.get("why", "it did not say"),
        next_step=end.error.get("next_step") or f"see `remint runs show {end.id.short}`",
        run=end.id,
        step=work.step.name,
        traceback=end.error.get("traceback", ""),
    )
