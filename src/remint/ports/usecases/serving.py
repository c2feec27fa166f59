"""Use cases of serving: loading what was approved, sealing usage logs, and tracing predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from remint.core.digest import Digest
from remint.core.ids import ChangeId, PrincipalId, RunId
from remint.core.lineage import Lineage, LineageNode, Maker
from remint.core.prediction import Prediction
from remint.core.ref import Ref, RefName
from remint.ports.usecases.context import Context


class Served(Protocol):
    """A model that may answer: verified, approved and checked."""

    @property
    def ref(self) -> Ref:
        """Where the ref pointed when it was loaded; its artifact is the model's digest."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its inputs, in order."""
        ...

    @property
    def run(self) -> RunId | None:
        """The run that made it, if one did."""
        ...

    @property
    def change(self) -> ChangeId:
        """The change that put it in production."""
        ...

    @property
    def probe_rows(self) -> int:
        """How many rows it was checked on; 0 if it was stored without a probe."""
        ...

    @property
    def outputs(self) -> Mapping[str, str]:
        """The datatype of each output, by name: `score`, and `label` for a classifier with whole numbers as classes."""
        ...

    def scores(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of the second class for each row, or the prediction of a regressor; shape (rows,).

        Raises:
            Exception: whatever the estimator raises at values it does not take.
        """
        ...

    def labels(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class that each score means. Only for models with the output `label`."""
        ...


class Serving(Protocol):
    """Loading models that may answer."""

    def refs(self) -> Sequence[Ref]:
        """Return where every production model points now; cheap."""
        ...

    def load(self, name: RefName) -> Served:
        """Return the model of a production ref, verified.

        Every byte is hashed; the move that put it there was made by a merged change whose approvals are signed; its scores on
        its own stored probe come out bit for bit.

        Raises:
            RefNotFound: there is no such ref.
            Denied: no approved change put it there; the message names the rule.
            Corrupt: bytes are gone or altered.
            Diverged: it scores its probe differently here.
            Invalid: it is of a kind that is not served.
        """
        ...

    def verify(self, digest: Digest) -> None:
        """Look again whether the stored bytes of a model are what its digest names.

        Raises:
            Corrupt: they are not.
        """
        ...

    def calm(self) -> None:
        """Hold the libraries loaded so far to one compute thread for whatever the calling thread does."""
        ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing a usage log did: how many predictions went into which segments, and where the log's ref points."""

    deployment: str
    rows: int
    segments: tuple[Digest, ...]
    log: Digest | None


class Usage(Protocol):
    """Usage logs as data."""

    def deployments(self) -> Sequence[str]:
        """Return the deployments with predictions that are not sealed yet."""
        ...

    def seal(self, context: Context, deployment: str) -> Sealed:
        """Turn what was logged into a table segment and append it to `main:log/DEPLOYMENT`.

        Exactly once: a prediction is in one segment, also if this is killed anywhere and called again, and if two do it at
        once.

        Raises:
            Corrupt: bytes of the log were altered; nothing of it is sealed.
        """
        ...


@dataclass(frozen=True, slots=True)
class ApprovalSeen:
    """An approval as a trace shows it."""

    by: PrincipalId
    role: str
    at_us: int
    verified: bool


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """The change that put a model in production."""

    id: ChangeId
    title: str
    proposed_by: PrincipalId
    proposed_at_us: int
    approvals: tuple[ApprovalSeen, ...]
    merged_by: PrincipalId
    merged_at_us: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything behind one prediction.

    Attributes:
        segment: the sealed log it is in; None while it is in the live log only.
        version: the ref's version that answered, `main:model/NAME@N`.
        maker: the run that made the model, with code, environment and git; None if no run did.
        data: every table and set of files behind the model, with the refs that ever pointed at it.
        environment: facts of the environment's record, for example the versions in its lock.
        lineage: all of it.
    """

    prediction: Prediction
    segment: Digest | None
    version: str
    change: ChangeSeen
    maker: Maker | None
    data: tuple[LineageNode, ...]
    environment: Mapping[str, Any]
    lineage: Lineage


class Traces(Protocol):
    """Leading from a prediction to everything behind it."""

    def trace(self, prediction_id: str) -> Trace:
        """Return everything behind a prediction, verifying the log and the model on the way.

        Raises:
            InvalidName: it is not an id.
            NotFound: no log holds it.
            Corrupt: the log or the model was altered.
        """
        ...
