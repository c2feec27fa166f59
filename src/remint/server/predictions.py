"""Predicting and logging: requests that queue together are answered by one call of the model and one write to the log."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from remint.core.digest import Digest
from remint.core.ids import PredictionId
from remint.core.prediction import Status, prediction_ids
from remint.errors import Invalid, RemintError, Unavailable
from remint.ports.clock import Clock
from remint.ports.usage import Batch, UsageWriter
from remint.ports.usecases.serving import Served
from remint.server.drain import Drain

MOST_ROWS = 4096
MOST_WAITING_ROWS = 1 << 18


@dataclass(slots=True, eq=False)
class Asked:
    """A request on its way: what is asked, and, when it is done, the answer.

    Attributes:
        served: the model that answers, whatever is served later.
        begun_ns: when the whole request had arrived, on the clock that measures spans.
    """

    served: Served
    rows: NDArray[np.float64]
    keys: Sequence[str | None]
    at_us: int
    begun_ns: int
    done: "asyncio.Future[None]"
    ids: list[PredictionId] = field(default_factory=list)
    scores: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    status: Status = Status.OK
    why: str = ""
    writer: UsageWriter | None = None


class Predictor:
    """Answers requests in one thread and logs them before they are answered.

    Args:
        open_log: returns the log of a deployment.
        calm: holds numeric libraries to one thread; called in the predicting thread when a model is new to it.
        clock: for ids.
        durable: whether answers wait until the log survives a loss of power (`disk`), or only the process's death (`process`).
    """

    def __init__(
        self, open_log: Callable[[str], UsageWriter], calm: Callable[[], None], clock: Clock, *, durable: bool
    ) -> None:
        self._open_log = open_log
        self._calm = calm
        self._clock = clock
        self._durable = durable
        self._writers: dict[str, UsageWriter] = {}
        self._seen: set[Digest] = set()
        self.batches = 0
        self._predicting: Drain[Asked] = Drain(
            "predict", self._predict, self._predicted, weight=lambda asked: len(asked.rows), most=MOST_ROWS
        )
        self._syncing: Drain[Sequence[Asked]] = Drain("sync", _sync, self._synced, weight=lambda _: 1, most=1 << 20)

    async def answer(self, served: Served, rows: NDArray[np.float64], keys: Sequence[str | None], begun_ns: int) -> Asked:
        """Return the answers for some rows, logged.

        Raises:
            Invalid: the model does not take the values.
            Unavailable: too much waits already, or the log cannot be written; nothing was promised.
        """
        if self._predicting.waiting > MOST_WAITING_ROWS:
            raise Unavailable(
                "the request was turned away",
                why=f"more than {MOST_WAITING_ROWS} rows wait already",
                next_step="send it again in a second",
            )
        asked = Asked(served, rows, keys, self._clock.now_us(), begun_ns, asyncio.get_running_loop().create_future())
        self._predicting.put(asked)
        await asked.done
        if asked.status is Status.REFUSED:
            raise Invalid(
                "the model does not take these values",
                why=asked.why,
                next_step="check for missing values and ranges",
                ids=asked.ids,
            )
        return asked

    # ---- in the predicting thread

    def _predict(self, group: Sequence[Asked]) -> None:
        for same in _by_model(group):
            served = same[0].served
            if served.ref.artifact not in self._seen:
                self._calm()
                self._seen.add(served.ref.artifact)
            self._score(served, same)
            self._log(served, same)
        self.batches += 1

    def _score(self, served: Served, same: Sequence[Asked]) -> None:
        rows = same[0].rows if len(same) == 1 else np.concatenate([asked.rows for asked in same])
        try:
            scores = served.scores(rows)
        except (ValueError, TypeError, ArithmeticError, LookupError) as error:
            if len(same) > 1:  # one of them is at fault, and the others shall not suffer for it
                for asked in same:
                    self._score(served, [asked])
                return
            same[0].status, same[0].why = Status.REFUSED, str(error).strip().split("\n")[0][:300]
            scores = np.full(len(rows), np.nan)
        at = 0
        for asked in same:
            asked.scores = scores[at : at + len(asked.rows)]
            at += len(asked.rows)

    def _log(self, served: Served, same: Sequence[Asked]) -> None:
        now_ns = time.perf_counter_ns()
        for asked in same:
            asked.ids = prediction_ids(asked.at_us, self._clock.entropy(8), len(asked.rows))
        writer = self._writer(served.ref.name.name)
        writer.append(
            Batch(
                model=served.ref.artifact,
                features=served.features,
                ids=[one for asked in same for one in asked.ids],
                at_us=[asked.at_us for asked in same for _ in asked.ids],
                keys=[key for asked in same for key in asked.keys],
                statuses=[asked.status for asked in same for _ in asked.ids],
                scores=np.concatenate([asked.scores for asked in same]),
                latencies_us=[(now_ns - asked.begun_ns) // 1000 for asked in same for _ in asked.ids],
                rows=np.concatenate([asked.rows for asked in same]),
            )
        )
        for asked in same:
            asked.writer = writer

    def _writer(self, deployment: str) -> UsageWriter:
        if deployment not in self._writers:
            self._writers[deployment] = self._open_log(deployment)
        return self._writers[deployment]

    # ---- in the event loop

    def _predicted(self, group: Sequence[Asked], error: BaseException | None) -> None:
        if self._durable and error is None:
            self._syncing.put(group)
        else:
            _resolve(group, error)

    def _synced(self, groups: Sequence[Sequence[Asked]], error: BaseException | None) -> None:
        for group in groups:
            _resolve(group, error)

    # ---- from any thread

    def rotate(self) -> list[str]:
        """Complete the current pieces of all logs; return the deployments."""
        for writer in list(self._writers.values()):
            writer.rotate()
        return sorted(self._writers)

    def close(self) -> None:
        """End the threads and complete the logs. Idempotent; call it when no request is on its way."""
        self._predicting.close()
        self._syncing.close()
        for writer in self._writers.values():
            writer.close()


def _sync(groups: Sequence[Sequence[Asked]]) -> None:
    for writer in {id(asked.writer): asked.writer for group in groups for asked in group}.values():
        assert writer is not None
        writer.sync()


def _by_model(group: Sequence[Asked]) -> Iterator[list[Asked]]:
    found: dict[int, list[Asked]] = {}
    for asked in group:
        found.setdefault(id(asked.served), []).append(asked)
    yield from found.values()


def _resolve(group: Sequence[Asked], error: BaseException | None) -> None:
    for asked in group:
        if asked.done.done():
            continue
        if error is None:
            asked.done.set_result(None)
        else:
            asked.done.set_exception(_own(error))


def _own(error: BaseException) -> BaseException:
    """Return an error of its own for each waiting request, so that their tracebacks do not grow into each other."""
    if isinstance(error, RemintError):
        return type(error)(error.what, why=error.why, next_step=error.next_step, **error.facts)
    made = RuntimeError(f"{type(error).__name__}: {error}")
    made.__cause__ = error
    return made
