"""Use cases of principals."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.principal import Principal
from remint.ports.usecases.context import Context


class Principals(Protocol):
    """Making, changing and listing principals."""

    def create(
        self, context: Context | None, name: str, *, kind: str = "person", roles: Sequence[str] = ("member",)
    ) -> Principal:
        """Make a principal with a key of its own. Without a context only the first principals of a new project can be made.

        Raises:
            Conflict: the name is taken.
            Denied: the caller is not an owner.
        """
        ...

    def grant(self, context: Context, name: str, role: str) -> Principal:
        """Give a role: one of core.action.ROLES, or another in the grammar of names. Idempotent.

        Raises:
            NotFound: there is no such principal.
            Conflict: it left.
            Denied: the caller is not an owner.
        """
        ...

    def revoke(self, context: Context, name: str, role: str) -> Principal:
        """Take a role. Idempotent.

        Raises:
            NotFound: there is no such principal.
            Conflict: it left.
            Denied: the caller is not an owner, or would leave the project without one.
        """
        ...

    def leave(self, context: Context, name: str) -> Principal:
        """Record that a principal left: it has no role any more, its tokens end, and its name is not used again.

        What it did stays, and so do approvals it gave on changes that were merged.

        Raises:
            NotFound: there is no such principal.
            Conflict: it left already.
            Denied: the caller is not an owner, or the last owner would leave.
        """
        ...

    def list(self) -> Sequence[Principal]:
        """Return all principals."""
        ...

    def require(self, name: str) -> Principal:
        """Return a principal that exists and whose key is here.

        Raises:
            Denied: it does not exist, it left, or its key is not here.
        """
        ...
