"""Plain JSON of nouns: one shape for the terminal and for HTTP."""

import dataclasses
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from remint.core.digest import Digest


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value made of nouns as plain JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {name: item for name, item in found.items() if not name.startswith("_")}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(to_json(item) for item in value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence):
        return [to_json(item) for item in value]
    return value if isinstance(value, int | float | None) else str(value)


def read_word(kind: type, value: object) -> Any:  # noqa: ANN401 - of that kind
    """Return a text of JSON as a text of a kind of its own: a digest, an id.

    Raises:
        TypeError: it is no text, or the kind is none.
        ValueError: it is no bytes in hexadecimal digits.
        InvalidDigest: it is no digest.
    """
    if kind is bytes and isinstance(value, str):
        return bytes.fromhex(value)
    if not issubclass(kind, str):
        raise TypeError(f"{kind} has no plain form")
    if not isinstance(value, str):
        raise TypeError(f"expected a text, and got {type(value).__name__}")
    return Digest.parse(value) if issubclass(kind, Digest) else kind(value)
