"""A project with one approved model, made once and copied for each test, and servers that are ended whatever happens."""

import shutil

import pytest

from tests.support.projects import ModelProject
from tests.support.serving import LiveServer


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    root = tmp_path_factory.mktemp("released") / "project"
    root.mkdir()
    project = ModelProject(root)
    digest = project.release(1)
    project.close()
    return root, digest


@pytest.fixture
def project(released, tmp_path):
    root = tmp_path / "project"
    shutil.copytree(released[0], root)
    made = ModelProject(root)
    made.first = released[1]
    yield made
    made.close()


@pytest.fixture
def serve(project):
    started = []

    def start(*words):
        started.append(LiveServer(project.root, *words))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()
