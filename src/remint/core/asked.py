"""Requests that are carried out once, however often they are sent: their keys, and what is known of them afterwards."""

import re
from dataclasses import dataclass
from typing import Final

from remint.errors import Invalid

KEPT_US: Final = 24 * 3600 * 1_000_000
"""So long a request is known by its key."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with a key.

    Attributes:
        key: of the caller's choice; it names the request among those of one principal.
        digest: of all that the request says.
        nonce: of this sending of it.
    """

    key: str
    digest: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Known:
    """A request that was carried out, at least in part.

    Attributes:
        answer: what was answered; None if that is not known, or was not to be kept.
    """

    digest: str
    nonce: str
    at_us: int
    answer: bytes | None


def require_key(key: str) -> str:
    """Return a key.

    Raises:
        Invalid: it is empty, long, or holds other characters than the visible ones of ASCII.
    """
    if not _KEY.fullmatch(key):
        raise Invalid(
            "the request was refused",
            why="an Idempotency-Key has 1 to 200 visible characters of ASCII",
            next_step="send a new UUID with each request, and the same one when you send it again",
            rule="idempotency-key",
        )
    return key
