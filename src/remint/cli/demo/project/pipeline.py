"""The pipelines of this project: which refs they read, which they make, and the steps between.

`remint plan` says what each would do now, `remint run NAME -p until=2013-08` does it. A month that was done before is not
done again. Each month of a table has a ref of its own beside the whole (`data/flights/2013-07` beside `data/flights`), so
that a new month changes nothing for what reads an older one, and a model's lineage names exactly the months it was trained
on.
"""

from typing import Any

from flights.evaluation import evaluate
from flights.features import month_features
from flights.ingest import combine, ingest_airports, ingest_flights, ingest_planes, ingest_weather
from flights.months import FIRST, months_between, shifted
from flights.training import train, train_baseline
from flights.watching import judge_weeks, learn_limits, write_report

from remint import Metrics, Model, Table, pipeline, ref

MEMORY_MONTHS = 12
"""A model is trained on at most this many months: the newest. Shorter memories were worse in May, June and July 2013."""


@pipeline("data/flights")
def flights_until(until: str = "2013-07") -> dict[str, Any]:
    """Take in the files of flights, month by month."""
    airports = ingest_airports(ref("data/landing/airports"))
    tables = {
        f"data/flights/{month}": ingest_flights(ref(f"data/landing/flights-{month}"), airports, month)
        for month in months_between(FIRST, until)
    }
    return {"data/flights": combine(list(tables.values())), **tables}


@pipeline("data/weather")
def weather_until(until: str = "2013-07") -> dict[str, Any]:
    """Take in the files of weather, month by month."""
    tables = {
        f"data/weather/{month}": ingest_weather(ref(f"data/landing/weather-{month}"), month)
        for month in months_between(FIRST, until)
    }
    return {"data/weather": combine(list(tables.values())), **tables}


@pipeline("data/planes")
def planes() -> Table:
    """Take in the file of aircraft."""
    return ingest_planes(ref("data/landing/planes"))


@pipeline("features/delay")
def features_until(until: str = "2013-07") -> dict[str, Any]:
    """Make the features of each month from its flights and those of the month before."""
    tables = {
        f"features/delay/{month}": month_features(
            ref(f"data/flights/{month}"),
            ref(f"data/flights/{shifted(month, -1)}") if month > FIRST else None,
            ref(f"data/weather/{month}"),
            ref("data/planes"),
        )
        for month in months_between(FIRST, until)
    }
    return {"features/delay": combine(list(tables.values())), **tables}


@pipeline("model/delay")
def delay(until: str = "2013-06", test: str = "2013-07", months: int = MEMORY_MONTHS, iterations: int = 80) -> tuple[Any, Any]:
    """Train on the months up to `until`, and judge on `test` against the baseline and against what is in production."""
    known = _memory(until, months)
    model = train(known, iterations)
    champion = ref("main:model/delay", optional=True)
    return model, evaluate(model, train_baseline(known), champion, ref(f"features/delay/{test}"))


@pipeline("monitor/delay")
def limits(first_test: str = "2013-04", until: str = "2013-07") -> Metrics:
    """Fix the limits of the alarms: each month from `first_test` on is scored by a model that saw only earlier ones."""
    models: list[Model] = [train(_memory(shifted(month, -1))) for month in months_between(first_test, until)]
    return learn_limits(models, [ref(f"features/delay/{month}") for month in months_between(FIRST, until)])


@pipeline("report/watch")
def watch() -> dict[str, Any]:
    """Say week by week how the predictions in the log went, and which alarms fire."""
    watched = judge_weeks(ref("log/delay"), ref("data/flights"), ref("monitor/delay"))
    return {"report/watch": write_report(watched), "evaluation/watch/delay": watched}


def _memory(until: str, months: int = MEMORY_MONTHS) -> list[Any]:
    """Return the features of the months a model is trained on: the newest of them is `until`."""
    first = max(FIRST, shifted(until, 1 - months))
    return [ref(f"features/delay/{month}") for month in months_between(first, until)]
