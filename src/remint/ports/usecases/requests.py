"""Use cases of requests that are sent again because their answer was lost."""

from typing import Protocol

from remint.ports.usecases.context import Context


class Requests(Protocol):
    """Carrying out a request once, and answering it as often as it is sent."""

    def answered(self, context: Context) -> bytes | None:
        """Return what was answered to the request of a context, or None if it was not carried out yet.

        Raises:
            Invalid: its key named another request.
            Conflict: it was carried out, at least in part, and what was answered is not known.
        """
        ...

    def keep(self, context: Context, content: bytes) -> None:
        """Keep what is answered to the request of a context, if anything was written for it."""
        ...
