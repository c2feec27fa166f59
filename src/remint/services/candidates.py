"""Candidates: what else was made by the same step since the champion, and how often its data was read before the choice."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from remint.core.artifact import Kind
from remint.core.change import Change, PlannedMove
from remint.core.digest import Digest
from remint.core.run import Run
from remint.ports.catalog import Transaction
from remint.ports.usecases.changes import Candidate

MOST_RUNS = 500
"""Runs of a step that are looked at, the newest first."""

MOST = 20
"""Candidates of one ref that are listed."""

MOST_METRICS = 3


def candidates_of(tx: Transaction, change: Change) -> Iterator[Candidate]:
    """Yield what may have been proposed instead of each move of a change, the proposed one too, newest first."""
    for move in change.moves:
        asked = {str(gate["metric"]) for gate in change.gates if gate["ref"] == move.ref.path and "metric" in gate}
        yield from islice(_candidates(tx, move, asked, before_us=change.at_us), MOST)


def _candidates(tx: Transaction, move: PlannedMove, asked: set[str], *, before_us: int) -> Iterator[Candidate]:
    makers = tx.runs.makers(move.new)
    if not makers:
        return
    champion = tx.runs.makers(move.old)[-1:] if move.old is not None else []
    since_us = champion[0].start.at_us if champion else -1
    name = next(name for name, made in _outputs(makers[-1]).items() if made == move.new)
    seen: set[Digest] = set()
    for run in tx.runs.newest(limit=MOST_RUNS, step=tx.recipes.get(makers[-1].start.recipe).step):
        made = _outputs(run).get(name)
        if made is None or made in seen or not since_us < run.start.at_us <= before_us or run.start.purpose != "run":
            continue
        seen.add(made)
        metrics, looks = _measured(tx, made, asked, before_us=before_us)
        yield Candidate(move.ref, made, run.id, run.start.by, run.start.at_us, metrics, looks, made == move.new)


def _outputs(run: Run) -> Mapping[str, Digest]:
    return {name: output.artifact for name, output in run.end.outputs.items()} if run.end else {}


def _measured(tx: Transaction, made: Digest, asked: set[str], *, before_us: int) -> tuple[Mapping[str, float], int]:
    """Return the numbers of the newest evaluation of an artifact, and how often the data it read had been read till then."""
    runs = [run for run in tx.runs.readers(made) if run.end and run.end.metrics and run.start.purpose == "run"]
    last = max((run for run in runs if run.start.at_us <= before_us), key=lambda run: run.start.at_us, default=None)
    if last is None or last.end is None:
        return {}, 0
    metrics = last.end.metrics
    chosen = {name: metrics[name] for name in sorted(asked & set(metrics))} or dict(_plainest(metrics))
    data = [one for one in last.start.inputs.values() if tx.artifacts.get(one).kind is not Kind.MODEL]
    return chosen, max((sum(_measured_by(run, before_us) for run in tx.runs.readers(one)) for one in data), default=0)


def _plainest(metrics: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    return sorted(metrics.items(), key=lambda item: (item[0].count("."), item[0]))[:MOST_METRICS]


def _measured_by(run: Run, at_us: int) -> bool:
    """Return whether a run that had started by a time measured something."""
    return run.start.at_us <= at_us and run.end is not None and bool(run.end.metrics)
