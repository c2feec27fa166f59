"""Runs: how they stand, and which may stand for another."""

from dataclasses import replace

import pytest

from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId, RunId, uuid7
from remint.core.run import End, Run, Start, State, serves_cache

A = digest_bytes(b"a")
ID = RunId(uuid7(0, bytes(8)))
START = Start(ID, A, A, {}, "main", PrincipalId("ana"), 0, "first time", A)
DONE = End(ID, State.DONE, 1, guarded=True)


def test_a_run_without_end_is_running():
    assert (Run(START).state, Run(START).id) == (State.RUNNING, ID)


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.STOPPED, State.LOST])
def test_a_run_stands_as_its_end_says(state):
    assert Run(START, End(ID, state, 1)).state is state


def test_a_guarded_finished_run_is_a_cache_source():
    assert serves_cache(DONE, purpose="run")


@pytest.mark.parametrize(
    ("end", "purpose"),
    [
        (replace(DONE, state=State.FAILED), "run"),
        (replace(DONE, state=State.STOPPED), "run"),
        (replace(DONE, state=State.LOST), "run"),
        (replace(DONE, guarded=False), "run"),
        (DONE, "regenerate"),
    ],
    ids=["failed", "stopped", "lost", "unguarded", "regenerated"],
)
def test_no_other_run_is_a_cache_source(end, purpose):
    assert not serves_cache(end, purpose=purpose)
