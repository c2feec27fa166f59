"""Use cases of identity: who a caller is, shown by a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.token import Token
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Issued:
    """A token just made.

    Attributes:
        secret: what its owner shows; it is nowhere else, and cannot be shown again.
        token: the record of it.
    """

    secret: str
    token: Token


class Identity(Protocol):
    """Making, using and ending tokens. A token acts as its owner, never as more than its owner may."""

    def issue(
        self,
        context: Context,
        *,
        about: str,
        days: int,
        scopes: Sequence[str] = (),
        sandbox: str | None = None,
        owner: str = "",
    ) -> Issued:
        """Make a token.

        Args:
            context: who asks; a token cannot make one with more scopes, a longer life or another sandbox than its own.
            about: what it is for.
            days: until it ends, 1 to 366.
            scopes: what it is limited to, from core.action.SCOPES; all if empty.
            sandbox: a workspace it is bound to.
            owner: the service it acts as; oneself if empty. Only owners make tokens of services.

        Raises:
            Invalid: a scope is unknown, or the days are outside the limits.
            Denied: the caller may not.
        """
        ...

    def identify(self, secret: str, *, workspace: str = "main") -> Context:
        """Return who shows a token, and what it is limited to.

        Raises:
            Denied: rule `identity`: it is unknown, ended or was revoked, or its owner has left. Nothing says which.
        """
        ...

    def list(self, context: Context) -> Sequence[Token]:
        """Return one's own tokens, newest first; all for an owner."""
        ...

    def revoke(self, context: Context, number: int) -> Token:
        """End a token: one's own, or any for an owner. Idempotent.

        Raises:
            NotFound: there is none of that number that the caller may see.
        """
        ...
