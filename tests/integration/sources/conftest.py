"""A project, and places outside it."""

import pytest

from tests.support.sources import Lake, make_app, postgres_schema


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "ice")


@pytest.fixture
def app(tmp_path):
    opened = make_app(tmp_path / "project")
    yield opened
    opened.close()


@pytest.fixture
def postgres():
    with postgres_schema() as made:
        yield made
