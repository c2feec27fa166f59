"""Tokens: opaque secrets that show who calls. What is stored of one is the digest of its secret, never the secret."""

from collections.abc import Collection
from dataclasses import dataclass

from remint.core.ids import PrincipalId

PREFIX = "rmt_"
"""What every secret begins with, so that scanners of leaked secrets know it."""

SECRET_BYTES = 32
DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class Token:
    """A token, as it is recorded.

    Attributes:
        number: counts from 1.
        owner: whom it acts as.
        about: what it is for.
        scopes: what it is limited to, from core.action.SCOPES.
        sandbox: a workspace it is bound to; None if it is not.
        at_us: when it was made.
        ends_us: when it ends.
        revoked_us: when it was revoked; None if it was not.
    """

    number: int
    owner: PrincipalId
    about: str
    scopes: frozenset[str]
    sandbox: str | None
    at_us: int
    ends_us: int
    revoked_us: int | None = None

    def is_alive(self, now_us: int) -> bool:
        """Return whether it still shows who calls."""
        return self.revoked_us is None and self.at_us <= now_us < self.ends_us


def exceeds(token: Token, scopes: Collection[str], sandbox: str | None) -> bool:
    """Return whether a token may do more than these limits allow.

    Example:
        >>> wide = Token(1, PrincipalId("ana"), "mine", frozenset({"read", "write"}), None, 0, 1)
        >>> exceeds(wide, {"read"}, None), exceeds(wide, {"read", "write", "own"}, None), exceeds(wide, {"read", "write"}, "x")
        (True, False, True)
    """
    return not token.scopes.issubset(scopes) or (sandbox is not None and token.sandbox != sandbox)
