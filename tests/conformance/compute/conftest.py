"""Both executors, and the guarded one alone."""

import pytest

from remint.adapters.compute.inline import InlineExecutor
from remint.adapters.compute.process import ProcessExecutor
from tests.conformance.compute.bench import Bench


@pytest.fixture(scope="module")
def process_executor():
    with ProcessExecutor() as executor:
        yield executor


@pytest.fixture(params=["process", "inline"])
def bench(request, tmp_path):
    """A project, run by each executor in turn."""
    executor = request.getfixturevalue("process_executor") if request.param == "process" else InlineExecutor()
    return Bench(tmp_path, executor)


@pytest.fixture
def guarded(process_executor, tmp_path):
    """A project, run in guarded processes."""
    return Bench(tmp_path, process_executor)
