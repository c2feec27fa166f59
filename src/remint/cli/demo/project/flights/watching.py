"""Is the model in production still right? Week by week, against limits that were fixed before it went there.

Three measures are watched, each as a number that is 0 when nothing changed:

* calibration: the logarithm of the lateness the model claimed over the lateness that happened, once labels are in;
* scores: the population stability index of the scores against those of the months the limits come from;
* labels: the logarithm of the share of late flights over the share in those months.

Logarithms of ratios, because the share of late flights was between a seventh and almost a half in the weeks of that spring:
a miss of five points is a third of one and a tenth of the other. Raw features are not watched: the temperature changes
every month, and loudest in the months the model is best.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remint import Metrics, Model, Report, Table, step
from remint.stats.bands import NullBand, alarm, leave_one_out, null_band
from remint.stats.bins import histogram, quantile_edges
from remint.stats.drift import population_stability
from remint.stats.probability import brier
from remint.stats.ranking import auc

LEVEL = 0.95
"""Wanted chance that a week without drift stays inside its limits."""

MINIMUM = {"calibration": 0.10, "scores": 0.10, "labels": 0.25}
"""The smallest change anyone would act on: a tenth too much, a moderate index, a quarter more late flights."""

OUTSIDE, OF_WEEKS = 2, 3
"""An alarm fires when two of three weeks in a row lie outside on the same side.

One week of bad weather is no drift.

