"""What every executor promises of the level of isolation (remint.core.isolation)."""

from dataclasses import replace

import pytest

from remint.adapters.compute.inline import InlineExecutor
from remint.core.isolation import FILES, NAMESPACES, NONE, PROCESS
from tests.conformance.compute.bench import Bench


def run(bench, level, *, network=False):
    return bench.executor.run(replace(bench.task("announce", network=network), isolation=level))


def test_a_step_that_reaches_the_level_runs_and_the_level_is_recorded(guarded):
    guarded.need("netns")
    guarded.need("mounts")
    for level in (NONE, PROCESS, FILES, NAMESPACES):
        result = run(guarded, level)
        assert (result.state, result.observed["isolation_level"]) == ("done", NAMESPACES)


def test_a_step_that_does_not_reach_it_is_refused_before_its_first_line(guarded):
    result = run(guarded, NAMESPACES, network=True)
    assert (result.state, result.error["limit"], result.outputs) == ("stopped", "isolation", {})
    assert "level 3 of isolation is demanded" in result.error["why"]
    assert (result.observed["isolation_level"], "announced" in result.log.read_text()) == (FILES, False)
    assert run(guarded, FILES, network=True).state == "done"


@pytest.mark.parametrize("level", [PROCESS, FILES, NAMESPACES])
def test_a_debugger_s_step_is_refused_at_any_level(tmp_path, level):
    bench = Bench(tmp_path, InlineExecutor())
    result = run(bench, level, network=True)
    assert (result.state, result.observed["isolation_level"], result.log.read_text()) == ("stopped", NONE, "")
    assert run(bench, NONE, network=True).state == "done"
