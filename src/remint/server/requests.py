"""Counters of requests, in the text format of Prometheus."""

from collections import Counter, defaultdict


class Requests:
    """Counts of requests by route and status, and how long their answers took. Used in the event loop only."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._counts[route, status] += 1
        self._seconds[route] += seconds

    def text(self) -> str:
        """Return all counters.

        Example:
            >>> requests = Requests()
            >>> requests.answered("GET /refs", 200, 0.5)
            >>> print(requests.text())
            # TYPE remint_requests_total counter
            remint_requests_total{route="GET /refs",status="200"} 1
            # TYPE remint_request_seconds_total counter
            remint_request_seconds_total{route="GET /refs"} 0.5
            <BLANKLINE>
        """
        lines = ["# TYPE remint_requests_total counter"]
        lines += [
            f'remint_requests_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self._counts.items())
        ]
        lines += ["# TYPE remint_request_seconds_total counter"]
        lines += [
            f'remint_request_seconds_total{{route="{route}"}} {seconds!r}' for route, seconds in sorted(self._seconds.items())
        ]
        return "\n".join(lines) + "\n"
