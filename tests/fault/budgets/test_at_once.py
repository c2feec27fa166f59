"""Two hundred submissions from three processes against a budget for ten."""

import os
import subprocess
import sys
from contextlib import nullcontext

import pytest

from tests.support.paid import SECOND_MICRO, opened, prepare, standing
from tests.support.postgres import schema
from tests.support.remint_cli import ROOT

SUBMIT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from remint.errors import Denied
from tests.support.paid import opened, submitted

app = opened(Path(sys.argv[1]))
works = [submitted(app) for _ in range(int(sys.argv[2]))]


def attempt(work):
    try:
        app._execution.started(work)
    except Denied as refused:
        assert refused.facts["rule"] == "budget", refused
        return 0
    return 1


print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(attempt, works)))
app.close()
"""
COUNTS = (67, 67, 66)


@pytest.fixture(params=["sqlite", "postgres"])
def project(request, tmp_path):
    with schema() if request.param == "postgres" else nullcontext() as place:
        settings = f'catalog = "{place.public}"\n' if place else ""
        prepare(tmp_path / "project", limit="500.00", parent_limit="100.00", settings=settings)
        yield tmp_path / "project"


def test_exactly_ten_of_two_hundred_parallel_submissions_start_and_nothing_is_overspent(project):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [
        subprocess.Popen([sys.executable, "-c", SUBMIT, str(project), str(count)], env=environment, **pipes) for count in COUNTS
    ]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 3
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    started = [int(process.communicate(timeout=60)[0]) for process in running]
    app = opened(project)
    assert sum(started) == 10
    assert standing(app) == standing(app, "team") == (100 * SECOND_MICRO, 0)
    refused = sum(b'"rule":"budget"' in leaf for leaf in app.audit.export())
    app.close()
    assert refused == 190
