"""Use cases of the inventory."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.inventory import Item, Listed
from remint.ports.usecases.context import Context


class Inventories(Protocol):
    """Who answers for what is in main, and what it is for."""

    def set(self, context: Context, ref: str, **facts: str | None) -> Listed:
        """Say who answers for a ref, and what it is. It need not exist yet. Idempotent.

        Args:
            context: who says so: an owner of the project, or who answers for it now (all but exposure and materiality).
            ref: in main.
            facts: `owner`, `team`, `purpose`, `exposure`, `materiality`, `vendor`; None, or not given, for what stays as it is.

        Raises:
            Invalid: a fact has a value it cannot have, or nobody would answer for the ref.
            NotFound: there is no such principal, or it left.
            Denied: the caller may not.
        """
        ...

    def show(self, ref: str) -> Listed:
        """Return what is said of one ref.

        Raises:
            NotFound: it does not exist, and nothing was said of it.
        """
        ...

    def list(self, *, kind: str = "", orphaned: bool = False) -> Sequence[Listed]:
        """Return, by name, all models, data, features and deployments in main, and all refs of which something was said.

        Args:
            kind: only refs of this kind, if given.
            orphaned: only those whose owner is gone.
        """
        ...

    def history(self, ref: str) -> Sequence[Item]:
        """Return what was said of a ref, newest first."""
        ...
