"""A client or its server is killed while a step runs: nothing is recorded by halves, and the same command completes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.support.api import PATIENCE_S, LiveApi
from tests.support.doors import World, lent
from tests.support.remint_cli import ROOT, Project

PIPELINE = """
import time
from pathlib import Path

from remint import Table, pipeline, step


@step
def slow(rows: int = 3) -> Table:
    time.sleep(600 if rows == 7 else 0)
    return Table({"x": list(range(rows))})


@pipeline("data/slow")
def slowly(rows: int = 3):
    return slow(rows)
"""


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, "cli-remote")
    world.person("ana").do("fork", name="try")
    yield world
    world.server.stop()


@pytest.fixture
def laptop(world):
    folder = Project(world.client("ana"))
    folder.write("pipeline.py", PIPELINE)
    return folder


def variables(world):
    return {"REMINT_URL": world.server.url, "REMINT_TOKEN": world.tokens["ana"]}


def running(world, laptop):
    """Start a run that does not end by itself, wait until the server knows of it, and return its process."""
    command = [sys.executable, "-m", "remint", "-w", "try", "run", "data/slow", "-p", "rows=7"]
    environment = {**os.environ, **variables(world), "PYTHONPATH": str(ROOT / "src")}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=laptop.root, env=environment, start_new_session=True, **pipes)
    until_s = time.monotonic() + PATIENCE_S
    while not states(world, laptop):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until_s
        time.sleep(0.1)
    return process


def states(world, laptop):
    with lent(variables(world)):
        return [run["state"] for run in laptop.cli("--json", "runs", "list").json["runs"]]


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_S)
    process.stderr.close()


def test_a_run_whose_client_was_killed_is_lost_once_its_person_runs_something_again(world, laptop):
    kill(running(world, laptop))
    assert states(world, laptop) == ["running"]
    with lent(variables(world)):
        laptop.cli("-w", "try", "run", "data/slow")
        assert states(world, laptop) == ["done", "lost"]
        moves = laptop.cli("--json", "-w", "try", "log", "data/slow").json["moves"]
    assert len(moves) == 1


def test_a_server_that_was_killed_while_a_client_runs_is_told_of_it_when_it_is_back(world, laptop):
    process = running(world, laptop)
    world.server.kill()
    kill(process)
    world.server = LiveApi(world.project.root, name="again")
    with lent(variables(world)):
        laptop.cli("-w", "try", "run", "data/slow")
        assert laptop.cli("--json", "-w", "try", "run", "data/slow").json["pipelines"][0]["steps"][0]["ran"] is False
    assert states(world, laptop) == ["done", "lost"]
    world.project.cli("audit", "verify")
