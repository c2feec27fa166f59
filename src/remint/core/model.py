"""Models: what makes two of them the same model."""

from collections.abc import Sequence

from remint.core.artifact import Kind, record_digest
from remint.core.digest import Digest


def model_digest(*, format_name: str, content: Digest, features: Sequence[str], probe: Digest | None) -> Digest:
    """Return the digest of a model.

    Args:
        format_name: how `content` was made, for example `skops`.
        content: canonical digest of the fitted object.
        features: the inputs it expects, in order.
        probe: table digest of the frozen sample of inputs and its scores on it.
    """
    return record_digest(Kind.MODEL, {"format": format_name, "content": content, "features": list(features), "probe": probe})
