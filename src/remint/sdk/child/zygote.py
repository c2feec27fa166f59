# Paths are text here, as they are in guard.py.
# ruff: noqa: PTH123, PTH208
"""A process that has imported what steps need and does nothing but fork: one child a step, one step at a time.

It speaks protocol 1: JSON lines over the socket it is given as standard input. It is told `load`, `run` and `stop`; it says
`ready`, `loaded`, `started`, `ended` and `refused`. When the socket closes it kills what runs and ends. Whatever a step leaves
running comes back to this process, the reaper of its descendants, and is killed before `ended` is said.
"""

import gc
import importlib
import json
import os
import platform
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remint.sdk.child import guard, namespaces, runner
from remint.sdk.child.birth import Birth, Womb
from remint.sdk.child.seen import Loaded, loaded_now

CODECS = "remint.sdk.codecs"
NEVER_LOADED = {"grpc", "jax", "polars", "pyspark", "tensorflow"}
"""Libraries that start threads when they are imported, which a fork would lose; each child imports them for itself."""

BECOME_REAPER = 36
TICK_MS = 1_000
KILL_S = 10
LINE = 1 << 20


@dataclass(slots=True)
class Spent:
    """What processes used, as the kernel counted it when they were waited for."""

    cpu_us: int = 0
    peak_bytes: int = 0
    status: dict[int, int] = field(default_factory=dict)

    def wait(self, *, flags: int = 0) -> bool:
        """Wait for one child; return whether there may be more.

        Raises:
            ChildProcessError: there is no child left.
        """
        pid, status, usage = os.wait4(-1, flags)
        if pid == 0:
            return False
        self.cpu_us += round((usage.ru_utime + usage.ru_stime) * 1e6)
        self.peak_bytes = max(self.peak_bytes, usage.ru_maxrss * 1024)
        self.status[pid] = status
        return True


class Control:
    """The socket to the parent."""

    def __init__(self, held: socket.socket) -> None:
        self._socket = held
        self._read = b""
        self._files: list[int] = []

    def fileno(self) -> int:
        """Return its number, for polling."""
        return self._socket.fileno()

    def say(self, what: str, **facts: object) -> None:
        """Send one line; a parent that is gone is noticed when reading."""
        try:
            self._socket.sendall(json.dumps({"v": runner.PROTOCOL, "say": what, **facts}).encode() + b"\n")
        except OSError:
            return

    def receive(self) -> Iterator[dict[str, Any]]:
        """Wait for what comes next and yield the whole lines of it.

        Raises:
            EOFError: the parent closed the socket, or is gone.
        """
        try:
            content, files, _, _ = socket.recv_fds(self._socket, LINE, 1)
        except ConnectionError as error:
            raise EOFError from error
        if not content:
            raise EOFError
        self._files += files
        self._read += content
        *lines, self._read = self._read.split(b"\n")
        yield from (json.loads(line) for line in lines)

    def take_file(self) -> int:
        """Return the file that came with a request; the caller closes it."""
        return self._files.pop(0)


