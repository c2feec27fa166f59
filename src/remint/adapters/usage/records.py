"""Batches as payloads of frames: a record for each model when a file first needs it, then one for each batch."""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec
import numpy as np

from remint.core.digest import Digest
from remint.core.ids import PredictionId
from remint.core.prediction import Prediction, Status
from remint.ports.usage import Batch

ID_BYTES = 16


class ModelRecord(msgspec.Struct, tag="model", array_like=True, frozen=True):
    """A model that the following batches may name by its place among the models of the file."""

    digest: str
    features: list[str]


class BatchRecord(msgspec.Struct, tag="batch", array_like=True, frozen=True):
    """A batch: arrays as little-endian bytes, row by row; `keys` and `statuses` are None where all are absent or ok."""

    model: int
    ids: bytes
    at_us: list[int]
    keys: list[str | None] | None
    statuses: list[str] | None
    scores: bytes
    latencies_us: list[int]
    rows: bytes


Record: TypeAlias = ModelRecord | BatchRecord
_encoder = msgspec.msgpack.Encoder()
_MODEL_START = _encoder.encode(ModelRecord("", []))[:7]
_decoder = msgspec.msgpack.Decoder(Record)


def encode_model(batch: Batch) -> bytes:
    """Return the payload that introduces a batch's model."""
    return _encoder.encode(ModelRecord(str(batch.model), list(batch.features)))


def encode_batch(batch: Batch, *, model: int) -> bytes:
    """Return the payload of a batch whose model has this place in the file."""
    statuses = [str(status) for status in batch.statuses] if any(status is not Status.OK for status in batch.statuses) else None
    keys = list(batch.keys) if any(key is not None for key in batch.keys) else None
    return _encoder.encode(
        BatchRecord(
            model,
            bytes.fromhex("".join(batch.ids)),
            list(batch.at_us),
            keys,
            statuses,
            np.ascontiguousarray(batch.scores, "<f8").tobytes(),
            list(batch.latencies_us),
            np.ascontiguousarray(batch.rows, "<f8").tobytes(),
        )
    )


def decode(payload: bytes | memoryview) -> Record:
    """Return the record in a payload whose check holds."""
    found: Record = _decoder.decode(payload)
    return found


def is_model(payload: memoryview) -> bool:
    """Return whether a payload introduces a model, by its first bytes."""
    return bytes(payload[: len(_MODEL_START)]) == _MODEL_START


def batches_of(records: Iterable[Record]) -> list[Batch]:
    """Return the batches among the records of one file, in order."""
    models: list[ModelRecord] = []
    batches: list[Batch] = []
    for record in records:
        if isinstance(record, ModelRecord):
            models.append(record)
        else:
            batches.append(_batch(record, models[record.model]))
    return batches


def _batch(record: BatchRecord, model: ModelRecord) -> Batch:
    count = len(record.at_us)
    digits = record.ids.hex()
    size = 2 * ID_BYTES
    return Batch(
        model=Digest(model.digest),
        features=tuple(model.features),
        ids=[PredictionId(digits[place * size : (place + 1) * size]) for place in range(count)],
        at_us=record.at_us,
        keys=record.keys or [None] * count,
        statuses=[Status(status) for status in record.statuses] if record.statuses else [Status.OK] * count,
        scores=np.frombuffer(record.scores, "<f8"),
        latencies_us=record.latencies_us,
        rows=np.frombuffer(record.rows, "<f8").reshape(count, len(model.features)),
    )


def prediction_in(batch: Batch, prediction_id: PredictionId, *, deployment: str) -> Prediction | None:
    """Return one prediction of a batch, or None."""
    if prediction_id not in batch.ids:
        return None
    place = batch.ids.index(prediction_id)
    values = batch.rows[place].tolist()
    score = float(batch.scores[place])
    return Prediction(
        id=prediction_id,
        at_us=batch.at_us[place],
        deployment=deployment,
        model=batch.model,
        key=batch.keys[place],
        status=batch.statuses[place],
        score=None if np.isnan(score) else score,
        latency_us=batch.latencies_us[place],
        features={name: None if np.isnan(value) else value for name, value in zip(batch.features, values, strict=True)},
    )
