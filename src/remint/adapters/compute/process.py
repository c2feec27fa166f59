"""Steps in processes of their own: forked from a zygote that has the libraries loaded, guarded by the kernel, metered."""

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from remint.adapters.compute.log import Log
from remint.adapters.compute.order import Places, encode_task, hiding_of, make_places, threads_of
from remint.adapters.compute.outcome import result_of, step_name
from remint.adapters.compute.room import Room
from remint.adapters.compute.watch import Ending, NotStartedError, Watch
from remint.adapters.compute.zygote import Nature, Zygote, end_session, unavailable
from remint.errors import Unavailable
from remint.ports.compute import Needs, Result, Task

PIPE_BYTES = 1 << 20


class ProcessExecutor:
    """Carries out each task in a forked process of its own (see ports.compute.Executor).

    A zygote carries out one task at a time; tasks run at once from several threads get zygotes of their own, kept for the next.
    As many run as there are processors for.
    Zygotes are kept by hash seed, thread count and whether there is a network, since these are settled when a process starts.

    Args:
        keep_out: folders that never become readable because something else is inside or around them: the store. The project of
            a task is kept out in any case.
        at_once: how many processors tasks may take together; those this process may use if not given.
    """

    def __init__(self, *, keep_out: tuple[Path, ...] = (), at_once: int | None = None) -> None:
        if sys.platform != "linux":
            raise unavailable("processes are forked, guarded and metered by means only Linux has")
        self._keep_out = keep_out
        self._seeds = {"fresh": int.from_bytes(os.urandom(4)), "other": int.from_bytes(os.urandom(4))}
        self._room = Room(at_once or len(os.sched_getaffinity(0)))
        self._lock = threading.Condition()
        self._coming: Counter[Nature] = Counter()
        self._awaited: Counter[Nature] = Counter()
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="remint-prepare")
        self._idle: dict[Nature, list[Zygote]] = {}
        self._busy: set[Zygote] = set()
        self._closed = False
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def at_once(self) -> int:
        """How many tasks of one thread run at the same time; one more waits."""
        return self._room.processors

    def interrupt(self) -> None:
        """End the tasks that are carried out or wait for room; their `run` raises KeyboardInterrupt."""
        self._room.interrupt()
        with self._lock:
            busy = list(self._busy)
        for zygote in busy:
            zygote.kill()

    def run(self, task: Task, *, on_line: Callable[[str], None] | None = None) -> Result:
        """Carry out a task and wait for its end.

        Atomicity, repetition and the files left under `task.scratch` are those of ports.compute.Executor.run. Limits: CPU time
        and memory are those of the step and everything it starts; a step with more than 1,024 processes at once is stopped.

        Args:
            task: what to do.
            on_line: called with each line the step prints; if it raises, the step is killed and the error passed on.

        Raises:
            Unavailable: no process could be started.
            KeyboardInterrupt: the caller was interrupted, or `interrupt` was called; the step is dead.
        """
        nature = self._nature(task.conditions, network=task.network)
        places = make_places(task.scratch)
        with self._room.taken(nature.threads) as stay, Log(places.log, on_line, hiding=hiding_of(task)) as log:
            try:
                ending, ready = self._attempt(task, places, nature, log, task.modules)
            except NotStartedError:
                stay.check()
                ending, ready = self._attempt_bare(task, places, nature, log)
            log.finish()
            stay.check()
        if "error" in ending.begun:
            raise unavailable(ending.begun["error"])
        conditions = {
            "seed": task.conditions.get("seed"),
            "hash_seed": nature.hash_seed,
            "threads": nature.threads,
            "python": ready["python"],
        }
        return result_of(task, places, ending, conditions)

    def prepare(self, conditions: Mapping[str, Any], needs: Needs, *, network: bool = False) -> None:
        """Start a zygote in the background, and have it load what is needed; the next task of its nature waits for it."""
        nature = self._nature(conditions, network=network)
        with self._lock:
            if not self._closed:
                self._coming[nature] += 1
                self._ahead.submit(self._prepare, nature, needs)

    def _prepare(self, nature: Nature, needs: Needs) -> None:
        zygote, is_whole = None, False
        try:
            zygote = Zygote(nature)
            with self._lock:
                self._busy.add(zygote)
            zygote.load(needs)
            is_whole = True
        except (Unavailable, EOFError):  # the task that needs it will say what is wrong
            is_whole = False
        finally:
            if zygote is not None:
                self._give_back(nature, zygote, None, is_whole=is_whole)
            with self._lock:
                self._coming[nature] -= 1
                self._lock.notify_all()

    def _nature(self, conditions: Mapping[str, Any], *, network: bool) -> Nature:
        wanted = conditions.get("hash_seed", "fresh")
        seed = wanted if isinstance(wanted, int) else self._seeds[wanted]
        return Nature(seed, threads_of(conditions), network)

    def _attempt_bare(self, task: Task, places: Places, nature: Nature, log: Log) -> tuple[Ending, Mapping[str, Any]]:
        """Try once more with nothing loaded before the fork; if loading killed the zygote, it will now kill the child."""
        try:
            return self._attempt(task, places, nature, log, ())
        except NotStartedError as error:
            raise unavailable("the process that starts steps ended twice before the step began") from error

    def _attempt(
        self, task: Task, places: Places, nature: Nature, log: Log, modules: tuple[str, ...]
    ) -> tuple[Ending, Mapping[str, Any]]:
        zygote = self._take(nature)
        heard, said = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        watch = Watch(zygote, step_name(task), task.limits, heard, log)
        is_whole = False
        try:
            try:
                _widen(said)
                os.set_blocking(said, True)
                zygote.send_task(self._request(task, places, nature, modules), said)
            except EOFError as error:
                raise NotStartedError from error
            finally:
                os.close(said)
            ending = watch.follow()
            is_whole = ending.status is not None and not task.secrets  # what it was told must not be found by a later step
            return ending, zygote.ready
        finally:
            os.close(heard)
            self._give_back(nature, zygote, watch.child, is_whole=is_whole)

    def _request(self, task: Task, places: Places, nature: Nature, modules: tuple[str, ...]) -> dict[str, Any]:
        with self._lock:
            self._count += 1
            number = self._count
        return {
            "id": number,
            "order": encode_task(task, places, hash_seed=nature.hash_seed, threads=nature.threads),
            "modules": list(modules),
            "keep_out": sorted({str(place.resolve()) for place in (task.shown_as, *self._keep_out)}),
        }

    def _take(self, nature: Nature) -> Zygote:
        """Return a living zygote that nobody else uses: one that waits or is about to come, else a new one."""
        with self._lock:
            zygote = self._waiting(nature)
            if zygote is None and self._coming[nature] > self._awaited[nature]:
                self._awaited[nature] += 1
                self._lock.wait_for(lambda: self._idle.get(nature) or not self._coming[nature] or self._closed)
                self._awaited[nature] -= 1
                zygote = self._waiting(nature)
            if zygote is not None:
                self._busy.add(zygote)
                return zygote
        zygote = Zygote(nature)
        with self._lock:
            self._busy.add(zygote)
        return zygote

    def _waiting(self, nature: Nature) -> Zygote | None:
        if self._closed:
            raise unavailable("this executor was closed")
        waiting = self._idle.setdefault(nature, [])
        while waiting:
            zygote = waiting.pop()
            if zygote.is_alive():
                return zygote
            zygote.close()
        return None

    def _give_back(self, nature: Nature, zygote: Zygote, child: int | None, *, is_whole: bool) -> None:
        """Keep a zygote whose task has ended; end any other, and what its task left running."""
        with self._lock:
            self._busy.discard(zygote)
            keep = is_whole and not self._closed
            if keep:
                self._idle.setdefault(nature, []).append(zygote)
                self._lock.notify_all()
        if not keep:
            zygote.close()
            if child is not None:
                end_session(child)

    def close(self) -> None:
        """End every process this executor keeps ready, and every step it still carries out. Idempotent."""
        with self._lock:
            self._closed = True
            idle = [zygote for waiting in self._idle.values() for zygote in waiting]
            self._idle.clear()
            busy = list(self._busy)
            self._lock.notify_all()
        for zygote in idle:
            zygote.close()
        for zygote in busy:
            zygote.kill()
        self._ahead.shutdown(cancel_futures=True)


def _widen(pipe: int) -> None:
    """Let a step print a megabyte before it has to wait for the reader; less where the system allows less."""
    import fcntl

    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        return
