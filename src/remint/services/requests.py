"""Requests that are sent again: carried out once, answered each time."""

from dataclasses import dataclass

from remint.core.asked import Asked
from remint.errors import Conflict, Invalid
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context


@dataclass(frozen=True)
class RequestService:
    """See ports.usecases.requests.Requests. That a request is carried out is noted where it is allowed (services.access)."""

    catalog: Catalog
    clock: Clock

    def answered(self, context: Context) -> bytes | None:
        """Return what was answered before."""
        asked = _asked(context)
        with self.catalog.read() as tx:
            known = tx.requests.find(context.principal, asked.key, now_us=self.clock.now_us())
        if known is None:
            return None
        if known.digest != asked.digest:
            raise Invalid(
                "the request was refused",
                why="its Idempotency-Key named another request of yours within the last day",
                next_step="send it with a new key",
                rule="idempotency-key",
            )
        if known.answer is None:
            raise Conflict(
                "the request was not carried out again",
                why="it was carried out, at least in part, and its answer is not known: it is on its way, the server ended "
                "before it was kept, or it holds a secret",
                next_step="look at what it was to change, and send what is missing under a new key",
                rule="idempotency-key",
            )
        return known.answer

    def keep(self, context: Context, content: bytes) -> None:
        """Keep what is answered."""
        asked = _asked(context)
        with self.catalog.read() as tx:
            known = tx.requests.find(context.principal, asked.key, now_us=self.clock.now_us())
        if known is not None and known.nonce == asked.nonce:
            with self.catalog.begin() as tx:
                tx.requests.answer(context.principal, asked, content)


def _asked(context: Context) -> Asked:
    assert context.asked is not None
    return context.asked
