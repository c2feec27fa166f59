"""Every kind of usage log, empty."""

import pytest

from remint.adapters.clock.fixed import FixedClock
from remint.adapters.tables.parquet import write_segment
from remint.adapters.usage.files import FileUsage
from remint.adapters.usage.memory import MemoryUsage

LOGS = {
    "memory": lambda folder: MemoryUsage(folder, write_segment),
    "files": lambda folder: FileUsage(folder / "usage", FixedClock(), write_segment),
}


@pytest.fixture(params=LOGS)
def logs(request, tmp_path):
    return LOGS[request.param](tmp_path)
