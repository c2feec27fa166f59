"""Processes that help with very many files: reading, hashing and writing at once what the threads of one process take in turns.

Nothing rests on them: where there is one processor, or few files, the caller does all of it alone.
"""

import json
import os
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from remint import errors
from remint.adapters.blobs.appending import Limits
from remint.errors import RemintError, Unavailable
from remint.ports.blobs import Stat

WORTH = 16384
"""So many files are worth the start of a process."""

SHARE = 2048
"""So many files are done before more are asked for."""

_MOST = 3
_HEAD_BYTES = 4
_MODULE = "remint.adapters.blobs.hand"
_START = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from {} import main; main(sys.argv[1:])"

Share = TypeVar("Share")
Done = TypeVar("Done")


def at_hand() -> int:
    """Return how many processes can help: as many as there are processors beside the caller's."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there - 1, _MOST)


class Hand:
    """One process that helps; asked by one thread at a time.

    Args:
        job: `put` or `lay`.
        root: the folder of the store.
        limits: of the store.
    """

    def __init__(self, job: str, root: Path, limits: Limits) -> None:
        import subprocess

        numbers = (limits.pack_bytes, limits.records, limits.batch_bytes, limits.spill_bytes)
        words = [job, str(root.resolve()), *map(str, numbers)]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-c", _START.format(_MODULE), json.dumps(sys.path), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=-1,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, request: object) -> Any:  # noqa: ANN401 - as its job says
        """Send a request and return the answer.

        Raises:
            RemintError: what it raised.
            Unavailable: it is gone.
        """
        import msgspec

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            send(self._process.stdin, msgspec.msgpack.encode(request))
            answer = receive(self._process.stdout)
        except OSError as error:
            raise _gone() from error
        if answer is None:
            raise _gone()
        told = msgspec.msgpack.decode(answer)
        if isinstance(told, dict):
            raise rebuilt(told)
        return told

    def close(self) -> None:
        """End it, whatever it does. Idempotent."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # it is gone, and what waited to be sent with it
                    continue
        self._process.kill()
        self._process.wait()


class Hands:
    """The processes that help with one call.

    Args:
        job: `put` or `lay`.
        root: the folder of the store.
        limits: of the store.
    """

    def __init__(self, job: str, root: Path, limits: Limits) -> None:
        self._all = [Hand(job, root, limits) for _ in range(at_hand())]
        self._free = deque(self._all)
        self._pool = ThreadPoolExecutor(max(1, len(self._all)), thread_name_prefix="hand")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)  # what is being written is finished: no file is left in pieces
        for hand in self._all:
            hand.close()

    def each(
        self, shares: Iterable[Share], here: Callable[[Share], Done], there: Callable[[Hand, Share], Done]
    ) -> Iterator[Done]:
        """Yield what comes of each share, in order: by `there` of those that processes are free for, by `here` of others."""
        pending, waiting, asked = iter(shares), deque[Future[Done]](), deque[Future[Done]]()
        while True:
            asked = deque(future for future in asked if not future.done())
            while len(asked) < 2 * len(self._all) and (share := next(pending, None)) is not None:
                waiting.append(self._pool.submit(self._asked, there, share))
                asked.append(waiting[-1])
            if not waiting:
                return
            ahead = len(waiting) > 4 * len(self._all)
            if not waiting[0].done() and not ahead and (share := next(pending, None)) is not None:
                waiting.append(_done(here, share))
            else:
                yield waiting.popleft().result()

    def _asked(self, there: Callable[[Hand, Share], Done], share: Share) -> Done:
        hand = self._free.popleft()
        try:
            return there(hand, share)
        finally:
            self._free.append(hand)

    def finish(self) -> None:
        """Let each keep what it still holds, durably.

        Raises:
            RemintError: one could not.
        """
        self._pool.shutdown(cancel_futures=True)
        for hand in self._all:
            hand.ask(None)


class Seen(NamedTuple):
    """What a process saw of a file (see ports.blobs.Stat)."""

    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int
    st_ino: int


def put_there(hand: Hand, paths: list[str]) -> list[tuple[bytes, Stat]]:
    """Have a process keep files, as ports.blobs.Blobs.put_files."""
    raws, stats = hand.ask([os.fsencode(path) for path in paths])
    numbers = array("q", stats)
    return [(raws[32 * at : 32 * at + 32], Seen(*numbers[4 * at : 4 * at + 4])) for at in range(len(paths))]


def _done(here: Callable[[Share], Done], share: Share) -> Future[Done]:
    future: Future[Done] = Future()
    try:
        future.set_result(here(share))
    except RemintError as error:  # raised in the order of the shares
        future.set_exception(error)
    return future


def send(stream: Any, content: bytes) -> None:  # noqa: ANN401 - a binary stream
    """Write one message."""
    stream.write(len(content).to_bytes(_HEAD_BYTES, "little"))
    stream.write(content)
    stream.flush()


def receive(stream: Any) -> bytes | None:  # noqa: ANN401 - a binary stream
    """Return the next message; None if the other side is gone."""
    head = stream.read(_HEAD_BYTES)
    if len(head) < _HEAD_BYTES:
        return None
    size = int.from_bytes(head, "little")
    content: bytes = stream.read(size)
    return content if len(content) == size else None


def told(error: RemintError) -> dict[str, Any]:
    """Return an error as a message."""
    return {"kind": type(error).__name__, "what": error.what, "why": error.why, "next_step": error.next_step}


def rebuilt(message: dict[str, Any]) -> RemintError:
    """Return the error that `told` told."""
    kind: type[RemintError] = getattr(errors, message.pop("kind"))
    return kind(message.pop("what"), **message)


def _gone() -> Unavailable:
    return Unavailable(
        "not all files were done",
        why="a process that helped with them was ended from outside",
        next_step="run the same command again",
    )
