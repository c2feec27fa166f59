"""scikit-learn models in skops, as the port of model formats has it (see ports.formats.ModelFormat).

numpy and skops load when a model is first touched.
"""

from typing import Any

from remint.core.digest import Digest


class SkopsFormat:
    """Safe to load: only types on the platform's own list are ever made."""

    name = "skops"

    def save(self, model: object) -> bytes:
        """Return the bytes of a fitted model."""
        from remint.adapters.formats import sklearn_skops

        return sklearn_skops.save(model)

    def load(self, content: bytes) -> Any:  # noqa: ANN401 - whatever estimator was saved
        """Return the model in `content`."""
        from remint.adapters.formats import sklearn_skops

        return sklearn_skops.load(content)

    def content_digest(self, content: bytes) -> Digest:
        """Return the digest of what the model is, without loading it."""
        from remint.adapters.formats import sklearn_skops

        return sklearn_skops.content_digest(content)

    def first_difference(self, left: bytes, right: bytes) -> str | None:
        """Return, in words, the first thing in which two models differ."""
        from remint.adapters.formats import sklearn_skops

        return sklearn_skops.differences(left, right)
