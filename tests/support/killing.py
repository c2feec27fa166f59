"""Kills a child at every point between two calls that change a disk, one child for each point.

`at_every_point` copies a prepared folder and forks a child that does the work and kills itself (SIGKILL, so that nothing is
cleaned up) right before the N-th such call; then a new copy and N + 1, until a child comes to its end. `killed_everywhere` runs
`main` of a module that does this in a process of its own, so that the process of the tests is never forked.
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from inspect import ismodule
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OF_A_DISK = {
    *("open", "mkdir", "chmod", "fchmod", "rename", "replace", "unlink", "remove", "rmdir", "link", "flock"),
    *("write", "writev", "pwrite", "pwritev", "fsync", "fdatasync", "ftruncate"),
}
"""Functions of modules: posix, io, fcntl."""

OF_A_FILE = {"write", "truncate", "flush", "close"}
"""Methods of open files."""

Begin = Callable[[Path], Callable[[], object]]
"""Gets ready in a folder, and returns the work to be killed."""


def _changes_a_disk(called: Any) -> bool:
    of = getattr(called, "__self__", None)
    if called.__name__ == "execute":
        return isinstance(of, sqlite3.Cursor | sqlite3.Connection)
    if ismodule(of):
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


def at_every_point(first: Path, root: Path, begin: Begin) -> None:
    """Try every point of a work on copies of a folder, in folders of `root` named by their numbers; the last is not killed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    killed, point = True, 0
    while killed:
        point += 1
        folder = root / f"{point:04}"
        shutil.copytree(first, folder)
        child = os.fork()
        if child == 0:
            work = begin(folder)
            _die_at(point)
            work()
            sys.setprofile(None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        assert killed or os.waitstatus_to_exitcode(status) == 0, f"the work failed at point {point}"


def of_a_project(
    root: Path, prepare: Callable[[Path], None], opened: Callable[[Path], Any], act: Callable[[Any, Path], None], part: str
) -> None:
    """Try every point of what is done to a project.

    Args:
        root: for the projects as the kills leave them.
        prepare: makes the project.
        opened: opens it.
        act: is what is killed.
        part: of the app, made before: it opens the catalog.
    """
    first = root.with_name("first")
    prepare(first)
    warm = opened(Path(shutil.copytree(first, first.with_name("warm"))))  # loads all that is needed, before the forks
    act(warm, first.with_name("warm"))
    warm.close()

    def begin(project: Path) -> Callable[[], None]:
        app = opened(project)
        getattr(app, part)
        return lambda: act(app, project)

    at_every_point(first, root, begin)


def killed_everywhere(module: str, work: str, folder: Path) -> list[Path]:
    """Run `main(work, root)` of a module, and return the folders as the kills left them, in order of the points."""
    root = folder / "killed"
    root.mkdir()
    program = f"import sys; from {module} import main; main(*sys.argv[1:])"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-c", program, work, str(root)]
    subprocess.run(command, check=True, timeout=280, env={**os.environ, "PYTHONPATH": path})
    return sorted(root.iterdir())
