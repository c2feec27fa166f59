"""Every catalog, empty but for the artifacts a to d."""

import shutil
from pathlib import Path

import pytest

from remint.adapters.catalog.engine import SqlCatalog
from tests.conformance.catalog.nouns import artifact


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A database file made by the migrations once, to start from copies of it."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.db"
    SqlCatalog(path).close()
    return path


@pytest.fixture(params=["sqlite-file", "sqlite-temporary"])
def catalog(request, tmp_path, migrated):
    path = shutil.copy(migrated, tmp_path) if request.param == "sqlite-file" else None
    opened = SqlCatalog(path and Path(path))
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
