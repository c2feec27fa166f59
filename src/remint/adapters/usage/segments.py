"""Sealed predictions: batches as Arrow tables, and one prediction read back from Parquet files."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remint.core.digest import Digest
from remint.core.ids import PredictionId
from remint.core.prediction import COLUMNS, Prediction, Status, feature_columns
from remint.ports.usage import SEGMENT_ROWS, Batch, SegmentFile


def table_of(batches: Sequence[Batch], *, without: Collection[str]) -> pa.Table:
    """Return the predictions of batches with one list of features, in the order of their ids; missing values are nulls."""
    ids = [prediction_id for batch in batches for prediction_id in batch.ids]
    rows = np.concatenate([batch.rows for batch in batches])
    columns: dict[str, Any] = {
        "prediction_id": pa.array(ids, pa.string()),
        "at_us": pa.array([at_us for batch in batches for at_us in batch.at_us], pa.int64()),
        "model": pa.array([str(batch.model) for batch in batches for _ in batch.ids], pa.string()),
        "key": pa.array([key for batch in batches for key in batch.keys], pa.string()),
        "status": pa.array([str(status) for batch in batches for status in batch.statuses], pa.string()),
        "score": pa.array(np.concatenate([batch.scores for batch in batches]), pa.float64(), from_pandas=True),
        "latency_us": pa.array([latency for batch in batches for latency in batch.latencies_us], pa.int64()),
    }
    for place, name in enumerate(feature_columns(batches[0].features)):
        columns[name] = pa.array(np.ascontiguousarray(rows[:, place]), pa.float64(), from_pandas=True)
    made = pa.table(columns)
    if without:
        sealed = pc.is_in(made["prediction_id"], value_set=pa.array(sorted(without), pa.string()))
        made = made.filter(pc.invert(sealed))
    return made.sort_by("prediction_id")


def write_segments(
    batches: Sequence[Batch], *, without: Collection[str], write: Callable[[pa.Table, Path], int], name: Callable[[], Path]
) -> list[SegmentFile]:
    """Write the predictions of batches to files of at most SEGMENT_ROWS rows, each under a new name."""
    table = table_of(batches, without=without)
    made: list[SegmentFile] = []
    for start in range(0, table.num_rows, SEGMENT_ROWS):
        part, path = table.slice(start, SEGMENT_ROWS), name()
        write(part, path)
        ids = part["prediction_id"]
        made.append(SegmentFile(path, PredictionId(ids[0].as_py()), PredictionId(ids[-1].as_py()), part.num_rows))
    return made


def row_of(files: Sequence[Path], prediction_id: PredictionId, *, deployment: str) -> Prediction | None:
    """Return one prediction of sealed files, or None."""
    for path in files:
        file = pq.ParquetFile(path, memory_map=True)
        for group in range(file.metadata.num_row_groups):
            ids = file.read_row_group(group, columns=["prediction_id"])["prediction_id"]
            place = pc.index(ids, pa.scalar(prediction_id, ids.type)).as_py()
            if place >= 0:
                return _prediction(file.read_row_group(group).slice(place, 1).to_pylist()[0], deployment)
    return None


def _prediction(row: dict[str, Any], deployment: str) -> Prediction:
    names = {column: column for column in row if column not in COLUMNS}
    return Prediction(
        id=PredictionId(row["prediction_id"]),
        at_us=row["at_us"],
        deployment=deployment,
        model=Digest(row["model"]),
        key=row["key"],
        status=Status(row["status"]),
        score=row["score"],
        latency_us=row["latency_us"],
        features={name: row[name] for name in names},
    )
