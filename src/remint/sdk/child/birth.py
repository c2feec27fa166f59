"""From a fork to the user's function: the child gives up what it inherited, takes its limits, and lets the guard down."""

import ctypes
import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, TextIO

from remint.config import Lent
from remint.sdk.child import guard, namespaces, runner, seeds
from remint.sdk.child.guard import OWN, READ, Guarded, Rule
from remint.sdk.child.seen import Loaded

DIE_WITH_PARENT = 1
SLACK_BYTES = 512 << 20
SLACK_PER_THREAD_BYTES = 64 << 20
CPU_GRACE_S = 5
HIGHEST_FILE = 1 << 16


@dataclass(frozen=True, slots=True)
class Womb:
    """What a child has from its zygote.

    Attributes:
        cut: whether there is no network.
        loaded: what was loaded before the fork.
    """

    cut: bool
    loaded: Loaded


class Birth:
    """One child, from just after the fork to its end.

    Args:
        order: the task.
        rules: what every step may read.
        log: the file its output goes to.
        told: the pipe on which the parent is told, before the user's code is loaded, how the child is guarded.
        womb: what the zygote knows of itself.
    """

    def __init__(self, order: dict[str, Any], rules: Sequence[Rule], womb: Womb, *, log: int, told: int) -> None:
        self._order = order
        self._rules = rules
        self._log = log
        self._told = told
        self._womb = womb

    def live(self) -> NoReturn:
        """Carry out the order and end the process, whatever happens."""
        status = 70
        try:
            try:
                begun = self._begin()
            except OSError as error:
                begun = {"error": str(error)}
            os.write(self._told, json.dumps(begun).encode())
            os.close(self._told)
            is_enough = begun.get("level", 0) >= self._order["isolation"]
            if "error" not in begun and not is_enough:  # it is told to the parent, and nothing of the step is loaded
                status = 0
            elif "error" not in begun:
                result = runner.carry_out(
                    self._order,
                    guarded=begun["guarded"],
                    shared=begun.get("shared", True),
                    before_failure=_lift_memory_limit,
                    before=self._womb.loaded,
                )
                runner.save(result, self._order["folder"])
                status = 0
        finally:
            if status != 0:
                traceback.print_exc()
            _flush()
            os._exit(status)

    def _begin(self) -> dict[str, Any]:
        """Make this process the step's own; return how it is guarded."""
        self._detach()
        self._limit()
        os.chdir(self._order["cwd"])
        self._dress()
        seeds.plant(self._order["conditions"].get("seed"))
        return self._guard()

    def _detach(self) -> None:
        parent = os.getppid()
        guard.checked(guard.libc.prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0), "die with the parent")
        if os.getppid() != parent:
            os._exit(70)
        os.setsid()
        os.dup2(self._log, 1)
        os.dup2(self._log, 2)
        self._told = _moved(self._told)
        os.closerange(3, self._told)
        os.closerange(self._told + 1, HIGHEST_FILE)
        faulthandler.enable()

    def _limit(self) -> None:
        limits = self._order["limits"]
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if limits["cpu_s"] is not None:
            _lower(resource.RLIMIT_CPU, limits["cpu_s"], limits["cpu_s"] + CPU_GRACE_S)
        if limits["memory_bytes"] is not None:
            threads = self._order["conditions"].get("threads") or 1
            slack = SLACK_BYTES + threads * SLACK_PER_THREAD_BYTES
            _lower(resource.RLIMIT_DATA, _data_bytes() + limits["memory_bytes"] + slack, resource.RLIM_INFINITY)

    def _dress(self) -> None:
        """Make the interpreter look like one started for this step."""
        sys.path.insert(0, self._order["code"])
        sys.argv = [self._order["module"]]
        Lent(self._order["environment"])
        sys.dont_write_bytecode = True
        del sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # the last one: what comes after it is what the step imports
        sys.stdout = _line_by_line(1)
        sys.stderr = _line_by_line(2)
        tempfile.tempdir = self._order["cwd"]

    def _guard(self) -> dict[str, Any]:
        order = self._order
        parts = [place for given in order["inputs"].values() for _, place in given["parts"]]
        needed = [order["code"], order["cwd"], order["folder"], *parts]
        mounted = namespaces.cover(network=order["network"], needed=needed, size_bytes=order["limits"]["memory_bytes"])
        own = [Rule(order["code"], READ), Rule(order["cwd"], OWN), Rule(order["folder"], OWN)]
        inputs = [Rule(place, READ) for place in parts]
        held = guard.restrict([*self._rules, *own, *inputs, *(mounted or [])], network=order["network"])
        return {
            "guarded": self._is_guarded(held),
            "isolation": self._isolation(held, mounted=mounted is not None),
            "level": self._level(held, mounted=mounted is not None),
            "shared": mounted is not None or not held.abi,
            "why": held.missing,
        }

    def _is_guarded(self, held: Guarded) -> bool:
        without_network = self._order["network"] or self._womb.cut or held.abi >= 4
        return held.abi >= 1 and without_network

    def _isolation(self, held: Guarded, *, mounted: bool) -> str:
        parts = [f"landlock-{held.abi}"] if held.abi else []
        parts += ["netns"] if self._womb.cut else []
        parts += ["mounts"] if mounted else []
        return "+".join(parts) or "none"

    def _level(self, held: Guarded, *, mounted: bool) -> int:
        """Return the level of isolation, as remint.core.isolation names them."""
        if not held.abi:
            return 1
        return 3 if self._womb.cut and mounted else 2


def _line_by_line(number: int) -> TextIO:
    """Return a stream of text that passes each line on at once; those inherited still take their file for the zygote's."""
    return open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _moved(number: int) -> int:
    """Return the number of a file, moved away from those of the standard streams."""
    return number if number > 2 else os.dup(number)


def _lower(limit: int, soft: int, hard: int) -> None:
    """Set a limit, never above the hard one in force."""
    most = resource.getrlimit(limit)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), most if hard == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(limit, (soft, hard))


def _lift_memory_limit() -> None:
    """Let a step that ran out of memory have enough to say so."""
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _data_bytes() -> int:
    text = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmData:")]
    return int(found[0]) * 1024 if found else 0


def _flush() -> None:
    """Write out what Python and C libraries still hold; a stream the step closed has nothing."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    guard.libc.fflush(ctypes.c_void_p(None))
