"""What is killed at every point: a second backup, and putting one back."""

import shutil
from collections.abc import Callable
from pathlib import Path

from remint.adapters.backups.folder import BackupFolder
from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.killing import at_every_point, killed_everywhere

ANA = Context(PrincipalId("ana"), "main")


def opened(folder: Path) -> App:
    """Return the app of the project in a folder."""
    return App(load(folder / "project", environment={}))


def add(app: App, folder: Path, text: str) -> None:
    """Add a version of data/text."""
    place = folder / "text.txt"
    place.write_text(text)
    app.artifacts.add(ANA, "data/text", place)


def prepare(folder: Path) -> None:
    """Make a project with a backup, and something newer than it."""
    (folder / "project").mkdir(parents=True)
    initialise(folder / "project", owner="ana")
    app = opened(folder)
    add(app, folder, "one")
    app.backups.take(ANA, folder / "backups")
    add(app, folder, "two")
    app.close()


def lose(folder: Path) -> None:
    """Lose the whole state of the project."""
    shutil.rmtree(folder / "project" / ".remint")


def put_back(folder: Path) -> None:
    """Put the newest backup back."""
    backups = BackupFolder(folder / "backups", folder / "project" / ".remint")
    backups.put_back(backups.all()[-1])


def _backup(folder: Path) -> Callable[[], object]:
    app = opened(folder)
    assert app.catalog, app.backups
    return lambda: app.backups.take(ANA, folder / "backups")


def _restore(folder: Path) -> Callable[[], object]:
    lose(folder)
    return lambda: put_back(folder)


WORKS = {"backup": _backup, "restore": _restore}


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the folders as kills during a work left them, in order of the points."""
    return killed_everywhere("tests.fault.backups.dying", work, folder)


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    first = Path(root).with_name("first")
    prepare(first)
    warm = shutil.copytree(first, first.with_name("warm"))
    WORKS[work](warm)()
    at_every_point(first, Path(root), WORKS[work])
