"""Databases and lakes that tests read from, made by the libraries of these."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pyarrow as pa
import pytest

from remint.app import App, initialise
from remint.config import load
from tests.support.tables import ANA

POSTGRES = os.environ.get("REMINT_TEST_POSTGRES", "")


def make_app(root, settings=""):
    """Return the app of a new project of ana."""
    root.mkdir(exist_ok=True)
    (root / "remint.toml").write_text(f'principal = "ana"\n{settings}')
    initialise(root, owner="ana")
    return App(load(root, environment={}))


class Postgres:
    """A schema of its own in a database."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.uri = POSTGRES

    def run(self, *statements):
        """Run statements, each committed."""
        from adbc_driver_postgresql import dbapi

        with closing(dbapi.connect(self.uri, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement.replace("OWN", self.name))

    def rows(self, query):
        """Return all rows of a query."""
        from adbc_driver_postgresql import dbapi

        with closing(dbapi.connect(self.uri)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(query.replace("OWN", self.name))
            return cursor.fetchall()


@contextmanager
def postgres_schema() -> Iterator[Postgres]:
    """Give a schema that is dropped afterwards."""
    if not POSTGRES:
        pytest.skip("not yet: REMINT_TEST_POSTGRES names no database")
    made = Postgres(f"remint_{os.getpid()}_{os.urandom(4).hex()}")
    made.run("CREATE SCHEMA OWN")
    try:
        yield made
    finally:
        made.run("DROP SCHEMA OWN CASCADE")


def write_delta(path, table, *, mode="append", **options):
    """Write rows to a Delta table."""
    from deltalake import write_deltalake

    write_deltalake(str(path), table, mode=mode, **options)


def write_sqlite(path, *statements):
    """Run statements in a SQLite database."""
    with closing(sqlite3.connect(path)) as opened:
        for statement in statements:
            opened.execute(statement)
        opened.commit()


class Lake:
    """An Iceberg catalog over SQLite, and the settings that name it `ice`."""

    def __init__(self, folder) -> None:
        folder.mkdir()
        self.properties = {"type": "sql", "uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}/warehouse"}
        self.settings = "[data_sources.iceberg.ice]\n" + "".join(
            f'{key} = "{value}"\n' for key, value in self.properties.items()
        )
        self.catalog.create_namespace("sales")

    @property
    def catalog(self):
        """The catalog, opened anew."""
        from pyiceberg.catalog import load_catalog

        return load_catalog("ice", **self.properties)

    def append(self, name, table):
        """Append rows to a table, which is made if need be; return the snapshot."""
        made = self.catalog.create_table_if_not_exists(f"sales.{name}", schema=table.schema)
        made.append(table)
        return made.current_snapshot().snapshot_id

    def expire(self, name, snapshot):
        """Take a snapshot out of the metadata."""
        self.catalog.load_table(f"sales.{name}").maintenance.expire_snapshots().by_id(snapshot).commit()


def read(app, name, text, *, pin=False, **wanted):
    """Add the rows of a source."""
    return app.sources.add(ANA, name, app.sources.wanted(text, **wanted), pin=pin)


ROWS = pa.table({"id": pa.array(range(1000), pa.int64()), "value": pa.array([number / 7 for number in range(1000)])})
MORE = pa.table({"id": pa.array([1000, 1001], pa.int64()), "value": pa.array([0.5, None])})
BOTH = pa.concat_tables([ROWS, MORE])