class Zygote:
    """Forks a child for each task and reports how it ended."""

    def __init__(self, control: Control, *, offline: bool) -> None:
        self._control = control
        self._parent = os.getppid()
        self._loaded: set[str] = set()
        self._womb = Womb(offline and namespaces.leave_network(), Loaded())
        self._package = str(Path(__file__).resolve().parents[2])
        readable = guard.readable((), (self._package,))
        sys.path[:] = [path for path in sys.path if any(guard.is_within(os.path.realpath(path), place) for place in readable)]

    def serve(self) -> None:
        """Carry out requests until the parent closes the socket."""
        guard.checked(guard.libc.prctl(BECOME_REAPER, 1, 0, 0, 0), "become the reaper of descendants")
        self._control.say("ready", python=platform.python_version(), landlock=guard.landlock_abi(), cut=self._womb.cut)
        poll = select.poll()
        poll.register(self._control.fileno(), select.POLLIN)
        while os.getppid() == self._parent:
            if not poll.poll(TICK_MS * 5):
                continue
            for request in self._control.receive():
                if request["do"] == "run":
                    self._run(request)
                elif request["do"] == "load":
                    self._load_for(request["modules"], {"inputs": {}, "outputs": [["", kind] for kind in request["kinds"]]})
                    self._control.say("loaded")

    def _load(self, modules: list[str]) -> None:
        wanted = (name for name in (CODECS, *modules) if name.partition(".")[0] not in NEVER_LOADED)
        new = [name for name in wanted if name not in self._loaded]
        if new:
            runner.preload(new)
            self._loaded.update(new)
            self._womb = Womb(self._womb.cut, loaded_now())
            gc.collect()
            gc.freeze()

    def _load_for(self, modules: list[str], order: dict[str, Any]) -> None:
        self._load([])
        self._load([*modules, *importlib.import_module(CODECS).modules_for(order)])

    def _run(self, request: dict[str, Any]) -> None:
        log = self._control.take_file()
        order = request["order"]
        self._load_for(request["modules"], order)
        rules = guard.fixed_rules(tuple(request["keep_out"]), (self._package,), network=order["network"])
        heard, told = os.pipe()
        began_ns = time.monotonic_ns()
        try:
            pid = os.fork()
        except OSError as error:
            self._control.say("refused", id=request["id"], why=f"no process could be started: {error}")
            for held in (heard, told, log):
                os.close(held)
            return
        if pid == 0:
            Birth(order, rules, self._womb, log=log, told=told).live()
        os.close(told)
        os.close(log)
        self._control.say("started", id=request["id"], pid=pid)
        spent = self._watch(pid)
        wall_us = (time.monotonic_ns() - began_ns) // 1000
        with os.fdopen(heard, "rb") as told_by_child:
            begun = json.loads(told_by_child.read() or "{}")
        self._control.say(
            "ended",
            id=request["id"],
            status=spent.status.get(pid, signal.SIGKILL),
            cpu_us=spent.cpu_us,
            peak_bytes=spent.peak_bytes,
            wall_us=wall_us,
            over_cpu=any(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU for status in spent.status.values()),
            begun=begun,
        )

    def _watch(self, pid: int) -> Spent:
        """Wait for a child's end, or for the parent to say stop; leave no descendant running."""
        spent = Spent()
        handle = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.register(self._control.fileno(), select.POLLIN)
            while pid not in spent.status:
                ready = {number for number, _ in poll.poll(TICK_MS)}
                if self._is_told_to_stop(ready):
                    break
                while pid not in spent.status and spent.wait(flags=os.WNOHANG):
                    continue
        except EOFError:
            self._end_all(spent)
            raise
        finally:
            os.close(handle)
        self._end_all(spent)
        return spent

    def _is_told_to_stop(self, ready: set[int]) -> bool:
        if os.getppid() != self._parent:
            raise EOFError
        return self._control.fileno() in ready and any(request["do"] == "stop" for request in self._control.receive())

    def _end_all(self, spent: Spent) -> None:
        """Kill every descendant and wait for each, until there is none; give up on what does not die in 10 seconds."""
        until = time.monotonic() + KILL_S
        try:
            while time.monotonic() < until:
                if spent.wait(flags=os.WNOHANG):
                    continue
                for other in descendants(os.getpid()):
                    _kill(other)
                time.sleep(0.001)
        except ChildProcessError:
            return


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def descendants(ancestor: int) -> list[int]:
    """Return the ids of all processes below one, as /proc shows them now."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def main() -> None:
    """Serve the socket that is standard input; `offline` as the argument leaves the network first."""
    control = Control(socket.socket(fileno=os.dup(0)))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    try:
        Zygote(control, offline="offline" in sys.argv[1:]).serve()
    except EOFError:
        return


if __name__ == "__main__":
    main()
