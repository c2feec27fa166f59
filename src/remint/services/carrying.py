"""Carrying many files at once, and telling how far it is."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from remint.ports.usecases.artifacts import Progress

AT_ONCE = 8

One = TypeVar("One")


class Counter:
    """Counts bytes that several threads carry, and tells about them.

    Attributes:
        total: how many there will be; may grow.
    """

    def __init__(self, on_progress: Progress | None, *, total: int = 0) -> None:
        self.total = total
        self._done = 0
        self._on_progress = on_progress
        self._lock = threading.Lock()

    def __call__(self, more: int) -> None:
        """Count some more."""
        with self._lock:
            self._done += more
            if self._on_progress is not None:
                self._on_progress(self._done, self.total)


def each(work: Callable[[One], object], things: Iterable[One]) -> None:
    """Do some work for each thing, several at once; after an error start no more of it.

    Raises:
        the error of the first thing, in their order, whose work failed.
    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="carry") as pool:
        waiting = [pool.submit(work, thing) for thing in things]
        try:
            for one in waiting:
                one.result()
        finally:
            for one in waiting:
                one.cancel()
