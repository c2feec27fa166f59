"""Steps in this very process, for debuggers: nothing is guarded and no limit is held."""

import functools
import importlib
import io
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, TextIO

from remint.adapters.compute.log import Log
from remint.adapters.compute.order import HERE, RUNNER, SEEN, Places, encode_task, hiding_of, threads_of
from remint.adapters.compute.outcome import read_outputs, too_open, without_secrets
from remint.core.isolation import NONE
from remint.core.run import Usage
from remint.ports.compute import Needs, Result, Task


class _Tee(io.TextIOBase):
    """Text that goes to a terminal and to the log."""

    def __init__(self, terminal: TextIO, log: Log) -> None:
        self._terminal = terminal
        self._log = log

    def write(self, text: str) -> int:
        self._log.write(text.encode(errors="backslashreplace"))
        return self._terminal.write(text)

    def flush(self) -> None:
        self._terminal.flush()

    def isatty(self) -> bool:
        return self._terminal.isatty()


class InlineExecutor:
    """Carries out a task in this process, so that a debugger can follow it (see ports.compute.Executor).

    Results are never guarded. Limits are not held. The hash seed is that of this process; threads are what libraries already
    took. Not for several threads at once: the working folder and the import path belong to the whole process. They are put back
    afterwards, as are the random numbers.
    """

    def run(self, task: Task, *, on_line: Callable[[str], None] | None = None) -> Result:
        """Carry out a task and return when it has ended; what it prints is shown and kept.

        Raises:
            KeyboardInterrupt: the caller was interrupted.
        """
        if task.isolation > NONE:
            return self._refused(task)
        runner, here = importlib.import_module(RUNNER), importlib.import_module(HERE)
        scratch = task.scratch.resolve()
        places = Places(scratch / "step", scratch, scratch / "log.txt")
        places.work.mkdir()
        order = encode_task(task, places, hash_seed=-1, threads=threads_of(task.conditions))
        order["conditions"] = {**order["conditions"], "hash_seed": None}
        with Log(places.log, on_line, hiding=hiding_of(task)) as log:
            before, began_ns = _cpu_us(), time.monotonic_ns()
            shown = _Tee(sys.stdout, log)
            with here.Here(order, places.work), redirect_stdout(shown), redirect_stderr(_Tee(sys.stderr, log)):
                told: dict[str, Any] = runner.carry_out(order, before=self._loaded())
            usage = Usage(_cpu_us() - before, (time.monotonic_ns() - began_ns) // 1000, _peak_bytes())
            log.finish()
        return Result(
            state=told["state"],
            outputs=read_outputs(told["outputs"], places.outputs) if told["state"] == "done" else {},
            error=without_secrets(task, told["error"]),
            usage=usage,
            observed={**told["observed"], "isolation": "none", "isolation_level": NONE},
            guarded=False,
            log=places.log,
        )

    def _refused(self, task: Task) -> Result:
        log = task.scratch.resolve() / "log.txt"
        log.touch()
        observed = {"libraries": [], "modules": [], "isolation": "none", "isolation_level": NONE}
        return Result("stopped", {}, too_open(task, NONE), Usage(), observed, guarded=False, log=log)

    @functools.cache  # noqa: B019 - one executor lives as long as its process uses it
    def _loaded(self) -> Any:  # noqa: ANN401 - what the child's side says is loaded
        """Return what was loaded when the first task ran, so that only what comes later is looked up each time."""
        return importlib.import_module(SEEN).loaded_now(names=True)

    def prepare(self, conditions: Mapping[str, Any], needs: Needs, *, network: bool = False) -> None:
        """Do nothing: this process is there."""

    @property
    def at_once(self) -> int:
        """One task: the working folder and the import path belong to the whole process."""
        return 1

    def interrupt(self) -> None:
        """Do nothing: the thread that is interrupted is the one that carries out the task."""

    def close(self) -> None:
        """Do nothing: no process is kept."""


def _cpu_us() -> int:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(usage.ru_utime + usage.ru_stime for usage in used) * 1e6)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
