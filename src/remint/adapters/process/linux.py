"""Processes as /proc shows them."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

PROC = Path("/proc")


class ProcProcesses:
    """A process is its number, when it started, and the boot it lives in (see ports.process.Processes)."""

    @cached_property
    def _boot(self) -> str:
        try:
            return (PROC / "sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""

    def here(self) -> Mapping[str, Any]:
        """Return facts that tell this process from every other."""
        return {"boot": self._boot, "pid": os.getpid(), "started": _started(os.getpid())}

    def is_alive(self, place: Mapping[str, Any]) -> bool:
        """Return whether the process that `here` described still runs."""
        if not place.get("boot") or place["boot"] != self._boot:
            return not place.get("boot")
        return _started(int(place["pid"])) == str(place["started"])


def _started(pid: int) -> str:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
