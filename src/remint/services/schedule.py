"""Doing things that need one another: each after what it needs, several at once."""

import heapq
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait


def in_order(
    needs: Sequence[Collection[int]],
    work: Callable[[int], None],
    *,
    at_once: int,
    interrupt: Callable[[], None] = lambda: None,
) -> None:
    """Call `work` with each position, after every position it needs, in threads if more than one may go at once.

    When one fails nothing more is started, what goes on is waited for, and the failure is raised; of several the one at the
    lowest position.

    Args:
        needs: for each position the lower ones it needs.
        work: what to do.
        at_once: so many positions at most; with 1 all is done in this thread, in the order given.
        interrupt: called if this thread is interrupted while it waits; it makes what goes on end soon.

    Example:
        >>> done = []
        >>> in_order([(), (0,), (0, 1)], done.append, at_once=2)
        >>> done
        [0, 1, 2]
    """
    if at_once == 1 or len(needs) < 2:
        for position in range(len(needs)):
            work(position)
        return
    with ThreadPoolExecutor(min(at_once, len(needs)), thread_name_prefix="step") as pool:
        try:
            _drive(pool, needs, work, at_once)
        except KeyboardInterrupt:
            interrupt()
            raise


def _drive(pool: ThreadPoolExecutor, needs: Sequence[Collection[int]], work: Callable[[int], None], at_once: int) -> None:
    lacking = [len(set(above)) for above in needs]
    below: list[list[int]] = [[] for _ in needs]
    for position, above in enumerate(needs):
        for needed in set(above):
            below[needed].append(position)
    ready = [position for position, count in enumerate(lacking) if count == 0]
    going: dict[Future[None], int] = {}
    failed: dict[int, BaseException] = {}
    while going or (ready and not failed):
        while ready and len(going) < at_once and not failed:
            position = heapq.heappop(ready)
            going[pool.submit(work, position)] = position
        for future in wait(going, return_when=FIRST_COMPLETED).done:
            position = going.pop(future)
            error = future.exception()
            if error is not None:
                failed[position] = error
            for one in below[position]:
                lacking[one] -= 1
                if lacking[one] == 0:
                    heapq.heappush(ready, one)
    if failed:
        raise failed[min(failed)]
