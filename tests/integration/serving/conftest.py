"""A project with one approved model, made once and copied for each test."""

import shutil

import pytest

from tests.support.projects import ModelProject


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
