# /proc is listed many times a second, and a Path for each name would cost more than reading it.
# ruff: noqa: PTH208
"""What a process and its descendants use right now, as /proc shows it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One process, of which there may be another with the same id later."""

    pid: int
    parent: int
    session: int
    cpu_ticks: int
    started_ticks: int
    resident_pages: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A process and its descendants at one moment.

    Attributes:
        members: every process in it.
    """

    members: tuple[Process, ...]

    @property
    def cpu_us(self) -> int:
        """CPU time of the living, and of the dead they waited for, in microseconds."""
        return sum(process.cpu_ticks for process in self.members) * 1_000_000 // _ticks_per_s()

    @property
    def resident_bytes(self) -> int:
        """Memory in use, with pages shared between them counted for each."""
        return sum(process.resident_pages for process in self.members) * _page_bytes()

    def own_bytes(self) -> int:
        """Return memory in use, with pages shared with others counted in equal parts; slow, and exact for forked processes."""
        return sum(_proportional_bytes(process.pid) for process in self.members)


@lru_cache
def _ticks_per_s() -> int:
    return os.sysconf("SC_CLK_TCK")


@lru_cache
def _page_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE")


def _proportional_bytes(pid: int) -> int:
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def read_process(pid: int) -> Process | None:
    """Return what /proc says of a process, None if there is none of that id, or it only waits to be waited for."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    held = text.rpartition(")")[2].split()
    if held[0] in "ZX":
        return None
    ticks = sum(int(held[place]) for place in (11, 12, 13, 14))
    return Process(pid, int(held[1]), int(held[3]), ticks, int(held[19]), int(held[21]))


def read_below(root: int) -> Tree:
    """Return the descendants of a process, without itself."""
    found: list[Process] = []
    waiting = [root]
    children = _children_listed if _kernel_lists_children() else _children_searched()
    while waiting:
        below = [process for process in map(read_process, children(waiting.pop())) if process is not None]
        found += below
        waiting += [process.pid for process in below]
    return Tree(tuple(found))


def read_session(session: int) -> Tree:
    """Return every process of a session."""
    processes = map(read_process, _pids())
    return Tree(tuple(process for process in processes if process is not None and process.session == session))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir(PROC) if name.isdecimal()]


@lru_cache
def _kernel_lists_children() -> bool:
    return Path("/proc/self/task", str(os.getpid()), "children").exists()


def _children_listed(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(PROC / str(pid) / "task"):
            found += map(int, (PROC / str(pid) / "task" / thread / "children").read_text().split())
    except OSError:
        return found
    return found


def _children_searched() -> Callable[[int], list[int]]:
    """Return a function that gives the children of a process, from one look at all of them; for kernels that keep no list."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        process = read_process(pid)
        if process is not None:
            children.setdefault(process.parent, []).append(pid)
    return lambda pid: children.get(pid, [])
