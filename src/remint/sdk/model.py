"""Models as steps see them: a fitted estimator, with the features it expects and a probe."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from remint.errors import Invalid
from remint.sdk.table import PROBE_ROWS, Probe, Table, last_probe

if TYPE_CHECKING:
    import numpy as np


class Model:
    """A fitted model.

    A step that is annotated `-> Model` may return the estimator alone: the features and the probe are then those of the last
    `Table.xy` in that step. Any attribute that is not here is the estimator's.

    Args:
        estimator: fitted; it has `predict`, and `predict_proba` if it is a classifier.
        features: names of its inputs, in order.
        probe: at most 256 rows of inputs, shape (rows, features), kept with the model to compare later versions by.
    """

    def __init__(
        self,
        estimator: Any,  # noqa: ANN401 - any estimator
        *,
        features: Sequence[str] | None = None,
        probe: "np.ndarray[Any, Any] | None" = None,
    ) -> None:
        seen = last_probe()
        if features is None and seen is None:
            raise Invalid(
                "the model has no feature names",
                why="no `Table.xy` was called in this step, so Remint cannot know what the model expects",
                next_step="return Model(estimator, features=[…], probe=X[:256])",
            )
        self.estimator = estimator
        self.features = list(features) if features is not None else list(seen.names if seen else [])
        rows = probe if probe is not None else (seen.rows if seen and features is None else None)
        self.probe = None if rows is None else Probe(self.features, rows[:PROBE_ROWS])

    def scores(self, table: Table) -> "np.ndarray[Any, Any]":
        """Return the probability of the second class for each row of `table`, shape (rows,); the prediction if it has none.

        Raises:
            Invalid: a feature is missing or not numeric.
        """
        return scores_of(self.estimator, table.matrix(self.features))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the estimator has
        if name.startswith("__") or name == "estimator":
            raise AttributeError(name)
        return getattr(self.estimator, name)


def scores_of(estimator: Any, x: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":  # noqa: ANN401 - any estimator
    """Return what an estimator says of each row of `x`: the probability of its second class, or its prediction."""
    if hasattr(estimator, "predict_proba"):
        given = estimator.predict_proba(x)
        return given[:, 1] if given.shape[1] == 2 else given  # type: ignore[no-any-return]
    return estimator.predict(x)  # type: ignore[no-any-return]
