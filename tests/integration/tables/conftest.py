"""A project with a table, and files to change it with."""

import numpy as np
import pyarrow as pa
import pytest

from remint.adapters.tables.parquet import write_segment
from remint.app import App, initialise
from remint.config import load
from tests.support.tables import ANA, ROWS, X


@pytest.fixture
def app(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    initialise(root, owner="ana")
    opened = App(load(root, environment={}))
    yield opened
    opened.close()


@pytest.fixture
def table():
    draw = np.random.default_rng(2)
    return pa.table({"id": np.arange(ROWS), "value": draw.normal(size=ROWS), "name": [f"n{n % 900}" for n in range(ROWS)]})


@pytest.fixture
def file(app):
    made = iter(range(1000))

    def write(table):
        path = app.settings.root / f"{next(made)}.parquet"
        write_segment(table, path)
        return path

    return write


@pytest.fixture
def added(app, file, table):
    return app.artifacts.add(ANA, X, file(table)).artifact
