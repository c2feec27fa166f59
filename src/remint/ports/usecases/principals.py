"""Use cases of principals."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.principal import Principal
from remint.ports.usecases.context import Context


class Principals(Protocol):
    """Making and listing principals."""

    def create(
        self, context: Context | None, name: str, *, kind: str = "person", roles: Sequence[str] = ("member",)
    ) -> Principal:
        """Make a principal with a key of its own. Without a context only the first principals of a new project can be made.

        Raises:
            Conflict: the name is taken.
            Denied: the caller is not an owner.
        """
        ...

    def list(self) -> Sequence[Principal]:
        """Return all principals."""
        ...

    def require(self, name: str) -> Principal:
        """Return a principal that exists and whose key is here.

        Raises:
            Denied: it does not exist, or its key is not here.
        """
        ...
