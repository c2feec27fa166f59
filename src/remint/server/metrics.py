"""Counters of a serving process, in the text format of Prometheus."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counts of requests and rows, and how long answers took. Used in the event loop only."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._rows: Counter[str] = Counter()
        self._latency: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()

    def answered(self, model: str, status: int, *, rows: int, seconds: float) -> None:
        """Count one request for predictions of a served model; rows only where it was answered."""
        self._requests[model, status] += 1
        if status == 200:
            self._rows[model] += rows
        buckets = self._latency.setdefault(model, [0] * (len(BUCKETS_S) + 1))
        buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self._seconds[model] += seconds  # type: ignore[assignment]  # a Counter sums floats as well

    def text(self, digests: Mapping[str, tuple[str, int]], *, batches: int) -> str:
        """Return all counters.

        Args:
            digests: digest and version of the model that answers, by name.
            batches: calls of models so far.
        """
        lines = ["# TYPE remint_infer_requests_total counter"]
        lines += [
            f"remint_infer_requests_total{_labels(model=model, status=status)} {count}"
            for (model, status), count in sorted(self._requests.items())
        ]
        lines += ["# TYPE remint_infer_rows_total counter"]
        lines += [f"remint_infer_rows_total{_labels(model=model)} {count}" for model, count in sorted(self._rows.items())]
        lines += ["# TYPE remint_infer_batches_total counter", f"remint_infer_batches_total {batches}"]
        lines += ["# TYPE remint_infer_seconds histogram"]
        for model, buckets in sorted(self._latency.items()):
            lines += self._histogram(model, buckets)
        lines += ["# TYPE remint_model_info gauge"]
        lines += [
            f"remint_model_info{_labels(model=model, digest=digest, version=version)} 1"
            for model, (digest, version) in sorted(digests.items())
        ]
        return "\n".join(lines) + "\n"

    def _histogram(self, model: str, buckets: list[int]) -> Iterable[str]:
        total = 0
        for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), buckets, strict=True):
            total += count
            yield f"remint_infer_seconds_bucket{_labels(model=model, le=bound)} {total}"
        yield f"remint_infer_seconds_sum{_labels(model=model)} {float(self._seconds[model])!r}"
        yield f"remint_infer_seconds_count{_labels(model=model)} {total}"


def _labels(**values: object) -> str:
    # Names of models and digests hold no quote, backslash or line feed.
    return "{" + ",".join(f'{name}="{value}"' for name, value in values.items()) + "}"
