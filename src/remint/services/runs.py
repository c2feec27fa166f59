"""Runs: looking at what was carried out."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.entry import Entry
from remint.core.ids import PrincipalId, RunId
from remint.core.recipe import Recipe, difference
from remint.core.run import End, Run, State, end_digest
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.process import Processes
from remint.ports.usecases.artifacts import Artifacts
from remint.services.metering import Metering

PLATFORM = PrincipalId("remint")


@dataclass(frozen=True)
class RunService:
    """See ports.usecases.runs.Runs."""

    catalog: Catalog
    artifacts: Artifacts
    clock: Clock
    processes: Processes
    metering: Metering

    def list(self, *, limit: int = 50, before: str | None = None, step: str | None = None) -> Sequence[tuple[Run, Recipe]]:
        """Return runs with their recipes, newest first."""
        with self.catalog.read() as tx:
            found = tx.runs.newest(limit=limit, before=RunId(before) if before else None, step=step)
            return [(run, tx.recipes.get(run.start.recipe)) for run in found]

    def show(self, text: str) -> tuple[Run, Recipe]:
        """Return the run that an id, or the start of one, means."""
        with self.catalog.read() as tx:
            run = tx.runs.get(tx.runs.find(text.replace("-", "").lower()))
            return run, tx.recipes.get(run.start.recipe)

    def log(self, text: str) -> str:
        """Return what a run printed."""
        run, _ = self.show(text)
        if run.end is None or run.end.log is None:
            return ""
        return self.artifacts.files(run.end.log)[0][1].read_text(errors="replace")

    def compare(self, left: str, right: str) -> Sequence[str]:
        """Return, in words, how two runs differ."""
        one, old = self.show(left)
        two, new = self.show(right)
        words = difference(old.bound(dict(one.start.inputs)), new.bound(dict(two.start.inputs)))
        if one.end is None or two.end is None:
            return words
        for name in sorted({*one.end.metrics, *two.end.metrics}):
            before, after = one.end.metrics.get(name), two.end.metrics.get(name)
            if before != after:
                words.append(f"metric {name}: {_number(before)} → {_number(after)}")
        for name in sorted({*one.end.outputs, *two.end.outputs}):
            before_out, after_out = one.end.outputs.get(name), two.end.outputs.get(name)
            if before_out and after_out and before_out.artifact != after_out.artifact:
                words.append(f"output {name}: {before_out.artifact.short} → {after_out.artifact.short}")
        return words

    def close_lost(self) -> int:
        """Record as lost every run whose process is gone."""
        with self.catalog.read() as tx:
            gone = [start for start in tx.runs.open() if not (start.is_told or self.processes.is_alive(start.place))]
        if not gone:
            return 0
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            for start in gone:
                why = {"what": "its process ended before it did", "why": "it was killed"}
                end = End(start.id, State.LOST, at_us, error=why)
                tx.runs.end(end)
                tx.entries.append(Entry("run:end", start.id, PLATFORM, at_us, {"state": "lost", "record": end_digest(end)}))
                self.metering.settle(tx, end, by=PLATFORM)
        return len(gone)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"
