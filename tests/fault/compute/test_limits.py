"""Steps that take too much: time, CPU, memory, processes, log."""

import time
from pathlib import Path

import pytest

from remint.ports.compute import Limits
from tests.conformance.compute.bench import MIB


def test_a_step_that_runs_too_long_is_stopped(bench):
    began = time.monotonic()
    result = bench.run("sleep", seconds=60, limits=Limits(wall_s=1))
    assert time.monotonic() - began < 5
    assert (result.state, result.error["what"]) == ("stopped", "step work:sleep was stopped at its time limit")
    assert "of 1 s" in result.error["why"]


def test_a_step_that_starts_others_is_stopped_with_them(bench):
    lines = []
    result = bench.run("sleep_with_grandchild", pids=60, limits=Limits(wall_s=1), on_line=lines.append)
    assert result.state == "stopped"
    assert [pid for pid in lines[0].split() if Path("/proc", pid).exists()] == []


def test_a_step_that_computes_too_long_is_stopped(bench):
    result = bench.run("burn", seconds=30, limits=Limits(cpu_s=1))
    assert (result.state, result.error["what"]) == ("stopped", "step work:burn was stopped at its CPU limit")
    assert 900_000 <= result.usage.cpu_us <= 3_000_000


@pytest.mark.parametrize(("step", "arguments"), [("burn_in_children", {"count": 2}), ("burn_in_orphan", {})])
def test_cpu_time_of_what_it_starts_counts(bench, step, arguments):
    result = bench.run(step, **arguments, seconds=1.5, limits=Limits(cpu_s=1))
    assert (result.state, result.error["what"]) == ("stopped", f"step work:{step} was stopped at its CPU limit")


def test_cpu_time_of_what_it_starts_is_metered(bench):
    assert bench.run("burn_in_children", count=2, seconds=0.3).usage.cpu_us >= 600_000


def test_a_step_that_holds_too_much_memory_is_stopped(bench):
    result = bench.run("hold_memory", mib=600, seconds=20, limits=Limits(memory_bytes=200 * MIB))
    assert (result.state, result.error["what"]) == ("stopped", "step work:hold_memory was stopped at its memory limit")
    assert "MiB of 200 MiB" in result.error["why"]
    assert result.usage.peak_bytes < 500 * MIB


def test_a_step_that_asks_for_too_much_at_once_is_stopped(bench):
    result = bench.run("ask_for_memory", mib=64_000, limits=Limits(memory_bytes=200 * MIB))
    assert (result.state, result.error["what"]) == ("stopped", "step work:ask_for_memory was stopped at its memory limit")
    assert "ask_for_memory" in result.error["traceback"]


def test_memory_of_what_it_starts_counts(bench):
    limits = Limits(memory_bytes=200 * MIB)
    result = bench.run("hold_memory_in_children", count=3, mib=100, limits=limits)
    assert (result.state, result.error["what"].split()[-2:]) == ("stopped", ["memory", "limit"])


def test_a_step_within_its_limits_is_not_stopped(bench):
    limits = Limits(memory_bytes=400 * MIB, cpu_s=20, wall_s=60)
    assert bench.value("hold_memory", mib=100, seconds=0.2, limits=limits) == 100


def test_a_bomb_of_processes_is_stopped(bench):
    result = bench.run("bomb", most=1_100)
    assert result.state == "stopped"
    assert result.error["what"] == "step work:bomb was stopped at its limit of processes"
    assert bench.value("nothing") == 0


def test_a_giant_log_is_cut_and_does_not_hold_the_step(bench):
    result = bench.run("print_much", mib=100)
    assert result.state == "done"
    assert result.log.stat().st_size < 17 * MIB
    last = result.log.read_text().splitlines()[-1]
    assert last == "[the log is cut here: 88,080,384 bytes more than 16 MiB were printed]"


def test_a_line_without_an_end_comes_in_pieces(bench):
    lines = []
    assert bench.value("without_line_breaks", kib=300, on_line=lines.append) == 300
    assert (len(lines) > 1, sum(map(len, lines))) == (True, 300 * 1024)


def test_a_step_that_closes_its_streams_still_returns(bench):
    assert bench.value("close_streams") == "closed"


def test_lines_come_while_the_step_runs(bench):
    seen = []
    bench.run("sleep_with_grandchild", pids=1, on_line=lambda line: seen.append(time.monotonic()))
    assert time.monotonic() - seen[0] > 0.8
