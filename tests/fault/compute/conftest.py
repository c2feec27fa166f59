"""A fresh executor for each test, since these end or kill what it keeps."""

import pytest

from remint.adapters.compute.process import ProcessExecutor
from tests.conformance.compute.bench import Bench


@pytest.fixture
def bench(tmp_path):
    with ProcessExecutor(at_once=3) as executor:
        yield Bench(tmp_path, executor)
