"""Batches of predictions to log."""

import numpy as np

from remint.core.digest import Digest, digest_bytes
from remint.core.prediction import Status, prediction_ids
from remint.ports.usage import Batch

MODEL = digest_bytes(b"a model")
START_US = 1_700_000_000_000_000


def batch(
    number: int,
    *,
    rows: int = 3,
    features: tuple[str, ...] = ("distance", "wind"),
    model: Digest = MODEL,
    key: str | None = None,
) -> Batch:
    """Return the batch of this number: later ones have later ids, and every value tells which row it is."""
    at_us = START_US + number * 1_000_000
    values = np.arange(rows * len(features), dtype=np.float64).reshape(rows, len(features)) + number * 1000
    values[0, 0] = np.nan
    return Batch(
        model=model,
        features=features,
        ids=prediction_ids(at_us, number.to_bytes(8, "little"), rows),
        at_us=[at_us] * rows,
        keys=[key] * rows,
        statuses=[Status.OK] * rows,
        scores=np.linspace(0, 1, rows),
        latencies_us=list(range(rows)),
        rows=values,
    )


def refused(number: int) -> Batch:
    """Return a batch whose one row the model refused."""
    made = batch(number, rows=1)
    return Batch(
        made.model, made.features, made.ids, made.at_us, made.keys, [Status.REFUSED], np.array([np.nan]), [5], made.rows
    )
