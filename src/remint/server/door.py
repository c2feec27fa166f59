"""The door: where callers show who they are, how often they may fail, and what is recorded of it."""

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from remint.app import App
from remint.core.idtoken import IDENTITY
from remint.errors import Denied
from remint.server.limits import Rates

Known = TypeVar("Known")
TOKEN, WORKLOAD = "token", "workload"
"""Ways to show who one is, as the audit log names them."""


class Door:
    """One for all routes and pages of a server."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._has_noted = False
        self.rates = Rates(app.settings.number("rate_per_s"))

    def shown(self, request: Request, way: str, show: Callable[[], Known]) -> Known:
        """Return what shows who calls; a failure is counted against its address, and told in the audit log.

        Who shows something that counts is let in, whatever else came from its address.

        Args:
            request: whose address counts.
            way: how it is tried, for the audit log.
            show: raises Denied with the rule `identity` if nobody is known by it.

        Raises:
            LimitReached: too many failures came from this address in the last minute.
            Denied: as `show`.
        """
        try:
            return show()
        except Denied as error:
            if error.facts.get("rule") == IDENTITY:
                address = request.client.host if request.client else ""
                self._has_noted = True
                self._app.failures.note(address, way, str(error.facts.get("reason", "unknown")))
                self.rates.failed(address)
            raise

    def close(self) -> None:
        """Record what was counted and not told yet."""
        if self._has_noted:
            self._app.failures.flush(all_of_them=True)
