"""Every catalog, empty but for the artifacts a to d."""

import shutil
from pathlib import Path

import pytest

from remint.adapters.catalog.engine import SqlCatalog
from tests.conformance.catalog.nouns import artifact
from tests.support.postgres import empty, schema

CATALOGS = ("sqlite-file", "sqlite-temporary", "postgres")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A database file made by the migrations once, to start from copies of it."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.db"
    SqlCatalog(path).close()
    return path


@pytest.fixture(scope="session")
def in_postgres():
    """A schema made by the migrations once; every test that uses it finds it empty."""
    with schema() as url:
        SqlCatalog(url).close()
        yield url


def place_of(request, tmp_path):
    """Return where the catalog of a parameter is."""
    if request.param == "postgres":
        url = request.getfixturevalue("in_postgres")
        empty(url)
        return url
    if request.param == "sqlite-file":
        return Path(shutil.copy(request.getfixturevalue("migrated"), tmp_path))
    return None


@pytest.fixture(params=CATALOGS)
def catalog(request, tmp_path):
    opened = SqlCatalog(place_of(request, tmp_path))
    with opened.begin() as tx:
        for name in "abcd":
            tx.artifacts.add(artifact(name), at_us=0)
    yield opened
    opened.close()


@pytest.fixture
def tx(catalog):
    """A writing transaction, open for the whole test."""
    with catalog.begin() as opened:
        yield opened
