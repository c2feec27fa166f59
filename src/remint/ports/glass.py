"""Records of emergencies (see ports.catalog for the contract of every method)."""

from typing import Protocol

from remint.core.glass import Confirmation, Glass


class GlassRecords(Protocol):
    """Emergencies and their confirmations; insert-only."""

    def next_number(self) -> int:
        """Return the number of the next emergency: what is signed names it."""
        ...

    def add(self, glass: Glass) -> None:
        """Record an emergency; its confirmation is not."""
        ...

    def confirm(self, number: int, confirmation: Confirmation) -> None:
        """Record that a second principal confirmed an emergency.

        Raises:
            Conflict: it was confirmed already.
        """
        ...

    def get(self, number: int) -> Glass:
        """Return one emergency.

        Raises:
            NotFound: there is none of that number.
        """
        ...

    def newest(self, *, limit: int = 50) -> list[Glass]:
        """Return emergencies, newest first."""
        ...
