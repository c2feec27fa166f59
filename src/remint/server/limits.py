"""Limits in front of every route: which hosts are answered, which sites may send, and how often."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from remint.core.ids import uuid7
from remint.errors import Denied, Invalid, LimitReached, RemintError
from remint.ports.clock import Clock
from remint.server.listening import host_of
from remint.server.problems import problem
from remint.server.routes import SAFE

MOST_REMEMBERED = 10_000
FAILURES = 10
FAILURE_PER_S = FAILURES / 60


@dataclass(frozen=True)
class Front:
    """Refuses requests for other hosts, and those that a page of another site sends; there is no CORS.

    Attributes:
        hosts: values of the Host header, without the port, that are answered.
    """

    inner: ASGIApp
    hosts: frozenset[str]
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            request = Request(scope)
            error = self._foreign_host(request) or foreign_origin(request) or unprintable_address(request)
            if error is not None:
                number = uuid7(self.clock.now_us(), self.clock.entropy(8))
                await problem(error, request=number)(scope, receive, send)
                return
        await self.inner(scope, receive, send)

    def _foreign_host(self, request: Request) -> RemintError | None:
        given = request.headers.get("host", "")
        if host_of(given) in self.hosts:
            return None
        return Denied(
            f"the host {given[:100]!r} is not answered",
            why="rule known-host: a page of another site could ask in the name of its reader",
            next_step="use the address that `remint server` printed, or add the name to the setting `server_hosts`",
            rule="known-host",
        )


def foreign_origin(request: Request) -> RemintError | None:
    """Return the refusal of a request that changes something and was sent by a page of another site; None if it was not."""
    if request.method in SAFE:
        return None
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    own = origin is None or urlsplit(origin).netloc.lower() == host.lower()
    if own and request.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return None
    return Denied(
        "the request was refused",
        why="rule own-origin: a page of another site sent it",
        next_step="send it from a program, or from a page of this server",
        rule="own-origin",
    )


def unprintable_address(request: Request) -> RemintError | None:
    """Return the refusal of an address with a control character: a template of a route may overlook a line feed at its end."""
    if request.scope["path"].isprintable():
        return None
    return Invalid("the request was refused", why="its address holds a control character", next_step="leave it out")


class Buckets:
    """Token buckets: each caller may ask `rate_per_s` times a second in the long run, and `burst` times at once.

    Safe from several threads.
    """

    def __init__(self, rate_per_s: float, burst: float, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._now_s = now_s
        self._held: dict[Hashable, tuple[float, float]] = {}
        self._holding = threading.Lock()

    def wait_s(self, caller: Hashable) -> float:
        """Return 0 if a caller may ask now, and count that; otherwise after how many seconds it may.

        Example:
            >>> buckets = Buckets(2, 1, now_s=lambda: 0.0)
            >>> buckets.wait_s("ana"), buckets.wait_s("ana"), buckets.wait_s("bo")
            (0.0, 0.5, 0.0)
        """
        with self._holding:
            now_s = self._now_s()
            left, at_s = self._held.get(caller, (self._burst, now_s))
            left = min(self._burst, left + (now_s - at_s) * self._rate_per_s)
            if left < 1:
                return (1 - left) / self._rate_per_s
            if len(self._held) >= MOST_REMEMBERED:
                self._held = {who: held for who, held in self._held.items() if self._is_empty(held, now_s)}
            self._held[caller] = (left - 1, now_s)
            return 0.0

    def _is_empty(self, held: tuple[float, float], now_s: float) -> bool:
        """Return whether a bucket is not full again: one that is need not be remembered."""
        return held[0] + (now_s - held[1]) * self._rate_per_s < self._burst


class Rates:
    """How often a token may ask, and how often an address may show one that does not count.

    Args:
        rate_per_s: requests of one token a second, in the long run; twice as many at once.
    """

    def __init__(self, rate_per_s: int) -> None:
        self._tokens = Buckets(rate_per_s, 2 * rate_per_s)
        self._failures = Buckets(FAILURE_PER_S, FAILURES)

    def require(self, token: int) -> None:
        """Count a request of a token.

        Raises:
            LimitReached: it asks too often.
        """
        wait_s = self._tokens.wait_s(token)
        if wait_s:
            raise _too_often("this token asks more often than the setting `rate_per_s` allows", wait_s)

    def failed(self, address: str) -> None:
        """Count something shown that does not count.

        Raises:
            LimitReached: the address did that too often; what it shows that counts is answered all the same.
        """
        wait_s = self._failures.wait_s(address)
        if wait_s:
            raise _too_often(f"more than {FAILURES} tokens that do not count came from this address in a minute", wait_s)


def _too_often(why: str, wait_s: float) -> RemintError:
    seconds = int(wait_s) + 1
    return LimitReached(
        "the request was refused",
        why=why,
        next_step=f"send it again in {seconds} s",
        rule="rate",
        headers={"Retry-After": str(seconds)},
    )
