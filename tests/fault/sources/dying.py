"""Kills a snapshot, a pin, and the first read of a pinned table at every point (tests.support.killing)."""

from pathlib import Path

from remint.app import App
from tests.fault.worktree.dying import opened
from tests.support.killing import killed_everywhere, of_a_project
from tests.support.sources import MORE, ROWS, Lake, make_app, read, write_sqlite
from tests.support.tables import ANA, held

LAKE = "ice"
"""The folder of a lake beside the projects; they only read from it."""


def prepare(project: Path) -> None:
    """Make a project with a table from a database and one from a lake; to both, rows were added since."""
    lake = Lake(project.with_name(LAKE))
    lake.append("t", ROWS)
    app = make_app(project, lake.settings)
    values = ", ".join(f"({row['id']}, {row['value']!r})" for row in ROWS.to_pylist())
    write_sqlite(project / "rows.db", "CREATE TABLE t (id INTEGER, value REAL)", f"INSERT INTO t VALUES {values}")
    snapshot(app, project)
    pin(app, project)
    read(app, "data/fetch", "iceberg:ice.sales.t", pin=True)
    write_sqlite(project / "rows.db", "INSERT INTO t VALUES (1000, 0.5), (1001, NULL)")
    lake.append("t", MORE)
    app.close()


def snapshot(app: App, project: Path) -> None:
    """Add what is in the database now."""
    read(app, "data/snapshot", f"adbc:adbc_driver_sqlite?uri={project}/rows.db", table="t", order_by=("id",))


def pin(app: App, project: Path) -> None:
    """Pin what is in the lake now."""
    read(app, "data/pin", "iceberg:ice.sales.t", pin=True)


def fetch(app: App, project: Path) -> None:
    """Read what was pinned first."""
    held(app, "data/fetch")


WORKS = {"snapshot": snapshot, "pin": pin, "fetch": fetch}


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    of_a_project(Path(root), prepare, opened, WORKS[work], "sources")


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, work, folder)


__all__ = ["ANA", "WORKS", "kill_everywhere", "opened"]
