"""What keeps adding and sweeping apart: those who add share a lock, who sweeps holds it alone and starts a new epoch.

Who adds may rely on bytes that are here already. So nothing is removed while anybody is between finding bytes and recording
what refers to them, and whoever adds after a sweep forgets first what it knew of the store before.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from weakref import WeakMethod

from remint.adapters.blobs.handle import Handle
from remint.errors import Unavailable

PATIENCE_S = 60
PAUSE_S = 0.02


class Fence:
    """The lock and the epoch of a store (docs/format/store.md).

    Args:
        root: the folder of the store.
        renew: a method of the store that forgets what is known of the store; called when another epoch is found.
    """

    def __init__(self, root: Path, renew: Callable[[], None]) -> None:
        self._place = root / "fence"
        self._renew = WeakMethod(renew)  # no circle: the store lets go of its pack when nobody holds it
        self._lock = threading.Lock()
        self._handle: Handle | None = None
        self._inside = 0
        self._epoch: int | None = None

    @contextlib.contextmanager
    def adding(self) -> Iterator[None]:
        """Keep sweepers out. May be nested, and entered by several threads."""
        with self._lock:
            if self._inside == 0:
                self._enter()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0 and self._handle is not None and self._handle.number >= 0:
                    fcntl.flock(self._handle.number, fcntl.LOCK_UN)

    def _enter(self) -> None:
        handle = self._opened()
        fcntl.flock(handle.number, fcntl.LOCK_SH)
        epoch = _read(handle)
        if self._epoch is not None and epoch != self._epoch:
            renew = self._renew()
            if renew is not None:
                renew()
        self._epoch = epoch

    def _opened(self) -> Handle:
        if self._handle is None:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            self._handle = Handle(str(self._place), os.O_RDONLY | os.O_CREAT)
        return self._handle

    @contextlib.contextmanager
    def only_sweep(self) -> Iterator[None]:
        """Let one sweep go on at a time.

        Raises:
            Unavailable: another one does.
        """
        self._place.parent.mkdir(parents=True, exist_ok=True)
        handle = Handle(str(self._place.with_name("sweep")), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(handle.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(
                "nothing was removed from the store",
                why="somebody else is removing what nothing needs at this moment",
                next_step="run the same command again when that has ended",
            ) from None
        try:
            yield
        finally:
            handle.close()

    @contextlib.contextmanager
    def sweeping(self, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
        """Wait until nobody adds, keep everybody out, and start a new epoch.

        Raises:
            Unavailable: somebody was adding all the time.
        """
        self._opened()
        handle = Handle(str(self._place), os.O_RDWR)  # of its own: one that adds here must be kept out too
        until_s = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(handle.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until_s:
                    raise Unavailable(
                        "nothing was removed from the store",
                        why=f"something was being added to it for {patience_s:g} s",
                        next_step="run the same command again when less is going on",
                    ) from None
                time.sleep(PAUSE_S)
        os.pwrite(handle.number, (_read(handle) + 1).to_bytes(8, "little"), 0)
        os.fsync(handle.number)
        try:
            yield
        finally:
            handle.close()

    def let_go(self) -> None:
        """Close the copy of the lock that a forked process has: it is the parent's to give up."""
        if self._handle is not None:
            self._handle.close()


def _read(handle: Handle) -> int:
    return int.from_bytes(os.pread(handle.number, 8, 0), "little")
