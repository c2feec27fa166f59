"""Usage logs in memory, for tests of what uses them; nothing survives the process."""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from remint.adapters.usage.records import prediction_in
from remint.adapters.usage.segments import row_of, write_segments
from remint.core.ids import PredictionId
from remint.core.prediction import Prediction
from remint.ports.usage import Batch, Piece, SegmentFile


class MemoryUsageWriter:
    """A list of batches (see ports.usage.UsageWriter)."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self._name: str | None = None
        self._lock = threading.Lock()

    def append(self, batch: Batch) -> None:
        """Keep a batch."""
        with self._lock:
            if self._name is None:
                self._name = f"{len(self._pieces):06d}-{id(self)}"
                self._pieces.append(Piece(self._name, complete=False, batches=()))
            self._replace(lambda piece: Piece(piece.name, complete=False, batches=(*piece.batches, batch)))

    def _replace(self, change: Callable[[Piece], Piece]) -> None:
        self._pieces[:] = [change(piece) if piece.name == self._name else piece for piece in self._pieces]

    def sync(self) -> None:
        """Do nothing: memory does not survive a loss of power."""

    def rotate(self) -> None:
        """Complete the current piece."""
        with self._lock:
            self._replace(lambda piece: Piece(piece.name, complete=True, batches=piece.batches))
            self._name = None

    def close(self) -> None:
        """Complete the current piece and end."""
        self.rotate()


class MemoryUsage:
    """Usage logs in memory (see ports.usage.UsageLogs).

    Args:
        folder: where segments are written.
        write: writes an Arrow table to a Parquet file.
    """

    def __init__(self, folder: Path, write: Callable[[pa.Table, Path], int]) -> None:
        self._folder = folder
        self._write_segment = write
        self._held: dict[str, list[Piece]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._written = 0

    def writer(self, deployment: str) -> MemoryUsageWriter:
        """Return a new writer."""
        return MemoryUsageWriter(self._held.setdefault(deployment, []))

    def deployments(self) -> list[str]:
        """Return the deployments that have pieces."""
        return sorted(name for name, pieces in self._held.items() if pieces)

    @contextlib.contextmanager
    def sealing(self, deployment: str) -> Iterator[None]:
        """Hold the right to seal."""
        with self._locks.setdefault(deployment, threading.Lock()):
            yield

    def pieces(self, deployment: str) -> list[Piece]:
        """Return all pieces, oldest first."""
        return list(self._held.get(deployment, []))

    def drop(self, deployment: str, names: Collection[str]) -> None:
        """Forget complete pieces."""
        pieces = self._held.get(deployment, [])
        pieces[:] = [piece for piece in pieces if piece.name not in names]

    def to_segments(self, deployment: str, batches: Sequence[Batch], *, without: Collection[str]) -> list[SegmentFile]:
        """Write predictions to Parquet files."""

        def name() -> Path:
            self._written += 1
            return self._folder / f"{deployment.replace('/', '~')}-{self._written}.parquet"

        return write_segments(batches, without=without, write=self._write_segment, name=name)

    def find(self, prediction_id: PredictionId) -> Prediction | None:
        """Return a prediction that is not sealed yet, or None."""
        for deployment, pieces in self._held.items():
            for piece in pieces:
                for batch in piece.batches:
                    found = prediction_in(batch, prediction_id, deployment=deployment)
                    if found is not None:
                        return found
        return None

    def row(self, deployment: str, files: Sequence[Path], prediction_id: PredictionId) -> Prediction | None:
        """Return a prediction from the files of a sealed segment."""
        return row_of(files, prediction_id, deployment=deployment)
