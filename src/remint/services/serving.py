"""Serving: from a production ref to a model that may answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, digest_bytes
from remint.core.ids import ChangeId, RunId
from remint.core.ref import PRODUCTION, Move, Ref, RefName
from remint.errors import BlobAltered, Denied, Diverged, Invalid, RefNotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.formats import ModelFormat
from remint.ports.signing import Keys
from remint.ports.tables import Tables
from remint.ports.usecases.artifacts import Artifacts
from remint.services.approvals import require_merged
from remint.services.artifacts import MODEL_FILES, PROBE_FILE

SCORE = "score"
LABEL = "label"
PROBE_ROWS = 256


@dataclass(frozen=True)
class ServedModel:
    """See ports.usecases.serving.Served.

    Attributes:
        estimator: fitted, loaded by its safe format.
    """

    ref: Ref
    features: tuple[str, ...]
    run: RunId | None
    change: ChangeId
    probe_rows: int
    estimator: Any

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The datatype of each output."""
        return {SCORE: "FP64", LABEL: "INT64"} if self._classes is not None else {SCORE: "FP64"}

    @cached_property
    def _classes(self) -> NDArray[np.int64] | None:
        classes = getattr(self.estimator, "classes_", None)
        if not hasattr(self.estimator, "predict_proba") or classes is None or np.asarray(classes).dtype.kind not in "biu":
            return None
        return np.asarray(classes).astype(np.int64)

    def scores(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of the second class, or the prediction of a regressor."""
        if hasattr(self.estimator, "predict_proba"):
            given = self.estimator.predict_proba(rows)[:, 1]
        else:
            given = self.estimator.predict(rows)
        return np.ascontiguousarray(given, np.float64)

    def labels(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class that each score means; the first one at exactly a half, as `predict` does."""
        assert self._classes is not None
        labels: NDArray[np.int64] = self._classes[(scores > 0.5).astype(int)]
        return labels


@dataclass(frozen=True)
class ServingService:
    """See ports.usecases.serving.Serving.

    Attributes:
        required: approvals a change needs, by role.
        one_thread: holds the numeric libraries of the process to one thread for the calling thread.
    """

    catalog: Catalog
    artifacts: Artifacts
    tables: Tables
    formats: Mapping[str, ModelFormat]
    keys: Keys
    required: Mapping[str, int]
    one_thread: Callable[[], None]

    def refs(self) -> Sequence[Ref]:
        """Return where every production model points now."""
        with self.catalog.read() as tx:
            return tx.refs.seen_from(PRODUCTION, kind="model")

    def load(self, name: RefName) -> ServedModel:
        """Return the model of a production ref, verified."""
        with self.catalog.read() as tx:
            move = _last_move(tx, name)
            change = require_merged(tx, self.keys, move, required=self.required)
            artifact = tx.artifacts.get(move.new)
            makers = tx.runs.makers(move.new, limit=1)
        files = self._files(artifact)
        content = _read_verified(artifact, files, MODEL_FILES[str(artifact.facts["format"])])
        estimator = self.formats[str(artifact.facts["format"])].load(content)
        self.one_thread()
        served = ServedModel(
            ref=Ref(name, move.new, move.serial),
            features=tuple(artifact.facts["features"]),
            run=makers[0].id if makers else None,
            change=change.id,
            probe_rows=int(artifact.facts.get("probe_rows", 0)),
            estimator=estimator,
        )
        _require_servable(served)
        if PROBE_FILE in files:
            self._require_probe(served, files[PROBE_FILE])
        return served

    def _files(self, artifact: Artifact) -> dict[str, Path]:
        if artifact.kind is not Kind.MODEL:
            raise Invalid(
                f"{artifact.digest.short} is not served",
                why=f"it is external: {artifact.kind.noun}, not a model that was made here",
                next_step="name the models to serve, or point the ref at one",
            )
        return dict(self.artifacts.files(artifact.digest))

    def _require_probe(self, served: ServedModel, path: Path) -> None:
        """Refuse a model whose scores on its stored sample of inputs are not the stored ones, bit for bit."""
        stored = self.tables.rows([path], limit=PROBE_ROWS)
        inputs = np.array([[_number(row[name]) for name in served.features] for row in stored], np.float64)
        expected = np.array([_number(row[SCORE]) for row in stored], np.float64)
        made = served.scores(inputs.reshape(len(stored), len(served.features)))
        differ = np.flatnonzero(made.view(np.int64) != expected.view(np.int64))
        if differ.size:
            first = int(differ[0])
            here, there = float(made[first]), float(expected[first])
            raise Diverged(
                f"{served.ref.name} at {served.ref.artifact.short} is not served",
                why=f"on row {first + 1} of its own probe it says {here!r} here, and said {there!r} where it was made; "
                f"{differ.size} of {len(stored)} rows differ",
                next_step="serve it in the environment it was made in, or make it again here and propose that",
                rows=int(differ.size),
            )

    def verify(self, digest: Digest) -> None:
        """Look again whether the stored bytes of a model are what its digest names."""
        self.artifacts.files(digest)

    def calm(self) -> None:
        """Hold the libraries loaded so far to one compute thread."""
        self.one_thread()


def _last_move(tx: Transaction, name: RefName) -> Move:
    ref, moves = tx.refs.get(name), tx.refs.log(name, limit=1)
    if ref is None or not moves:
        raise RefNotFound(
            f"{name} is not served", why="it does not exist", next_step="see `remint models list`, or propose a model for it"
        )
    if (ref.artifact, ref.serial) != (moves[0].new, moves[0].serial):
        raise Denied(
            f"{name} is not served",
            why=f"rule recorded-moves: it points at {ref.artifact.short}, and its history ends at {moves[0].new.short}",
            next_step="the catalog was altered by hand; restore .remint/catalog.db from a backup",
            rule="recorded-moves",
        )
    return moves[0]


def _read_verified(artifact: Artifact, files: Mapping[str, Path], path: str) -> bytes:
    """Return the bytes that are used, hashed after they were read, so that nothing can change between the two."""
    content = files[path].read_bytes()
    blob = next(part.blob for part in artifact.parts if part.path == path)
    if digest_bytes(content) != blob:
        raise BlobAltered(
            f"{artifact.digest.short} was not loaded",
            why=f"{path} changed while it was read",
            next_step="find out what writes into .remint/store, and restore it from a backup",
            digest=blob,
        )
    return content


def _require_servable(served: ServedModel) -> None:
    classes = getattr(served.estimator, "classes_", None)
    binary = hasattr(served.estimator, "predict_proba") and classes is not None and len(classes) == 2
    if not binary and (classes is not None or not hasattr(served.estimator, "predict")):
        raise Invalid(
            f"{served.ref.name} is not served",
            why=f"a {type(served.estimator).__name__} has no single score: two classes with probabilities do, or a regression",
            next_step="serve a model of two classes, or a regressor",
        )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
