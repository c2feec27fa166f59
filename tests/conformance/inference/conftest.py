"""A real serving process with one approved model."""

import pytest

from tests.support.projects import ModelProject
from tests.support.serving import LiveServer


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("inference") / "project"
    root.mkdir()
    made = ModelProject(root)
    made.first = made.release(1)
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(project):
    live = LiveServer(project.root).ready()
    yield live
    assert live.stop() == 0, live.log()


@pytest.fixture
def client(server):
    made = server.client()
    yield made
    made.close()
