"""Kills the start and the end of a charged run at every point (tests.support.killing)."""

from pathlib import Path

from remint.app import App
from tests.support.killing import killed_everywhere, of_a_project
from tests.support.paid import end, opened, prepare, start


def reserve(app: App, _project: Path) -> None:
    """Start a run."""
    start(app)


def settle(app: App, _project: Path) -> None:
    """Start a run and end it."""
    end(app, start(app), cpu_s=3)


WORKS = {"reserve": reserve, "settle": settle}


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    of_a_project(Path(root), prepare, opened, WORKS[work], "_execution")


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, work, folder)
