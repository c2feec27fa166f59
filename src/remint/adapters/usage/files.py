"""Usage logs in files: one append-only file a process, rotated by size.

A writer holds a lock on its file, so whoever reads it knows whether it may still grow. A file is made under a name that nobody
reads, locked, and then given its own name, which is the time and a random part, so names sort by time.
"""

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from remint.adapters.usage import frames, records
from remint.adapters.usage.segments import row_of, write_segments
from remint.core.digest import Digest
from remint.core.ids import PredictionId, made_at_us, uuid7
from remint.core.prediction import Prediction
from remint.errors import Unavailable
from remint.ports.clock import Clock
from remint.ports.usage import Batch, Piece, SegmentFile

PIECE_BYTES = 8 << 20
SLACK_US = 3_600_000_000
"""A prediction is written at most so long after the time in its id; far above any limit of a request."""


class FileUsageWriter:
    """One process's log of one deployment (see ports.usage.UsageWriter).

    Args:
        folder: of the deployment; made when something is written.
        clock: for the names of files.
        piece_bytes: size at which a file is completed.
    """

    def __init__(self, folder: Path, clock: Clock, *, piece_bytes: int = PIECE_BYTES) -> None:
        self._folder = folder
        self._clock = clock
        self._piece_bytes = piece_bytes
        self._lock = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self._check = frames.START
        self._models: dict[tuple[Digest, tuple[str, ...]], int] = {}

    def append(self, batch: Batch) -> None:
        """Write a batch."""
        with self._lock, _writing(self._folder):
            if self._file is not None and self._size >= self._piece_bytes:
                self._complete()
            if self._file is None:
                self._open()
            model = (batch.model, batch.features)
            payloads = [] if model in self._models else [records.encode_model(batch)]
            payloads.append(records.encode_batch(batch, model=self._models.get(model, len(self._models))))
            check, written = self._check, b""
            for payload in payloads:
                framed, check = frames.frame(check, payload)
                written += framed
            self._write(written)
            self._check = check
            self._models.setdefault(model, len(self._models))

    def _write(self, content: bytes) -> None:
        assert self._file is not None
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(content)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = uuid7(self._clock.now_us(), self._clock.entropy(8))
        fresh = self._folder / f"{name}.new"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            fresh.rename(self._folder / f"{name}.log")
            for folder in (self._folder, self._folder.parent, self._folder.parent.parent):
                _sync_folder(folder)
        except OSError:
            os.close(handle)
            raise
        self._file, self._size, self._check, self._models = handle, 0, frames.START, {}

    def sync(self) -> None:
        """Make everything appended so far survive a loss of power."""
        with self._lock:
            handle = None if self._file is None else os.dup(self._file)
        if handle is None:
            return
        try:
            with _writing(self._folder):
                os.fdatasync(handle)
        except Unavailable:
            # What a failed sync leaves in the page cache is unknown, so nothing more goes into this file.
            with self._lock:
                self._release()
            raise
        finally:
            os.close(handle)

    def rotate(self) -> None:
        """Complete the current piece."""
        with self._lock, _writing(self._folder):
            if self._file is not None:
                self._complete()

    def close(self) -> None:
        """Complete the current piece and end."""
        self.rotate()

    def _complete(self) -> None:
        assert self._file is not None
        os.fsync(self._file)
        self._release()

    def _release(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None


class FileUsage:
    """The usage logs of a project (see ports.usage.UsageLogs).

    Args:
        root: the folder with one folder a deployment.
        clock: for the names of files.
        write: writes an Arrow table to a Parquet file.
    """

    def __init__(self, root: Path, clock: Clock, write: Callable[[pa.Table, Path], int]) -> None:
        self._root = root
        self._clock = clock
        self._write_segment = write

    def writer(self, deployment: str) -> FileUsageWriter:
        """Return a new writer for this process."""
        return FileUsageWriter(self._folder(deployment), self._clock)

    def _folder(self, deployment: str) -> Path:
        # No name of a ref holds ~, so a deployment with / in its name keeps a folder of its own.
        return self._root / deployment.replace("/", "~")

    def deployments(self) -> list[str]:
        """Return the deployments that have pieces."""
        return sorted(folder.name.replace("~", "/") for folder in self._root.glob("*") if any(folder.glob("*.log")))

    @contextlib.contextmanager
    def sealing(self, deployment: str) -> Iterator[None]:
        """Hold the right to seal."""
        folder = self._folder(deployment)
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "sealing", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            for left in folder.glob("*.parquet"):
                left.unlink(missing_ok=True)
            yield
        finally:
            os.close(handle)

    def pieces(self, deployment: str) -> list[Piece]:
        """Return all pieces, oldest first."""
        return [found for path in sorted(self._folder(deployment).glob("*.log")) if (found := _piece(path)) is not None]

    def drop(self, deployment: str, names: Collection[str]) -> None:
        """Forget complete pieces."""
        folder = self._folder(deployment)
        for name in names:
            (folder / name).unlink(missing_ok=True)

    def to_segments(self, deployment: str, batches: Sequence[Batch], *, without: Collection[str]) -> list[SegmentFile]:
        """Write predictions to Parquet files."""
        folder = self._folder(deployment)

        def name() -> Path:
            return folder / f"{uuid7(self._clock.now_us(), self._clock.entropy(8))}.parquet"

        with _writing(folder):
            return write_segments(batches, without=without, write=self._write_segment, name=name)

    def find(self, prediction_id: PredictionId) -> Prediction | None:
        """Return a prediction that is not sealed yet, or None."""
        wanted = bytes.fromhex(prediction_id)
        until_us = made_at_us(prediction_id) + SLACK_US
        candidates = [path for path in sorted(self._root.glob("*/*.log"), reverse=True) if made_at_us(path.stem) <= until_us]
        for path in candidates:
            found = _find(path, prediction_id, wanted)
            if found is not None:
                return found
        for path in candidates:  # it is nowhere: make sure that no alteration hides it
            _piece(path)
        return None

    def row(self, deployment: str, files: Sequence[Path], prediction_id: PredictionId) -> Prediction | None:
        """Return a prediction from the files of a sealed segment."""
        return row_of(files, prediction_id, deployment=deployment)


def _piece(path: Path) -> Piece | None:
    """Return a file's batches; None if it was dropped meanwhile. A torn end is cut off once nobody writes the file."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        complete = _is_free(handle)
        content = memoryview(_content(handle))
        found, end = _records(content, path.name)
        if complete and end < len(content):
            os.ftruncate(handle, end)
            os.fsync(handle)
    finally:
        os.close(handle)
    return Piece(path.name, complete, records.batches_of(found))


def _records(content: memoryview, name: str) -> tuple[list[records.Record], int]:
    found: list[records.Record] = []
    end = 0
    for one in frames.frames_in(content, name):
        payload = frames.payload_of(content, one, name)
        if payload is None:
            break
        found.append(records.decode(payload))
        end = one.end
    return found, end


def _find(path: Path, prediction_id: PredictionId, wanted: bytes) -> Prediction | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # sealed meanwhile
        return None
    at = content.find(wanted)
    while at >= 0:
        found = _read_at(memoryview(content), path, prediction_id, at)
        if found is not None:
            return found
        at = content.find(wanted, at + 1)
    return None


def _read_at(content: memoryview, path: Path, prediction_id: PredictionId, at: int) -> Prediction | None:
    """Return a prediction whose id was seen at a place of a file, checking its frame and those of the models."""
    needed: list[records.Record] = []
    for one in frames.frames_in(content, path.name):
        holds = one.payload_start <= at < one.end
        if not (holds or records.is_model(content[one.payload_start : one.end])):
            continue
        payload = frames.payload_of(content, one, path.name)
        if payload is None:
            return None
        needed.append(records.decode(payload))
        if holds:
            break
    deployment = path.parent.name.replace("~", "/")
    for batch in records.batches_of(needed):
        found = records.prediction_in(batch, prediction_id, deployment=deployment)
        if found is not None:
            return found
    return None


def _content(handle: int) -> bytes:
    with os.fdopen(os.dup(handle), "rb") as file:
        return file.read()


def _is_free(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else str(error.strerror)
        raise Unavailable(
            f"the usage log in {folder.name}/ was not written",
            why=why,
            next_step="make room or mend the disk; the request may be sent again",
        ) from error