Source: Western Electric, Statistical Quality Control Handbook (1956), the second zone test.
"""

BINS = 10
WEEK_DAYS = 7


@dataclass(frozen=True)
class Week:
    """The predictions of one week, Monday to Sunday in New York.

    Attributes:
        start: its Monday, for example `2013-09-02`.
        complete: whether there are flights of all seven days; other weeks are shown and not judged.
        scores: of all flights, shape (flights,); empty where only labels are known.
        claimed: scores of those that arrived, shape (arrived,).
        late: whether they were late, same shape.
    """

    start: str
    complete: bool
    scores: NDArray[np.float64]
    claimed: NDArray[np.float64]
    late: NDArray[np.bool_]

    def calibration(self) -> float:
        """Return the logarithm of claimed over happened; half a flight is added to both, so that none is no infinity."""
        return float(np.log((self.claimed.sum() + 0.5) / (int(self.late.sum()) + 0.5)))

    def labels(self, rate: float) -> float:
        """Return the logarithm of the share of late flights over `rate`, with half a flight added as above."""
        return float(np.log((int(self.late.sum()) + 0.5) / (rate * len(self.late) + 0.5)))


def weeks_of(scored: Table) -> list[Week]:
    """Return the weeks of a table with the columns date, score and late, in order."""
    ordered = scored.sql(
        "select date_trunc('week', date)::date as week, date, score, late from this order by date, score, late"
    )
    starts, dates = (ordered.arrow()[name].to_numpy() for name in ("week", "date"))
    scores, late = ordered.matrix(["score", "late"]).T
    found = []
    for start in np.unique(starts):
        rows = starts == start
        arrived = rows & ~np.isnan(late)
        complete = len(np.unique(dates[rows])) == WEEK_DAYS
        found.append(Week(str(start), complete, scores[rows], scores[arrived], late[arrived] == 1))
    return found


@step(exact="metrics")
def learn_limits(models: list[Model], months: list[Table]) -> Metrics:
    """Return the limits of every measure, from weeks that are known to be fine.

    Args:
        models: each trained on the months before the one it is to score here; they belong to the last months of the list.
        months: features of each month, in order.

    Returns:
        For each measure `low`, `high` (where it has one), `minimum` and how it was found; the bins and counts of the
        scores; the share of late flights; and the weeks themselves.
    """
    tested = months[len(months) - len(models) :]
    scored = [week for week in weeks_of(_scored(models, tested)) if week.complete]
    weeks = weeks_of(_unscored(months))
    labelled = [week for week in weeks if week.complete]
    rate = float(np.concatenate([week.late for week in weeks]).mean())
    edges = quantile_edges(np.concatenate([week.scores for week in scored]), BINS)
    counts = np.array([histogram(week.scores, edges).all_present for week in scored])
    past = {
        "calibration": [week.calibration() for week in scored],
        "scores": leave_one_out(counts, population_stability).tolist(),
        "labels": [week.labels(rate) for week in labelled],
    }
    limits = {name: _limits(name, values) for name, values in past.items()}
    limits["scores"] |= {"edges": edges.tolist(), "counts": counts.sum(axis=0).tolist()}
    limits["labels"] |= {"rate": rate}
    shown = zip([week.start for week in scored], past["calibration"], past["scores"], strict=True)
    return Metrics(limits, weeks=[{"week": start, "calibration": ratio, "scores": index} for start, ratio, index in shown])


def _limits(name: str, past: Sequence[float]) -> dict[str, Any]:
    band = null_band(past, LEVEL, sides="upper" if name == "scores" else "both")
    found = asdict(band) | {"minimum": MINIMUM[name]}
    return {part: value for part, value in found.items() if value != -np.inf}


def _scored(models: Sequence[Model], months: Sequence[Table]) -> Table:
    import pyarrow as pa

    parts = [
        month.select(["date", "late"]).arrow().append_column("score", pa.array(model.scores(month)))
        for model, month in zip(models, months, strict=True)
    ]
    return Table(pa.concat_tables(parts))


def _unscored(months: Sequence[Table]) -> Table:
    import pyarrow as pa

    whole = pa.concat_tables([month.select(["date", "late"]).arrow() for month in months])
    return Table(whole.append_column("score", pa.nulls(len(whole), "float64")))


@step(exact="metrics")
def judge_weeks(log: Table, flights: Table, limits: Metrics) -> Metrics:
    """Return how each week of predictions went, and which alarms fire.

    Args:
        log: predictions as `remint serve` logs them, one row each: `key` is the flight's, `model` the digest of the model.
        flights: from `ingest_flights`: the labels that have come in. A prediction whose flight is not among them yet, or
            never landed, counts for the scores alone.
        limits: from `learn_limits`.

    Returns:
        `weeks`, a record each; `alarms`, those that fired, in order, each with its reason; `firing`, the names of the
        measures whose alarm fires in the newest complete week; `model`, the digest of the model that answered last.
    """
    joined = log.sql(
        "select key[:10]::date as date, score, late from this left join flights on this.key = flights.flight_key",
        flights=flights,
    )
    weeks = weeks_of(joined)
    measured = [_measured(week, limits) for week in weeks]
    complete = [week for week in measured if week["complete"]]
    alarms = [found for place in range(len(complete)) for found in _alarms(complete[: place + 1], limits)]
    newest = complete[-1]["week"] if complete else None
    firing = sorted(found["measure"] for found in alarms if found["week"] == newest)
    landed = sum(week["landed"] for week in measured)
    model = log.sql("select model from this order by prediction_id desc limit 1").column("model")[0]
    return Metrics(weeks=measured, alarms=alarms, firing=firing, model=model, predictions=len(joined), landed=landed)


def _measured(week: Week, limits: Metrics) -> dict[str, Any]:
    counts = histogram(week.scores, limits["scores"]["edges"]).all_present
    values: dict[str, float] = {"scores": population_stability(np.array(limits["scores"]["counts"]), counts)}
    if len(week.late):
        values |= {"calibration": week.calibration(), "labels": week.labels(limits["labels"]["rate"])}
    sides = {name: _side(values[name], limits[name]) if name in values and week.complete else 0 for name in MINIMUM}
    both = 0 < week.late.sum() < len(week.late)
    return {
        "week": week.start,
        "complete": week.complete,
        "predictions": len(week.scores),
        "landed": len(week.late),
        "claimed": float(week.claimed.mean()) if len(week.late) else None,
        "happened": float(week.late.mean()) if len(week.late) else None,
        "auc": auc(week.late, week.claimed) if both else None,
        "brier": brier(week.late, week.claimed) if len(week.late) else None,
        **{name: values.get(name) for name in MINIMUM},
        "outside": sides,
    }


def _side(value: float, limits: dict[str, Any]) -> int:
    """Return 1 if a value lies above its limits and matters, -1 if below, 0 if not outside."""
    low = limits.get("low", -np.inf)
    band = NullBand(low, limits["high"], limits["centre"], limits["windows"], limits["level"], limits["rule"])
    if not alarm(value, band, limits["minimum"]):
        return 0
    return 1 if value > limits["high"] else -1


def _alarms(weeks: Sequence[dict[str, Any]], limits: Metrics) -> Iterator[dict[str, Any]]:
    """Yield the alarms that fire in the last of these weeks: it is outside, and so was one of the two before it."""
    last = weeks[-1]
    for name in MINIMUM:
        side = last["outside"][name]
        outside = [week["week"] for week in weeks[-OF_WEEKS:] if side and week["outside"][name] == side]
        if len(outside) >= OUTSIDE:
            limit = limits[name]["high" if side > 0 else "low"]
            reason = _reason(name, last, limit, outside)
            yield {"week": last["week"], "measure": name, "value": last[name], "limit": limit, "reason": reason}


def _reason(name: str, week: dict[str, Any], limit: float, outside: Sequence[str]) -> str:
    shown = limit if name == "scores" else np.exp(limit)
    since = f"limit {shown:.2f}; outside in the weeks of {' and '.join(outside)}"
    if name == "scores":
        return f"the scores moved: stability index {week['scores']:.2f}, {since}"
    if name == "calibration":
        return (
            f"the model claimed {week['claimed']:.1%} late, {week['happened']:.1%} were: "
            f"{np.exp(week['calibration']):.2f} times as many, {since}"
        )
    times = f"{np.exp(week['labels']):.2f} times as many as in the months of the limits"
    return f"{week['happened']:.1%} were late, {times}, {since}"


@step(exact="bytes")
def write_report(watched: Metrics) -> Report:
    """Return what `judge_weeks` found, for people to read."""
    lines = ["# The delay model in production", "", _summary(watched), ""]
    lines += ["| week of | flights | landed | claimed late | were late | AUC | calibration | scores | labels |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    lines += [_row(week) for week in watched["weeks"]]
    lines += ["", "A number in bold lies outside its limits. Weeks with a star are not complete, and not judged.", ""]
    if watched["alarms"]:
        lines += ["## Alarms", ""]
        lines += [f"- {found['week']}, {found['measure']}: {found['reason']}" for found in watched["alarms"]]
    return Report("\n".join(lines) + "\n")


def _summary(watched: Metrics) -> str:
    if watched["firing"]:
        return f"Alarms fire now: {', '.join(watched['firing'])}."
    return "No alarm fires in the newest complete week."


def _row(week: dict[str, Any]) -> str:
    def number(name: str, form: str) -> str:
        text = "" if week[name] is None else format(week[name], form)
        return f"**{text}**" if week["outside"].get(name) else text

    shares = [number("claimed", ".1%"), number("happened", ".1%"), number("auc", ".3f")]
    measures = [number("calibration", "+.2f"), number("scores", ".2f"), number("labels", "+.2f")]
    start = week["week"] if week["complete"] else f"{week['week']} *"
    return f"| {start} | {week['predictions']} | {week['landed']} | {' | '.join(shares + measures)} |"
