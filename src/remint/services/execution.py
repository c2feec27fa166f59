"""Carrying out one step: from a started run to recorded outputs."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeAlias

from remint.core import canonical
from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import Digest
from remint.core.isolation import NONE
from remint.core.pipeline import StepSpec
from remint.core.price import amount_text
from remint.core.recipe import Recipe
from remint.core.run import End, Hit, Output, Start, State
from remint.errors import LimitReached, StepFailed
from remint.ports.blobs import Blobs
from remint.ports.capture import Declared, Environment
from remint.ports.clock import Clock
from remint.ports.compute import Executor, Given, InputFiles, Limits, OutputFiles, Result, Task
from remint.ports.usecases.artifacts import Artifacts, Kept
from remint.ports.usecases.context import Context
from remint.ports.usecases.recording import Measured, Recording
from remint.services.measures import metrics_of, value_of

Secrets: TypeAlias = Callable[[StepSpec], tuple[Given, ...]]
"""Returns what a step gets whose run was allowed to have it."""

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
        recording: where runs are recorded.
        scratch: folder for what children write, on the same disk as the store.
        secrets: gives a step the values of its secrets.
    """

    recording: Recording
    blobs: Blobs
    artifacts: Artifacts
    executor: Executor
    environment: Environment
    clock: Clock
    scratch: Path
    secrets: Secrets
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

    def usable(self, context: Context, hit: Hit) -> bool:
        """Return whether every output of a hit still has its bytes."""
        return all(self.recording.present(context, output.artifact) for output in hit.outputs.values())

    def code_artifact(self, context: Context, root: Path, files: Sequence[str]) -> Digest:
        """Keep the source files of a step as an artifact and return its digest."""
        with self.blobs.adding():
            stored = [(name, self.blobs.put((root / name).read_bytes())) for name in files]
            kept = self.artifacts.keep(Kind.CODE, stored, {})
            self.remember(context, [kept.artifact])
        self._code_parts[kept.artifact.digest] = kept.artifact.parts
        return kept.artifact.digest

    def holds_code(self, digest: Digest) -> bool:
        """Return whether a code artifact that was kept by this process is still in the store."""
        return all(self.blobs.has(part.blob) for part in self._code_parts[digest])

    def remember(self, context: Context, artifacts: Sequence[Artifact]) -> None:
        """Record artifacts that were put a moment ago and belong to no run yet."""
        new = [artifact for artifact in artifacts if artifact.digest not in self._recorded]
        if new:
            self.blobs.flush()
            self.recording.keep(context, new)
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

    def started(self, work: Work) -> Work:
        """Record that a run started, set aside what it may cost, and return it with the limits that come with that.

        Raises:
            Denied: its profile is not for who starts it, or its budget has not so much left; only the refusal is recorded.
        """
        context = _context(work)
        self._declare(context, work.environment)
        begun = self.recording.start(context, work.start, work.step, work.recipe)
        within = begun.measured.allotment.bounds
        step = replace(work.step, memory_bytes=within.memory_bytes, cpu_s=within.cpu_s, wall_s=within.wall_s)
        return replace(work, start=begun.start, step=step, measured=begun.measured)

    def _declare(self, context: Context, environment: Declared) -> None:
        if environment.digest in self._recorded:
            return
        with self.blobs.adding():
            blob = self.blobs.put(canonical.dumps(environment.record))
            kept = self.artifacts.keep(Kind.ENVIRONMENT, [("environment.json", blob)], environment.facts)
            assert kept.artifact.digest == environment.digest
            self.remember(context, [kept.artifact])

    def make(self, work: Work, folder: Path) -> Made:
        """Run the step in `folder` and store what it made, unrecorded: the next sweep may remove it."""
        result = self.run(work, folder)
        with self.blobs.adding():
            return self._stored(result)

    def perform(self, work: Work, folder: Path, *, on_line: Callable[[str], None] | None = None) -> tuple[Made, End]:
        """Run the step in `folder`, store what it made, and record how it ended."""
        with self._going_on(work):
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
            secrets=self.secrets(step),
            isolation=work.measured.isolation if work.measured is not None else NONE,
        )
        return self.executor.run(task, on_line=on_line)

    def _stored(self, result: Result) -> Made:
        """Store what a step made; the catalog is not written."""
        outputs = {name: self._keep(given) for name, given in result.outputs.items()}
        metrics = metrics_of({name: kept.artifact for name, kept in outputs.items()}, self.artifacts_value)
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
        return value_of(self.blobs, artifact)

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
            error=_told(work.measured, result),
        )
        outputs = {kept.artifact.digest: kept.artifact for kept in made.outputs.values()}
        besides = {one.digest: one for one in (made.log, made.environment) if one.digest not in self._recorded}
        self.blobs.flush()
        end = self.recording.end(_context(work), end, list((outputs | besides).values()))
        self._recorded.update({*(outputs if end.outputs else ()), *besides})
        return end

    @contextmanager
    def _going_on(self, work: Work) -> Iterator[None]:
        """Charge a run that is broken off inside the block: an interrupt, or a process that could not be started."""
        began_us, is_done = self.clock.now_us(), False
        try:
            yield
            is_done = True
        finally:
            is_charged = work.measured is not None and work.measured.reservation is not None
            if is_charged and not is_done:
                wall_us = self.clock.now_us() - began_us
                self.recording.break_off(_context(work), work.start.id, wall_us=wall_us, processors=os.cpu_count())


def _context(work: Work) -> Context:
    return Context(work.start.by, work.start.workspace)


def _told(measured: Measured | None, result: Result) -> Mapping[str, str]:
    """Return the error of a result; where the run was stopped at its reservation, the words say so."""
    own = measured.allotment.own if measured is not None else frozenset()
    if measured is None or measured.reservation is None or result.error.get("limit") not in own:
        return result.error
    held = measured.reservation
    return {
        **result.error,
        "what": f"step {held.step} was stopped at its budget",
        "why": f"{result.error['why']}: all of the {amount_text(held.amount, measured.currency)} that was reserved for it "
        f"in {held.budget}",
        "next_step": "run it again: twice as much is reserved then; or give it less to do",
        "limit": "budget",
    }


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
