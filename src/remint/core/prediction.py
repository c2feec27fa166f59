"""Predictions: what is recorded of each, and how it lies in a usage log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from remint.core.digest import Digest
from remint.core.ids import PredictionId, uuid7
from remint.core.ref import PRODUCTION, RefName, parse_ref
from remint.errors import Denied

COLUMNS = ("prediction_id", "at_us", "model", "key", "status", "score", "latency_us")
"""The columns of every usage log, before those of the features."""


class Status(StrEnum):
    """How a request for a prediction ended: `refused` if the model itself did not take the values."""

    OK = "ok"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answered row.

    Attributes:
        id: UUIDv7; its time is `at_us`.
        at_us: when the request had arrived, UTC.
        deployment: the name of the model's ref, without its kind.
        model: the digest of the model that answered.
        key: what the client says the row is about, for joining a label later.
        score: the answer; None if refused.
        latency_us: from the arrival of the whole request to the answer of the model, waiting included.
        features: what the model saw, in its order; None for a missing value.
    """

    id: PredictionId
    at_us: int
    deployment: str
    model: Digest
    key: str | None
    status: Status
    score: float | None
    latency_us: int
    features: Mapping[str, float | None]


def prediction_ids(at_us: int, entropy: bytes, count: int) -> list[PredictionId]:
    """Return the ids of the rows of one request, rising in their order.

    Args:
        at_us: when the request had arrived, UTC.
        entropy: 8 random bytes.
        count: of rows.

    Source:
        RFC 9562, section 6.2, method 2: one random start, counted up; its highest bit is cleared so that it cannot run over.

    Example:
        >>> prediction_ids(1_700_000_000_000_000, bytes(8), 2)
        ['018bcfe5680070008000000000000000', '018bcfe5680070008000000000000001']
    """
    start = bytes([entropy[0] & 0x1F]) + entropy[1:8]
    first = int(uuid7(at_us, start), 16)
    return [PredictionId(f"{first + place:032x}") for place in range(count)]


def feature_columns(features: Sequence[str]) -> list[str]:
    """Return the column of each feature in a usage log: its own name, unless that is taken.

    Example:
        >>> feature_columns(["distance", "score", "score_"])
        ['distance', 'score__', 'score_']
    """
    taken = {*COLUMNS, *(name for name in features if name not in COLUMNS)}
    names: list[str] = []
    for name in features:
        chosen = name
        while chosen in COLUMNS or (chosen != name and chosen in taken):
            chosen += "_"
        taken.add(chosen)
        names.append(chosen)
    return names


def model_ref(text: str) -> RefName:
    """Return the production ref that a name of a served model means.

    Raises:
        Denied: it is in another workspace, or no model; only what was approved for production is served.
        InvalidName: it is outside the grammar.

    Example:
        >>> str(model_ref("delay")), str(model_ref("main:model/delay"))
        ('main:model/delay', 'main:model/delay')
    """
    path = text if text.partition(":")[2] or text.startswith("model/") else f"model/{text}"
    name, selector = parse_ref(path)
    if name.workspace != PRODUCTION or name.kind != "model" or selector is not None:
        raise Denied(
            f"{text} is not served",
            why="rule production-only: only the version that main:model/NAME points at is served",
            next_step="propose it, have it approved, and merge the change",
            rule="production-only",
        )
    return name


def log_ref(deployment: str) -> RefName:
    """Return the ref of a deployment's usage log.

    Example:
        >>> str(log_ref("delay"))
        'main:log/delay'
    """
    return RefName(PRODUCTION, "log", deployment)
