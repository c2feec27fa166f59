"""What every executor promises of the secrets of a task (remint.ports.compute.Given)."""

import os
from dataclasses import replace

import pytest

from remint.ports.compute import Given

VALUE = "correct horse battery staple"
GIVEN = (Given("warehouse", "WAREHOUSE_PASSWORD", VALUE.encode()),)


def run(bench, step, *, on_line=None, secrets=GIVEN, **given):
    return bench.executor.run(replace(bench.task(step, network=True, **given), secrets=secrets), on_line=on_line)


def test_a_step_finds_its_secret_in_its_environment(bench):
    result = run(bench, "measure_variable", name="WAREHOUSE_PASSWORD")
    assert (bench.outcome(result), "WAREHOUSE_PASSWORD" in os.environ) == (len(VALUE), False)


def test_a_step_that_is_given_none_finds_none(bench):
    assert run(bench, "measure_variable", name="WAREHOUSE_PASSWORD").state == "done"
    assert bench.outcome(run(bench, "measure_variable", secrets=(), name="WAREHOUSE_PASSWORD")) == -1


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_what_it_prints_is_kept_and_shown_without_the_value(bench, pieces):
    lines = []
    result = run(bench, "print_variable", on_line=lines.append, name="WAREHOUSE_PASSWORD", pieces=pieces)
    assert result.state == "done", result.error
    log = result.log.read_text()
    assert (VALUE in log, "it is [secret warehouse]." in log) == (False, True)
    assert (VALUE in "\n".join(lines), "it is [secret warehouse]." in "\n".join(lines)) == (False, True)


def test_what_it_fails_with_is_told_without_the_value(bench):
    result = run(bench, "raise_variable", name="WAREHOUSE_PASSWORD")
    told = " ".join(result.error.values())
    assert (result.state, VALUE in told) == ("failed", False)
    assert "[secret warehouse]" in told


def test_a_later_step_does_not_find_the_value_in_its_memory(guarded):
    assert run(guarded, "measure_variable", name="WAREHOUSE_PASSWORD").state == "done"
    found = run(guarded, "search_memory", secrets=(), start=VALUE[:12], end=VALUE[12:])
    assert guarded.outcome(found) == 0


def test_a_task_is_shown_without_the_value():
    assert VALUE not in repr(GIVEN)
