"""Kills what is done with secrets at every point (tests.support.killing)."""

from pathlib import Path

from remint.app import App, initialise
from tests.fault.worktree.dying import ANA, opened
from tests.support.killing import killed_everywhere, of_a_project

OLD, NEW = b"the first value", b"the second value"


def prepare(project: Path) -> None:
    """Make a project with a secret."""
    project.mkdir()
    initialise(project, owner="ana")
    app = opened(project)
    app.secrets.set(ANA, "shop", OLD)
    app.close()


def set_again(app: App, _project: Path) -> None:
    """Set another value."""
    app.secrets.set(ANA, "shop", NEW)


def remove(app: App, _project: Path) -> None:
    """Remove the secret."""
    app.secrets.remove(ANA, "shop")


WORKS = {"set_again": set_again, "remove": remove}


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    of_a_project(Path(root), prepare, opened, WORKS[work], "secrets")


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, work, folder)
