"""Kills a push and a pull right before each call that changes a disk, one child for each such call.

Run as a program: `main(work, root)` prepares two projects and a folder between them, then for N = 1, 2, 3 … copies them and
forks a child that does the work and kills itself (SIGKILL) before the N-th call, until a child comes to its end.
"""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context

ROOT = Path(__file__).parents[3]
ANA = Context(PrincipalId("ana"), "main")
OF_A_FILE = {"write", "truncate", "fsync", "flush"}
OF_A_DISK = {"open", "mkdir", "chmod", "rename", "replace", "unlink", "link", "pwritev", "ftruncate", "fdatasync", "fsync"}
FILES = {"a": b"one", "b/c": random.Random(0).randbytes(300_000), "b/d": b"three"}


def opened(folder: Path, side: str) -> App:
    """Open one of the two projects in a folder, with the remote in the same folder."""
    root = folder / side
    (root / "remint.toml").write_text(f'principal = "ana"\nremote = "team"\n[remotes.team]\nurl = "file://{folder}/remote"\n')
    return App(load(root, environment={}))


def prepare(folder: Path, work: str) -> None:
    """Make a project with a version of a folder, and an empty one; for a pull, push it."""
    for side in ("one", "other"):
        (folder / side).mkdir(parents=True)
        opened(folder, side)
        initialise(folder / side, owner="ana")
    for name, content in FILES.items():
        (folder / "landing" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "landing" / name).write_bytes(content)
    app = opened(folder, "one")
    app.artifacts.add(ANA, "data/landing", folder / "landing")
    if work == "pull":
        app.remotes.push(ANA, ["data/landing"])
    app.close()


def push(folder: Path) -> None:
    """Push from the first project."""
    app = opened(folder, "one")
    app.remotes.push(ANA, ["data/landing"])
    app.close()


def pull(folder: Path) -> None:
    """Pull into the second project."""
    app = opened(folder, "other")
    app.remotes.pull(ANA, ["data/landing"])
    app.close()


WORKS = {"push": push, "pull": pull}


def _changes_a_disk(called: Any) -> bool:
    of = getattr(called, "__self__", None)
    if called.__name__ == "execute":
        return isinstance(of, sqlite3.Cursor | sqlite3.Connection)
    if of is os or getattr(of, "__name__", "") in {"posix", "io", "_io"}:
        return called.__name__ in OF_A_DISK
    return called.__name__ in OF_A_FILE and hasattr(of, "fileno")


def _die_at(point: int) -> None:
    passed, lock = 0, threading.Lock()

    def watch(_frame: Any, event: str, called: Any) -> None:
        nonlocal passed
        if event == "c_call" and _changes_a_disk(called):
            with lock:
                passed += 1
                if passed == point:
                    os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(watch)
    sys.setprofile(watch)


def main(work: str, root: str) -> None:
    """Try every point of a work, each in a folder of `root` named by its number."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    first = Path(root).with_name("first")
    prepare(first, work)
    warm = Path(root).with_name("warm")
    shutil.copytree(first, warm)
    WORKS[work](warm)  # loads what is needed, so that only the work is between the calls
    killed, point = True, 0
    while killed:
        point += 1
        folder = Path(root) / f"{point:04}"
        shutil.copytree(first, folder)
        child = os.fork()
        if child == 0:
            _die_at(point)
            WORKS[work](folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        assert killed or os.waitstatus_to_exitcode(status) == 0, f"the work failed at point {point}"


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the folders as the kills left them, in order of the points; the last one was not killed."""
    root = folder / "killed"
    root.mkdir()
    program = "import sys; from tests.fault.remotes.dying import main; main(*sys.argv[1:])"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-c", program, work, str(root)]
    subprocess.run(command, check=True, timeout=250, env={**os.environ, "PYTHONPATH": path})
    return sorted(root.iterdir())
