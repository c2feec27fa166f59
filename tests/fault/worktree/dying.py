"""Kills an add and a checkout at every point (tests.support.killing)."""

import shutil
from collections.abc import Callable
from pathlib import Path

from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.killing import at_every_point, killed_everywhere

ANA = Context(PrincipalId("ana"), "main")
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


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    first = Path(root).with_name("first")
    prepare(first)

    def begin(project: Path) -> Callable[[], None]:
        app = opened(project)
        app.artifacts, app.refs  # noqa: B018 - loads what is needed, so that only the work is between the calls
        return lambda: WORKS[work](app, project)

    at_every_point(first, Path(root), begin)


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, work, folder)
