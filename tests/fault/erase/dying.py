"""Kills an erasure at every point (tests.support.killing)."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from remint.adapters.tables.parquet import write_segment
from remint.app import App, initialise
from remint.ports.usecases.erasures import Demand
from tests.fault.worktree.dying import ANA, opened
from tests.support.killing import at_every_point, killed_everywhere

HIM = "Q7W-0491"
PEOPLE = [f"Q7W-{number:04}" for number in range(300, 500)]
DEMAND = Demand(HIM, "request 81", "id")


def prepare(project: Path) -> None:
    """Make a project with a table of two versions in two workspaces; the person is in the second."""
    project.mkdir()
    initialise(project, owner="ana")
    for name, rows in (("first", PEOPLE[:150]), ("more", PEOPLE[150:])):
        write_segment(pa.table({"id": rows, "x": range(len(rows))}), project / f"{name}.parquet")
    app = opened(project)
    app.artifacts.add(ANA, "data/people", project / "first.parquet")
    app.table_versions.append(ANA, "data/people", [project / "more.parquet"])
    app.refs.fork(ANA, "box")
    for path in app.artifacts.files(app.refs.artifact(ANA, "data/people").digest):
        assert path[1].exists()  # extracted, so that there is more to remove
    app.close()


def erase(app: App) -> None:
    """Erase the person."""
    app.erasures.erase(ANA, DEMAND)


def main(_work: str, root: str) -> None:
    """Try every point of an erasure."""
    first = Path(root).with_name("first")
    prepare(first)
    warm = opened(Path(shutil.copytree(first, first.with_name("warm"))))  # loads all that is needed, before the forks
    erase(warm)
    warm.close()

    def begin(project: Path) -> Callable[[], None]:
        app = opened(project)
        app.erasures  # noqa: B018 - opens the catalog
        return lambda: erase(app)

    at_every_point(first, Path(root), begin)


def kill_everywhere(folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, "erase", folder)
