"""Usage logs: what was predicted, kept before the answer leaves."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from remint.core.digest import Digest
from remint.core.ids import PredictionId
from remint.core.prediction import Prediction, Status

SEGMENT_ROWS = 16_384
"""Rows of a sealed segment at most, so that finding one prediction reads little."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Predictions that one model made together; all sequences have one item a row.

    Attributes:
        model: the model's digest.
        features: its inputs, in order.
        at_us: when each request had arrived, UTC.
        scores: float64, shape (rows,); NaN where refused.
        rows: the inputs, float64, shape (rows, features), NaN for missing.
    """

    model: Digest
    features: tuple[str, ...]
    ids: Sequence[PredictionId]
    at_us: Sequence[int]
    keys: Sequence[str | None]
    statuses: Sequence[Status]
    scores: NDArray[np.float64]
    latencies_us: Sequence[int]
    rows: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a log as it was found.

    Attributes:
        name: unique in its deployment.
        complete: whether nobody writes it any more; known before it was read.
    """

    name: str
    complete: bool
    batches: Sequence[Batch]


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """Predictions in a Parquet file, in the order of their ids."""

    path: Path
    first_id: PredictionId
    last_id: PredictionId
    rows: int


class UsageWriter(Protocol):
    """The log of one deployment, written by one process. Safe from several threads."""

    def append(self, batch: Batch) -> None:
        """Write a batch; when it returns, the batch survives the death of this process.

        Atomic: after a crash half way a reader finds all of the batch or nothing of it. Not idempotent: call it once a batch.

        Raises:
            Unavailable: the disk is full or failed; nothing of the batch is in the log, and later batches may be written.
        """
        ...

    def sync(self) -> None:
        """Make everything appended so far survive a loss of power.

        One call covers every append that returned before it. Idempotent.

        Raises:
            Unavailable: the disk failed; nothing appended since the last sync may be called durable.
        """
        ...

    def rotate(self) -> None:
        """Complete the current piece, durably; the next append starts another. Idempotent."""
        ...

    def close(self) -> None:
        """Complete the current piece and end. Idempotent."""
        ...


class UsageLogs(Protocol):
    """The usage logs of a project, by deployment."""

    def writer(self, deployment: str) -> UsageWriter:
        """Return a new writer for this process; nothing is written yet."""
        ...

    def deployments(self) -> list[str]:
        """Return the deployments that have pieces, sorted."""
        ...

    def sealing(self, deployment: str) -> AbstractContextManager[None]:
        """Hold the right to seal a deployment's log; others wait for it. Released by the death of the process."""
        ...

    def pieces(self, deployment: str) -> list[Piece]:
        """Return all pieces with every batch that was completely appended, oldest first.

        May be called while others write. What a crash cut short at the end of a piece is left out.

        Raises:
            Corrupt: bytes of a piece were altered (permanent).
        """
        ...

    def drop(self, deployment: str, names: Collection[str]) -> None:
        """Forget complete pieces whose predictions are sealed. Idempotent."""
        ...

    def to_segments(self, deployment: str, batches: Sequence[Batch], *, without: Collection[str]) -> list[SegmentFile]:
        """Write the predictions of batches with one list of features to Parquet files of at most SEGMENT_ROWS rows.

        Args:
            deployment: where the files go; the caller moves or removes them.
            batches: what to write.
            without: ids to leave out.
        """
        ...

    def find(self, prediction_id: PredictionId) -> Prediction | None:
        """Return a prediction that is not sealed yet, or None.

        Raises:
            Corrupt: bytes of a piece that could hold it were altered.
        """
        ...

    def row(self, deployment: str, files: Sequence[Path], prediction_id: PredictionId) -> Prediction | None:
        """Return a prediction from the files of a sealed segment, or None."""
        ...
