"""Kills an add and a checkout right before each call that changes a disk, one child for each such call.

Run as a program: `main(work, root)` prepares a project, then for N = 1, 2, 3 … copies it and forks a child that does the work
and kills itself (SIGKILL) before the N-th call, until a child comes to its end.
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context

ROOT = Path(__file__).parents[3]
ANA = Context(PrincipalId("ana"), "main")
CHANGING = {
    "open",
    "mkdir",
    "chmod",
    "rename",
    "replace",
    "unlink",
    "rmdir",
    "link",
    "write",
    "writev",
    "pwrite",
    "fsync",
    "ftruncate",
}
OLD = {"a": "one", "b/c": "two", "b/d": "three", "e/f/g": "four"}
NEW = {"a": "ONE", "b/c": "two", "b/e": "three", "h": "five"}


def write(folder: Path, files: dict[str, str]) -> None:
    """Make a folder hold exactly these files."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def held(folder: Path) -> dict[str, str]:
    """Return the files of a folder."""
    found = {place.relative_to(folder).as_posix(): place for place in folder.rglob("*") if place.is_file()}
    return {name: place.read_text() for name, place in found.items()}


def opened(project: Path) -> App:
    """Open a project."""
    return App(load(project, environment={}))


def prepare(project: Path) -> None:
    """Make a project with one version of a folder, and change the folder."""
    project.mkdir()
    initialise(project, owner="ana")
    write(project / "landing", OLD)
    app = opened(project)
    app.artifacts.add(ANA, "data/landing", project / "landing")
    app.close()
    write(project / "landing", NEW)


def add(app: App, project: Path) -> None:
    """Add the changed folder."""
    app.artifacts.add(ANA, "data/landing", project / "landing")


def checkout(app: App, project: Path) -> None:
    """Write the first version into a folder."""
    app.artifacts.checkout(app.refs.artifact(ANA, "data/landing@1").digest, project / "out")


WORKS = {"add": add, "checkout": checkout}


def _changes_a_disk(called: Any) -> bool:
    of = getattr(called, "__self__", None)
    if called.__name__ == "execute":
        return isinstance(of, sqlite3.Cursor | sqlite3.Connection)
    return called.__name__ in CHANGING and not isinstance(of, str)


def _die_at(point: int) -> None:
    passed = 0

    def watch(_frame: Any, event: str, called: Any) -> None:
        nonlocal passed
        if event == "c_call" and _changes_a_disk(called):
            passed += 1
            if passed == point:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)


def main(work: str, root: str) -> None:
    """Try every point of a work, each in a folder of `root` named by its number."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    first = Path(root).with_name("first")
    prepare(first)
    killed, point = True, 0
    while killed:
        point += 1
        project = Path(root) / f"{point:04}"
        shutil.copytree(first, project)
        child = os.fork()
        if child == 0:
            app = opened(project)
            app.artifacts, app.refs  # noqa: B018 - loads what is needed, so that only the work is between the calls
            _die_at(point)
            WORKS[work](app, project)
            sys.setprofile(None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        assert killed or os.waitstatus_to_exitcode(status) == 0, f"the work failed at point {point}"


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    root = folder / "killed"
    root.mkdir()
    program = "import sys; from tests.fault.worktree.dying import main; main(*sys.argv[1:])"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-c", program, work, str(root)]
    subprocess.run(command, check=True, timeout=200, env={**os.environ, "PYTHONPATH": path})
    return sorted(root.iterdir())
