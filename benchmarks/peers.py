"""Peers in environments of their own, and how CPU and disk are measured."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).resolve().parents[1] / ".bench"
DVC = "dvc==3.67.1"


def peer(requirement: str, *others: str) -> Path:
    """Return the `bin` folder of an environment that holds one pinned peer, and what it needs; made on first use."""
    folder = HOME / requirement.replace("==", "-")
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "pip", "install", "-qq", requirement, *others], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "compileall", "-q", folder / "lib"], check=False)
        (folder / "ready").touch()
    return folder / "bin"


def ours() -> list[str]:
    """Return the command `remint` of this environment."""
    return [sys.executable, "-m", "remint"]


def clean() -> dict[str, str]:
    """Return an environment in which bytecode is cached, as on a user's machine."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(command: Sequence[str | Path], folder: Path) -> None:
    """Run a command silently, in an environment as on a user's machine."""
    subprocess.run(command, cwd=folder, env=clean(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu_of(command: Sequence[str | Path], folder: Path, *, runs: int = 5) -> float:
    """Return the smallest CPU time of a command in seconds, user and system, itself and what it waited for."""
    best = float("inf")
    for _ in range(runs):
        before = _children()
        run(command, folder)
        best = min(best, _children() - before)
    return best


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fsync_median_ms(folder: Path, *, runs: int = 30) -> float:
    """Return the median time of one fsync of a small file on the disk of `folder`."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(runs):
            file.write(b"x" * 100)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)
