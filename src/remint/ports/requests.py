"""Requests in the catalog, for a day. The contract of the methods is that of ports.catalog."""

from typing import Protocol

from remint.core.asked import Asked, Known
from remint.core.ids import PrincipalId


class RequestRecords(Protocol):
    """Requests that were carried out, by principal and key."""

    def note(self, owner: PrincipalId, asked: Asked, *, at_us: int) -> None:
        """Record, with what a request does, that it was carried out; those older than a day are forgotten. Idempotent.

        Raises:
            Conflict: another sending of it, or another request under its key, was carried out meanwhile.
        """
        ...

    def find(self, owner: PrincipalId, key: str, *, now_us: int) -> Known | None:
        """Return what is known of a request, or None: it was not carried out, or more than a day ago."""
        ...

    def answer(self, owner: PrincipalId, asked: Asked, content: bytes) -> None:
        """Keep what was answered to a request, if it was noted. Idempotent."""
        ...
