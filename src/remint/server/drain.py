"""Draining: one thread that does together whatever queued while it was busy. Nobody waits for a timer."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Drain(Generic[Item]):
    """A thread that works on everything that has queued since it last looked.

    Methods are called in the event loop only; `work` runs in the thread, `settle` in the event loop.

    Args:
        name: of the thread.
        work: does a group of items.
        settle: is told of a group that is done, and of the error `work` raised, if it did.
        weight: of an item.
        most: the largest weight of one group; an item that is heavier by itself goes alone.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Item]], None],
        settle: Callable[[Sequence[Item], BaseException | None], None],
        *,
        weight: Callable[[Item], int],
        most: int,
    ) -> None:
        self._work = work
        self._settle = settle
        self._weight = weight
        self._most = most
        self._queue: deque[Item] = deque()
        self._busy = False
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.waiting = 0

    def put(self, item: Item) -> None:
        """Queue an item; start at once if the thread is idle."""
        self._queue.append(item)
        self.waiting += self._weight(item)
        if not self._busy:
            self._start(asyncio.get_running_loop())

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        group = [self._queue.popleft()]
        weight = self._weight(group[0])
        while self._queue and weight + self._weight(self._queue[0]) <= self._most:
            group.append(self._queue.popleft())
            weight += self._weight(group[-1])
        self._busy = True
        done = self._pool.submit(self._work, group)
        done.add_done_callback(lambda future: loop.call_soon_threadsafe(self._finish, loop, group, future))

    def _finish(self, loop: asyncio.AbstractEventLoop, group: Sequence[Item], done: "Future[None]") -> None:
        self.waiting -= sum(map(self._weight, group))
        self._busy = False
        if self._queue:
            self._start(loop)
        self._settle(group, done.exception())

    def close(self) -> None:
        """End the thread when it has finished its group. Idempotent."""
        self._pool.shutdown(wait=True)
