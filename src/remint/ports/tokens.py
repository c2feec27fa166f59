"""Tokens in the catalog. The contract of the methods is that of ports.catalog; records are insert-only."""

from typing import Protocol

from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.token import Token

PAGE = 1000


class Tokens(Protocol):
    """Tokens, by the digest of their secrets, and how they ended."""

    def add(self, token: Token, secret: Digest) -> int:
        """Record a token, whatever its number says, and return the number it gets.

        Args:
            token: without its secret.
            secret: the digest of its secret.
        """
        ...

    def shown(self, secret: Digest) -> Token | None:
        """Return the token whose secret has this digest, or None."""
        ...

    def get(self, number: int) -> Token | None:
        """Return one token, or None."""
        ...

    def newest(self, *, owner: PrincipalId | None = None, limit: int = PAGE) -> list[Token]:
        """Return tokens, newest first: of one owner if given."""
        ...

    def revoke(self, number: int, *, by: PrincipalId, at_us: int) -> bool:
        """Record that a token was revoked; return False, and write nothing, if it was already. Idempotent."""
        ...
