"""Room for tasks: how many processors' worth of them may run at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """Lets tasks in, in the order in which they came, as long as there are processors for them.

    Args:
        processors: how many there are.
    """

    def __init__(self, processors: int) -> None:
        self.processors = processors
        self._free = processors
        self._changed = threading.Condition()
        self._queue: list[object] = []
        self._interrupts = 0

    @contextmanager
    def taken(self, wanted: int) -> Iterator["Stay"]:
        """Wait for room and hold it; a task that wants more processors than there are takes them all.

        Raises:
            KeyboardInterrupt: `interrupt` was called while it waited.
        """
        size = min(wanted, self.processors)
        ticket = object()
        with self._changed:
            stay = Stay(self, self._interrupts)
            self._queue.append(ticket)
            try:
                self._changed.wait_for(lambda: stay.is_over() or (self._queue[0] is ticket and self._free >= size))
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
            stay.check()
            self._free -= size
        try:
            yield stay
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()

    @property
    def interrupts(self) -> int:
        """How often it was interrupted."""
        return self._interrupts

    def interrupt(self) -> None:
        """End the stay of every task that is in or waits."""
        with self._changed:
            self._interrupts += 1
            self._changed.notify_all()


class Stay:
    """The time one task is in the room or waits for it."""

    def __init__(self, room: Room, interrupts: int) -> None:
        self._room = room
        self._interrupts = interrupts

    def is_over(self) -> bool:
        """Return whether the room was interrupted since the task came."""
        return self._room.interrupts != self._interrupts

    def check(self) -> None:
        """Raise if the stay is over.

        Raises:
            KeyboardInterrupt: it is.
        """
        if self.is_over():
            raise KeyboardInterrupt
