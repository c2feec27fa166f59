"""Stories of steps that run at the same time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.remint_cli import ROOT, make_project

PIPELINE = """
import time
from remint import Metrics, pipeline, ref, step


@step(exact="content")
def wait(name: str, seconds: float) -> Metrics:
    print("begins", flush=True)
    time.sleep(seconds)
    return Metrics(name_length=len(name), of={name: 1})


@step(exact="content")
def fail(name: str) -> Metrics:
    raise ValueError(name)


@step(exact="content")
def join(left: Metrics, right: Metrics) -> Metrics:
    return Metrics(both=left["name_length"] + right["name_length"])


@pipeline("value/joined")
def joined(seconds: float = 0.8):
    return join(wait("left", seconds), wait("right", seconds))


@pipeline("value/twice")
def twice():
    return join(wait("same", 0.3), wait("same", 0.3))


@pipeline("value/broken")
def broken():
    return join(fail("left"), wait("slow", 0.8))


@pipeline("value/first")
def first():
    return wait("first", 0.8)


@pipeline("value/second")
def second():
    return wait("second", 0.8)


@pipeline("value/both")
def both():
    return join(ref("value/first"), ref("value/second"))
"""


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "at once", PIPELINE, settings="jobs = 2\n")


def spans(project):
    runs = project.cli("runs", "list", "--json").json["runs"]
    return sorted((run["at_us"], run["at_us"] + run["wall_us"], run["step"].partition(":")[2]) for run in runs)


def overlap(one, other):
    return one[0] < other[1] and other[0] < one[1]


def test_steps_that_do_not_need_each_other_run_at_once(project):
    project.cli("run", "value/joined")
    left, right, last = spans(project)
    assert overlap(left, right)
    assert last[2] == "join"
    assert last[0] >= max(left[1], right[1]) - 100_000
    assert "3 done before" in project.cli("run", "value/joined").out


def test_one_job_runs_one_step_after_the_other(project):
    project.edit("remint.toml", "jobs = 2", "jobs = 1")
    project.cli("run", "value/joined", "-p", "seconds=0.3")
    left, right, _ = spans(project)
    assert not overlap(left, right)


def test_the_same_work_asked_for_twice_is_done_once(project):
    answer = project.cli("run", "value/twice")
    assert "2 ran, 1 done before" in answer.out
    assert [name for *_, name in spans(project)] == ["wait", "join"]


def test_a_failure_lets_the_other_finish_and_its_result_is_kept(project):
    answer = project.cli("run", "value/broken", expect=10)
    assert "ValueError: left" in answer.err
    runs = {run["step"].partition(":")[2]: run["state"] for run in project.cli("runs", "list", "--json").json["runs"]}
    assert runs == {"fail": "failed", "wait": "done"}
    project.edit("pipeline.py", "raise ValueError(name)", "return Metrics(name_length=0)")
    assert "2 ran, 1 done before" in project.cli("run", "value/broken").out


def test_pipelines_that_share_no_ref_run_at_once_and_one_that_reads_them_after_them(project):
    answer = project.cli("run", "value/first", "value/second", "value/both")
    first, second, last = spans(project)
    assert overlap(first, second)
    assert last[2] == "join"
    assert [line.partition(":")[0] for line in answer.out.splitlines() if " ran, " in line] == [
        "value/first",
        "value/second",
        "value/both",
    ]


def test_a_step_that_prints_is_named_while_another_runs(project):
    answer = project.cli("run", "value/joined")
    assert answer.err.count("pipeline:wait: begins") >= 1


def test_ctrl_c_ends_both_steps_and_the_next_call_goes_on(project):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "remint", "run", "value/joined", "-p", "seconds=30"]
    with subprocess.Popen(command, cwd=project.root, env=environment, stderr=subprocess.PIPE, text=True) as process:
        begun = 0
        while begun < 2:
            line = process.stderr.readline()
            assert line, "it ended before both steps began"
            begun += "begins" in line
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.stderr.read()
        process.wait(20)
    assert time.monotonic() - began < 15
    assert process.returncode != 0
    assert len(children) >= 4  # two zygotes, each with a step
    assert not any(map(is_running, children))
    assert "3 ran" in project.cli("run", "value/joined", "-p", "seconds=0.1").out
    states = [run["state"] for run in project.cli("runs", "list", "--json").json["runs"]]
    assert sorted(states) == ["done", "done", "done", "lost", "lost"]


def descendants(pid):
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(place.parent.name)] = int(place.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        below = [child for child, above in parents.items() if above == parent]
        found += below
        waiting += below
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
