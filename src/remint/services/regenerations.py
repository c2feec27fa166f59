"""Regeneration: an artifact is made again from its record and compared, top level first."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ids import RunId, uuid7
from remint.core.origin import PINNED, standing
from remint.core.pipeline import StepSpec
from remint.core.recipe import Recipe
from remint.core.regeneration import Compared, Regeneration, level_of, lowest
from remint.core.run import End, Output, Run, Start, State
from remint.core.tableversion import files_of
from remint.core.worktree import shown
from remint.errors import BlobMissing, Diverged, EnvironmentDiffers, Invalid, NotFound, RemintError
from remint.ports.capture import Code
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.formats import ModelFormat
from remint.ports.process import Processes
from remint.ports.tables import Tables
from remint.ports.usecases.artifacts import Artifacts, Kept
from remint.ports.usecases.context import Context
from remint.ports.usecases.regenerations import Regenerable
from remint.services.access import Access
from remint.services.artifacts import MODEL_FILES, PROBE_FILE
from remint.services.evidence import REPRODUCED, EvidenceService
from remint.services.execution import Execution, Work, failure
from remint.services.externals import external_words
from remint.services.lineage import ancestry
from remint.services.pins import newest_answer, pins_of
from remint.stats.compare import NumberComparison, compare_numbers

PREDICTION_TOLERANCE = 1e-9
METRIC_TOLERANCE = 0.01
WITHOUT_ROWS = "make a new version without the rows: `remint run`, then propose it"


@dataclass(frozen=True)
class RegenerationService:
    """See ports.usecases.regenerations.Regenerations.

    Attributes:
        root: the project's root, shown in tracebacks.
    """

    catalog: Catalog
    artifacts: Artifacts
    execution: Execution
    evidence_service: EvidenceService
    code: Code
    tables: Tables
    formats: Mapping[str, ModelFormat]
    processes: Processes
    clock: Clock
    root: Path
    access: Access

    # ---- is everything needed still here?

    def check(self, digest: Digest, *, deep: bool = True) -> Regenerable:
        """Return whether an artifact can be made again; runs nothing."""
        missing: list[str] = []
        with self.catalog.read() as tx:
            lineage = ancestry(tx, digest)
            own = lineage.nodes[digest].maker
            external = external_words(tx, digest) if own is None else ""
            erased = _erased(tx, lineage.nodes if deep or own is None else (digest, *own.inputs.values()), digest)
        if erased:
            return Regenerable(digest, erased, next_step=WITHOUT_ROWS)
        if own is None:
            why = external or "it was not made by a run: it came from outside"
            return Regenerable(digest, (why,), next_step="see `remint why` for where it came from", external=external)
        wanted = lineage.nodes.values() if deep else [lineage.nodes[digest]]
        needed: dict[Digest, str] = {}
        for node in wanted:
            if node.maker is None:
                needed[node.artifact] = f"source {self._named(node.artifact, node.refs)}"
                continue
            if not node.maker.guarded:
                missing.append(f"run {node.maker.run.short} ({node.maker.step}) was unguarded: what it read is not known")
            needed[node.maker.code] = f"the code of {node.maker.step}"
            needed |= {given: f"input {self._named(given, lineage.nodes[given].refs)}" for given in node.maker.inputs.values()}
        while_kept: list[str] = []
        for artifact, words in needed.items():
            pin = self._pinned(artifact)
            if pin is None:
                missing += self._gone(artifact, words)
            else:
                (while_kept if pin[0] else missing).append(f"{words}: {pin[1]}")
        missing += self._environment_gap(own.environment)
        return Regenerable(digest, tuple(dict.fromkeys(missing)), tuple(dict.fromkeys(while_kept)))

    def _pinned(self, digest: Digest) -> tuple[bool, str] | None:
        """Return whether what is needed of a pinned table can be had, and that in words; None if the store is what keeps it."""
        found = self.artifacts.get(digest)
        is_here = found.kind is not Kind.TABLE or self.artifacts.present(digest)
        if is_here and PINNED not in found.facts:
            return None
        with self.catalog.read() as tx:
            answer = newest_answer(tx, pins_of(tx, digest))
        if answer is None:
            return None
        kept, words = standing(*answer)
        return (True, f"only a copy is left, `remint hold` keeps it: {words}") if is_here and not kept else (kept, words)

    def _named(self, digest: Digest, refs: Sequence[str]) -> str:
        return f"{refs[-1]} ({digest.short})" if refs else digest.short

    def _gone(self, digest: Digest, words: str) -> list[str]:
        try:
            self.artifacts.verify(digest)
        except BlobMissing:
            return [f"{words} is gone from the store"]
        except RemintError as error:
            return [f"{words} is damaged: {error.what}"]
        return []

    def _environment_gap(self, recorded: Digest) -> list[str]:
        environment = self.execution.environment
        if environment.declared().digest != recorded:
            return [f"the environment {recorded.short} it was made in is not the one the lock here declares"]
        return [f"the installed environment differs from the lock: {words}" for words in environment.differences()[:3]]

    # ---- making it again

    def regenerate(
        self,
        context: Context,
        digest: Digest,
        *,
        required: str = "content",
        vary: Mapping[str, Any] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Regeneration:
        """Make an artifact again from its record and compare."""
        self.access.check(context, "model:regenerate", digest, workspace=context.workspace)
        original, recipe = self._record(digest)
        self._require_environment(recipe)
        work = self._work(context, original, recipe, vary or {})
        folder = self.execution.folder()
        try:
            work = self.execution.started(work)
            made, end = self.execution.perform(work, folder, on_line=on_line)
            if end.state is not State.DONE:
                raise failure(work, end)
            outputs = tuple(self._compared(name, output, made.outputs[name], original) for name, output in _outputs(original))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        result = self._result(digest, original, work.start.id, required, outputs, end)
        if result.guarded and not vary:
            self._attest(context, result)
        return result

    def _record(self, digest: Digest) -> tuple[Run, Recipe]:
        with self.catalog.read() as tx:
            makers = [run for run in tx.runs.makers(digest) if run.start.purpose == "run"]
            if not makers:
                raise NotFound(
                    f"{digest.short} cannot be regenerated",
                    why=external_words(tx, digest) or "no recorded run made it: it came from outside",
                    next_step="see `remint why` for where it came from",
                )
            erased = _erased(tx, (digest, *makers[0].start.inputs.values()), digest)
            if erased:
                raise Diverged(
                    f"{digest.short} is not regenerable",
                    why=erased[0],
                    next_step=WITHOUT_ROWS,
                )
            return makers[0], tx.recipes.get(makers[0].start.recipe)

    def _require_environment(self, recipe: Recipe) -> None:
        gap = self._environment_gap(recipe.environment)
        if gap:
            raise EnvironmentDiffers(
                "nothing was regenerated", why="; ".join(gap), next_step="install the lock of that time, then try again"
            )

    def _work(self, context: Context, original: Run, recipe: Recipe, vary: Mapping[str, Any]) -> Work:
        at_us = self.clock.now_us()
        start = Start(
            id=RunId(uuid7(at_us, self.clock.entropy(8))),
            recipe=original.start.recipe,
            run_key=original.start.run_key,
            inputs=original.start.inputs,
            workspace=context.workspace,
            by=context.principal,
            at_us=at_us,
            why=f"to regenerate run {original.id.short}",
            code=original.start.code,
            git=original.start.git,
            place=self.processes.here(),
            purpose="regenerate",
        )
        module, _, qualname = recipe.step.partition(":")
        unknown = sorted(set(vary) - set(recipe.conditions))
        if unknown:
            raise Invalid(
                f"condition {unknown[0]} cannot be varied",
                why=f"the step declares {', '.join(recipe.conditions)}",
                next_step="vary one of these",
            )
        conditions = {**recipe.conditions, **vary}
        if conditions.get("hash_seed") == "fresh":  # never the seed of the first run, also if this process made that
            conditions["hash_seed"] = "other"
        step = StepSpec(module, qualname, recipe.outputs, conditions, profile=original.start.place.get("profile", ""))
        declared = self.execution.environment.declared()
        return Work(start, recipe, step, tuple(original.start.place.get("modules", ())), self.root, declared)

    # ---- comparing

    def _compared(self, name: str, recorded: Output, again: Kept, original: Run) -> Compared:
        with self.catalog.read() as tx:
            before = tx.artifacts.get(recorded.artifact)
        same_bytes = recorded.stored == again.stored
        same_content = recorded.artifact == again.artifact.digest
        if same_content:
            level = level_of(same_bytes=same_bytes, same_content=True, same_predictions=True, same_metrics=True)
            words = "" if same_bytes else "only the file's bytes differ, not what they say"
            return Compared(name, before.kind, recorded.artifact, again.artifact.digest, level, words)
        probed = self._probed(before, again.artifact) if before.kind is Kind.MODEL else None
        predictions = probed is not None and probed.max_abs_error <= PREDICTION_TOLERANCE and not probed.missing_changed
        metrics = predictions or self._same_metrics(before, again.artifact, original)
        level = level_of(same_bytes=False, same_content=False, same_predictions=predictions, same_metrics=metrics)
        words = self._first_difference(before, again.artifact) + (_on_the_probe(probed) if probed is not None else "")
        return Compared(name, before.kind, recorded.artifact, again.artifact.digest, level, words)

    def _probed(self, before: Artifact, after: Artifact) -> NumberComparison | None:
        """Return how the scores of two models differ on the probe; None if they were not probed on the same rows."""
        old, new = self._probe(before), self._probe(after)
        scores = [np.array([row.pop("score") for row in rows], dtype=np.float64) for rows in (old, new)]
        if not old or repr(old) != repr(new):
            return None
        return compare_numbers(scores[0], scores[1], threshold=0.5)

    def _probe(self, model: Artifact) -> list[dict[str, float]]:
        places = {part.path: part.blob for part in model.parts}
        if PROBE_FILE not in places:
            return []
        return self.tables.rows([self.execution.blobs.path(places[PROBE_FILE])], limit=1000)

    def _same_metrics(self, before: Artifact, after: Artifact, original: Run) -> bool:
        if before.kind is Kind.METRICS:
            return _close(_flat(self.execution.artifacts_value(before)), _flat(self.execution.artifacts_value(after)))
        if before.kind is not Kind.MODEL:
            return False
        with self.catalog.read() as tx:
            readers = [
                run
                for run in tx.runs.readers(before.digest)
                if run.end and run.end.metrics and run.start.purpose == "run" and run.end.state is State.DONE
            ]
            recipe = tx.recipes.get(readers[0].start.recipe) if readers else None
        if recipe is None:
            return False
        measured = self._measured_again(readers[0], recipe, before, after, original)
        return _close(readers[0].end.metrics if readers[0].end else {}, measured)

    def _measured_again(
        self, reader: Run, recipe: Recipe, before: Artifact, after: Artifact, original: Run
    ) -> Mapping[str, float]:
        """Carry out an evaluation of the recorded model again, with the regenerated model in its place."""
        self.execution.remember(Context(original.start.by, original.start.workspace), [after])
        inputs = {name: after.digest if given == before.digest else given for name, given in reader.start.inputs.items()}
        context = Context(original.start.by, original.start.workspace)
        work = self._work(context, reader, recipe, {})
        work = replace(work, start=replace(work.start, inputs=inputs))
        folder = self.execution.folder()
        try:
            made = self.execution.make(work, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return made.metrics if made.result.state == "done" else {}

    def _first_difference(self, before: Artifact, after: Artifact) -> str:
        blobs = self.execution.blobs
        if before.kind is Kind.TABLE:
            left, right = ([blobs.path(part.blob) for part in files_of(table.parts)] for table in (before, after))
            words = self.tables.differences(left, right)
            return words[0] if words else ""
        if before.kind is Kind.MODEL:
            form = self.formats[before.facts["format"]]
            held = [{part.path: part.blob for part in model.parts}[MODEL_FILES[form.name]] for model in (before, after)]
            return form.first_difference(blobs.get(held[0]), blobs.get(held[1])) or "the probe or the features differ"
        if before.kind in {Kind.METRICS, Kind.VALUE}:
            return _first_value_difference(self.execution.artifacts_value(before), self.execution.artifacts_value(after))
        if before.kind is Kind.FILES:
            differing = self.artifacts.difference(before, after).first()
            return f"file {shown(differing)} differs" if differing else ""
        old = {part.path: part.blob for part in before.parts}
        new = {part.path: part.blob for part in after.parts}
        changed = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
        return f"file {changed[0]} differs" if changed else ""

    # ---- explaining and attesting

    def _result(
        self, digest: Digest, original: Run, run: RunId, required: str, outputs: tuple[Compared, ...], end: End
    ) -> Regeneration:
        level = lowest([output.level for output in outputs])
        notes = self._condition_notes(original, end)
        causes: list[str] = []
        if any(output.level not in {"bytes", "content"} for output in outputs):
            with self.catalog.read() as tx:
                recipe = tx.recipes.get(original.start.recipe)
            files = {name: place.read_bytes() for name, place in self.artifacts.files(original.start.code)}
            causes += self.code.suspects(files, seeded=recipe.conditions.get("seed") is not None)
            if recipe.conditions.get("seed") is None:
                causes.append("the step has no seed, so its random numbers were fresh each time")
            causes += [f"this time was different: {note}" for note in notes]
        if not end.guarded:
            notes.append("this run was unguarded, so it does not count: it may have read what is not declared")
        found = (tuple(causes), tuple(notes), end.guarded)
        return Regeneration(digest, run, original.id, level, required, outputs, *found)

    def _condition_notes(self, original: Run, end: End) -> list[str]:
        if original.end is None:
            return []
        then, now = original.end.observed, end.observed
        notes = [
            f"{name} was {then.get(name)}, now {now.get(name)}"
            for name in ("seed", "threads", "hash_seed", "isolation", "remint")
            if then.get(name) != now.get(name)
        ]
        if then.get("environment") != now.get("environment"):
            notes += self._environment_notes(Digest(str(then["environment"])), Digest(str(now["environment"])))
        return notes

    def _environment_notes(self, then: Digest, now: Digest) -> list[str]:
        before, after = self.artifacts.value(then), self.artifacts.value(now)
        return [f"{name} differs" for name in sorted({*before, *after}) if before.get(name) != after.get(name)]

    def _attest(self, context: Context, result: Regeneration) -> None:
        facts = {
            "level": result.level,
            "required": result.required,
            "run": result.run,
            "original": result.original,
            "by": context.principal,
            "outputs": {
                output.name: {"level": output.level, "difference": output.first_difference} for output in result.outputs
            },
        }
        with self.access.begin(context, "model:regenerate", result.subject) as tx:
            self.evidence_service.sign(tx, result.subject, REPRODUCED, facts)
            at_us = self.clock.now_us()
            facts = {"level": result.level, "run": result.run}
            tx.entries.append(Entry("model:regenerate", result.subject, context.principal, at_us, facts))

    def evidence(self, digest: Digest) -> Sequence[dict[str, str]]:
        """Return what is known of earlier regenerations, newest first."""
        with self.catalog.read() as tx:
            found = self.evidence_service.trusted(tx, digest, REPRODUCED)
        return [
            {"level": record.facts["level"], "at_us": str(record.at_us), "run": record.facts["run"], "by": record.facts["by"]}
            for record in found
        ]


def _erased(tx: Transaction, artifacts: Iterable[Digest], subject: Digest) -> tuple[str, ...]:
    """Return, in words, which of some artifacts behind one erasures took."""
    found = [one for one in map(tx.erasures.of, artifacts) if one is not None]
    return tuple(dict.fromkeys(one.words if one.artifact == subject else one.words_behind for one in found))


def _on_the_probe(probed: NumberComparison) -> str:
    changed = f"{probed.changed_decisions} of {probed.values} decisions change"
    return f"; on the probe scores differ by at most {probed.max_abs_error:.3g}, {changed}"


def _outputs(run: Run) -> list[tuple[str, Output]]:
    return list(run.end.outputs.items()) if run.end else []


def _flat(value: object, prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in pairs:
        if isinstance(item, dict | list):
            found |= _flat(item, f"{prefix}{name}.")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            found[f"{prefix}{name}"] = float(item)
    return found


def _close(left: Mapping[str, float], right: Mapping[str, float]) -> bool:
    """Return whether the figures at the top of two evaluations are close; what is nested explains them and is not judged."""
    names = [name for name in left if "." not in name]
    if not names or left.keys() != right.keys():
        return False
    return all(abs(left[name] - right[name]) <= METRIC_TOLERANCE * max(1.0, abs(left[name])) for name in names)


def _first_value_difference(left: object, right: object, where: str = "") -> str:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}, key=str):
            if left.get(name) != right.get(name):
                return _first_value_difference(left.get(name), right.get(name), f"{where}.{name}".lstrip("."))
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for place, (one, two) in enumerate(zip(left, right, strict=True)):
            if one != two:
                return _first_value_difference(one, two, f"{where}[{place}]")
    return f"{where or 'the value'}: {str(left)[:60]} → {str(right)[:60]}"
