"""Watching a running step: its output, its limits, and the zygote's word that it has ended."""

import os
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remint.adapters.compute.log import Log
from remint.adapters.compute.tree import read_below
from remint.adapters.compute.zygote import Zygote, unavailable
from remint.ports.compute import Limits

SAMPLE_S = 0.05
SHARE = 20
"""Looking at /proc may take at most one part in so many of the time."""
CHUNK = 1 << 18
PROCESSES = 1_024
PATIENCE_S = 15
MIB = 1 << 20


class NotStartedError(Exception):
    """The zygote ended before it started the step."""


@dataclass(slots=True)
class Ending:
    """How a child ended.

    Attributes:
        status: as wait gives it; None if the zygote died under it.
        over_cpu: whether the kernel killed it, or an orphan of it, for using too much CPU time.
        stopped: what limit it was stopped at: `what`, `why` and `next_step`; empty if it ended by itself.
        begun: how it was guarded, or `error` if it did not get that far.
    """

    status: int | None = None
    cpu_us: int = 0
    wall_us: int = 0
    peak_bytes: int = 0
    over_cpu: bool = False
    stopped: Mapping[str, str] = field(default_factory=dict)
    begun: Mapping[str, Any] = field(default_factory=dict)


class Watch:
    """Follows one step from the request to its end.

    Args:
        step: its name, for sentences.
        limits: what it may use.
        output: the reading end of its output, not blocking.
    """

    def __init__(self, zygote: Zygote, step: str, limits: Limits, output: int, log: Log) -> None:
        self._zygote = zygote
        self._step = step
        self._limits = limits
        self._output = output
        self._log = log
        self._began_s = time.monotonic()
        self._look_at_s = self._began_s + SAMPLE_S
        self._give_up_at_s: float | None = None
        self._ending = Ending()
        self.child: int | None = None

    def follow(self) -> Ending:
        """Wait for the end.

        Raises:
            NotStartedError: the zygote died before the step began.
            Unavailable: no process could be forked.
        """
        poll = select.poll()
        poll.register(self._zygote.fileno(), select.POLLIN)
        poll.register(self._output, select.POLLIN)
        ended = False
        while not ended:
            for number, _ in poll.poll(self._pause_ms()):
                if number == self._output:
                    if not self._drain_once():
                        poll.unregister(self._output)
                else:
                    ended = self._listen()
            if not ended:
                self._look()
        while self._drain_once():
            continue
        return self._ending

    def _pause_ms(self) -> int:
        return max(1, round((self._look_at_s - time.monotonic()) * 1_000))

    def _drain_once(self) -> bool:
        """Take what was printed; return whether there may be more."""
        try:
            content = os.read(self._output, CHUNK)
        except BlockingIOError:
            return False
        self._log.write(content)
        return bool(content)

    def _listen(self) -> bool:
        """Hear what the zygote says; return whether the step has ended."""
        try:
            lines = self._zygote.receive()
        except EOFError as error:
            if self.child is None:
                raise NotStartedError from error
            self._ending.wall_us = round((time.monotonic() - self._began_s) * 1e6)
            return True
        for line in lines:
            if line["say"] == "started":
                self.child = line["pid"]
            elif line["say"] == "refused":
                raise unavailable(line["why"])
            else:
                self._end(line)
                return True
        return False

    def _end(self, line: Mapping[str, Any]) -> None:
        ending = self._ending
        ending.status = line["status"]
        ending.cpu_us = line["cpu_us"]
        ending.wall_us = line["wall_us"]
        ending.peak_bytes = max(ending.peak_bytes, line["peak_bytes"])
        ending.over_cpu = line["over_cpu"]
        ending.begun = line["begun"]

    def _look(self) -> None:
        """Every 50 ms, compare what the step uses with what it may use, and have it killed if that is more."""
        now_s = time.monotonic()
        if now_s < self._look_at_s:
            return
        if self._give_up_at_s is not None:
            if now_s > self._give_up_at_s:
                self._zygote.kill()
        elif words := self._over_wall(now_s) or self._over_limits():
            self._ending.stopped = words
            self._give_up_at_s = now_s + PATIENCE_S
            self._zygote.send_stop()
        took_s = time.monotonic() - now_s
        self._look_at_s = now_s + took_s + max(SAMPLE_S, SHARE * took_s)

    def _over_wall(self, now_s: float) -> dict[str, str]:
        limit_s = self._limits.wall_s
        if limit_s is None or now_s - self._began_s <= limit_s:
            return {}
        return self._words("time limit", f"it ran for {now_s - self._began_s:,.1f} s of {limit_s:,} s (`wall_s`)", "wall_s=…")

    def _over_limits(self) -> dict[str, str]:
        tree = read_below(self._zygote.pid)
        limits = self._limits
        if len(tree.members) > PROCESSES:
            why = f"it had {len(tree.members):,} processes at once; more than {PROCESSES:,} are taken for a mistake"
            return self._words("limit of processes", why, "")
        if limits.cpu_s is not None and tree.cpu_us > limits.cpu_s * 1_000_000:
            return over_cpu(self._step, tree.cpu_us, limits.cpu_s)
        resident = tree.resident_bytes
        if limits.memory_bytes is not None and resident > limits.memory_bytes:
            resident = tree.own_bytes()
        self._ending.peak_bytes = max(self._ending.peak_bytes, resident if len(tree.members) > 1 else 0)
        if limits.memory_bytes is not None and resident > limits.memory_bytes:
            used, limit = resident / MIB, limits.memory_bytes / MIB
            return self._words("memory limit", f"it used {used:,.0f} MiB of {limit:,.0f} MiB (`memory`)", 'memory="…"')
        return {}

    def _words(self, limit: str, why: str, option: str) -> dict[str, str]:
        return limit_words(self._step, limit, why, option)


def limit_words(step: str, limit: str, why: str, option: str) -> dict[str, str]:
    """Return the three sentences for a step stopped at a limit, and under `limit` the name of that, if it has one."""
    named = {"limit": option.partition("=")[0]} if option else {}
    advice = f"raise the limit (`{option}`), or give the step less to do" if option else "look for what starts them"
    return {"what": f"step {step} was stopped at its {limit}", "why": why, "next_step": advice, **named}


def over_cpu(step: str, used_us: int, limit_s: int) -> dict[str, str]:
    """Return the three sentences for a step that used more CPU time than it may."""
    why = f"it used {used_us / 1e6:,.1f} s of CPU time of {limit_s:,} s (`cpu_s`)"
    return limit_words(step, "CPU limit", why, "cpu_s=…")
