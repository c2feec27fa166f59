"""Use cases of history: workspaces as they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.ref import Move
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class RefDifference:
    """A ref that differs between two views of workspaces.

    Attributes:
        ref: its kind and name.
        left: its last move in the left view; None if it was not there.
        right: its last move in the right view; None if it was not there.
        moves: between the two, oldest first, where both views are of one workspace and the left is the earlier one.
    """

    ref: str
    left: Move | None
    right: Move | None
    moves: tuple[Move, ...] = ()


class History(Protocol):
    """Looking back. Nothing here needs a copy: the history of moves is kept for ever."""

    def at(self, context: Context, when: str, *, kind: str | None = None) -> Sequence[Move]:
        """Return the last move of each ref of the context's workspace at a time.

        Args:
            context: where.
            when: ISO-8601, UTC if it names no zone; a date means its beginning.
            kind: only refs of this kind.

        Raises:
            InvalidName: it is no time.
        """
        ...

    def between(self, left: str, right: str) -> Sequence[RefDifference]:
        """Return every ref that differs between two views, by name.

        Args:
            left: `WORKSPACE` or `WORKSPACE@TIME`.
            right: likewise.

        Raises:
            InvalidName: one is outside the grammar.
            NotFound: there is no such workspace.
        """
        ...
