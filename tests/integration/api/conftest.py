"""A project with its API, made once for each module."""

from collections.abc import Iterator

import pytest

from tests.support.api import ProjectApi


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectApi]:
    made = ProjectApi(tmp_path_factory.mktemp("project"))
    yield made
    made.close()
