"""Catalogs in Postgres, each in a schema of its own that is dropped afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from remint.adapters.catalog.tables import metadata
from remint.core.database_url import DatabaseUrl, parse_database_url
from tests.support.remint_cli import Project

POSTGRES = os.environ.get("REMINT_TEST_POSTGRES", "")


def run(url: DatabaseUrl, statement: str) -> None:
    """Run statements as the owner of the database, past Remint and its triggers."""
    with connected(url) as connection:
        connection.execute(f"SET session_replication_role = replica; {statement}")


def connected(url: DatabaseUrl) -> "psycopg.Connection[tuple[object, ...]]":
    """Return a plain connection to the schema of a catalog, which commits each statement."""
    place = {"host": url.host, "port": url.port, "dbname": url.database, "user": url.user}
    return psycopg.connect(**place, options=f"-c search_path={url.schema}", autocommit=True)


def empty(url: DatabaseUrl) -> None:
    """Take every row out of a catalog."""
    run(url, "; ".join(f"DELETE FROM {table}" for table in metadata.tables))


@contextmanager
def schema() -> Iterator[DatabaseUrl]:
    """Give the place of a catalog that does not exist yet."""
    if not POSTGRES:
        pytest.skip("not yet: REMINT_TEST_POSTGRES names no database")
    url = parse_database_url(f"{POSTGRES}?schema=remint_{os.getpid()}_{os.urandom(4).hex()}")
    try:
        yield url
    finally:
        run(url, f"DROP SCHEMA IF EXISTS {url.schema} CASCADE")


def moved(project: Project, url: DatabaseUrl) -> Project:
    """Bring the records of a project to Postgres, and take the file with them away."""
    project.cli("migrate", "--to", url.public)
    (project.root / ".remint/catalog.db").unlink()
    text = (project.root / "remint.toml").read_text()
    project.write("remint.toml", f'catalog = "{url.public}"\n{text}')
    return project
