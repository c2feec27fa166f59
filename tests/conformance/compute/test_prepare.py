"""Processes that are made ready before a task needs them."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from remint.adapters.compute.process import ProcessExecutor
from remint.core.artifact import Kind
from remint.ports.compute import Needs
from tests.conformance.compute.bench import SEEDED, UNSEEDED, Bench, values

RARE = "colorsys"


@pytest.fixture
def own(tmp_path):
    """A project run by an executor that has no process yet."""
    with ProcessExecutor(at_once=2) as executor:
        yield Bench(tmp_path, executor)


def test_a_task_finds_its_modules_loaded(own):
    assert own.value("loaded", name=RARE) is False
    own.executor.prepare({**SEEDED, "hash_seed": 3}, Needs((RARE,), ()))
    assert own.value("loaded", name=RARE, conditions={**SEEDED, "hash_seed": 3}) is True


def test_what_reading_a_kind_needs_is_loaded_too(own):
    own.executor.prepare(SEEDED, Needs((), (Kind.TABLE,)))
    assert own.value("loaded", name="pyarrow.parquet") is True


def test_tasks_wait_for_the_processes_that_are_coming_and_start_none_of_their_own(own):
    for _ in range(2):
        own.executor.prepare(SEEDED, Needs((RARE,), ()))
    tasks = [own.task("loaded", name=RARE) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(own.executor.run, tasks))
    assert [values(result) for result in ended] == [[True], [True]]
    parents = {own.value("parent") for _ in range(4)}
    assert len(parents) == 1
    assert all(own.value("loaded", name=RARE) for _ in range(2))


def test_an_absent_module_and_a_killed_process_are_no_matter(own):
    own.executor.prepare(SEEDED, Needs(("absent_library",), ()))
    os.kill(own.value("parent"), signal.SIGKILL)
    own.executor.prepare(SEEDED, Needs((RARE,), ()))
    assert own.value("add", left=1) == 11


def test_another_hash_seed_is_not_the_fresh_one(own):
    fresh = own.run("hashed", conditions=UNSEEDED)
    other = own.run("hashed", conditions={**UNSEEDED, "hash_seed": "other"})
    assert fresh.observed["hash_seed"] != other.observed["hash_seed"]


def test_closing_ends_what_was_being_prepared_and_nothing_is_prepared_afterwards(tmp_path):
    executor = ProcessExecutor(at_once=2)
    bench = Bench(tmp_path, executor)
    parent = bench.value("parent")
    for seed in range(5):
        executor.prepare({**SEEDED, "hash_seed": seed}, Needs((RARE,), ()))
    executor.close()
    executor.prepare(SEEDED, Needs((), ()))
    with pytest.raises(ProcessLookupError):
        os.kill(parent, 0)
