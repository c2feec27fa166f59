"""Kills an append and an upsert at every point (tests.support.killing)."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from remint.adapters.tables.parquet import write_segment
from remint.app import App, initialise
from tests.fault.worktree.dying import ANA, opened
from tests.support.killing import killed_everywhere, of_a_project

BEFORE = pa.table({"id": np.arange(5000), "value": np.arange(5000) / 7})
MORE = pa.table({"id": [-1], "value": [0.75]})
ROWS = pa.table({"id": [5, 6000], "value": [0.25, 0.5]})
APPENDED = pa.concat_tables([BEFORE, *[MORE] * 7, ROWS])
UPSERTED = pa.concat_tables([BEFORE.slice(0, 5), ROWS.slice(0, 1), BEFORE.slice(6), ROWS.slice(1)])


def prepare(project: Path) -> None:
    """Make a project with a table to upsert to, and one that was appended to seven times: the next append joins segments."""
    project.mkdir()
    initialise(project, owner="ana")
    for name, table in (("before", BEFORE), ("more", MORE), ("rows", ROWS)):
        write_segment(table, project / f"{name}.parquet")
    app = opened(project)
    for name in ("data/append", "data/upsert"):
        app.artifacts.add(ANA, name, project / "before.parquet")
    for _ in range(7):
        app.table_versions.append(ANA, "data/append", [project / "more.parquet"])
    app.close()


def append(app: App, project: Path) -> None:
    """Append two rows."""
    app.table_versions.append(ANA, "data/append", [project / "rows.parquet"])


def upsert(app: App, project: Path) -> None:
    """Put one row in the place of another, and one after the last."""
    app.table_versions.upsert(ANA, "data/upsert", [project / "rows.parquet"], key=["id"])


WORKS = {"append": append, "upsert": upsert}


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    of_a_project(Path(root), prepare, opened, WORKS[work], "table_versions")


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, work, folder)
