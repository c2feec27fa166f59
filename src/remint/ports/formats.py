"""Formats of models: from a fitted object to bytes that can be trusted, compared and loaded again."""

from typing import Any, Protocol

from remint.core.digest import Digest


class ModelFormat(Protocol):
    """A safe format for one family of models. Loading it runs no code that the bytes choose."""

    name: str

    def save(self, model: object) -> bytes:
        """Return the bytes of a fitted model.

        Raises:
            Invalid: the model is of a kind this format does not hold; the message names the type.
        """
        ...

    def load(self, content: bytes) -> Any:  # noqa: ANN401 - a model is whatever its library made
        """Return the model in `content`.

        Raises:
            Denied: a type inside is not on the platform's own list.
            Corrupt: the bytes are not this format.
        """
        ...

    def content_digest(self, content: bytes) -> Digest:
        """Return the digest of what the model is, without loading it: equal for equal models, whatever process wrote the bytes.

        Raises:
            Corrupt: the bytes are not this format.
        """
        ...

    def first_difference(self, left: bytes, right: bytes) -> str | None:
        """Return, in words, the first thing in which two models differ; None if their content is equal."""
        ...
