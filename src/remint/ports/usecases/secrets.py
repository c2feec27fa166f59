"""Use cases of secrets."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.ref import PRODUCTION
from remint.core.secret import Secret
from remint.ports.usecases.context import Context


class Secrets(Protocol):
    """Named values that steps get while they run. A value is never shown, kept in a record, or written to a log."""

    def set(self, context: Context, name: str, value: bytes, *, about: str = "") -> Secret:
        """Set the value of a secret, new or not; its grants stay.

        Raises:
            Invalid: the value is too short, too long or no text.
            Denied: the caller may not.
        """
        ...

    def grant(self, context: Context, name: str, whom: str, *, workspace: str = PRODUCTION, profile: str = "") -> Secret:
        """Let a principal use a secret in its runs. Idempotent.

        Args:
            context: who asks.
            name: which secret.
            whom: the principal.
            workspace: where its runs get it: one workspace, or `*` for all.
            profile: the compute profile they must run under; any if empty.

        Raises:
            NotFound: there is no such secret, principal or workspace.
            Denied: the caller may not.
        """
        ...

    def revoke(self, context: Context, name: str, whom: str) -> Secret:
        """Take every grant of a secret from a principal. Idempotent."""
        ...

    def remove(self, context: Context, name: str) -> None:
        """Remove a secret and its value; what was done with it stays in the log.

        Raises:
            NotFound: there is none of that name.
        """
        ...

    def list(self) -> Sequence[Secret]:
        """Return all secrets by name, without their values."""
        ...
