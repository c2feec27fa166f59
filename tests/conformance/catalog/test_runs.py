"""Runs in every catalog (remint.ports.catalog.Runs)."""

import math
from dataclasses import replace

import pytest

from remint.core.canonical import dumps
from remint.core.digest import digest_record
from remint.core.run import End, Hit, Output, Run, State, Usage
from remint.errors import Conflict, NotFound
from tests.conformance.catalog.nouns import A, B, C, D, digest, end, recipe, run_id, start

OTHER = recipe("pipeline:score")
STATES = [State.FAILED, State.STOPPED, State.LOST]


@pytest.fixture
def runs(tx):
    """The runs of an open transaction, with two recipes recorded."""
    tx.recipes.add(recipe())
    tx.recipes.add(OTHER)
    return tx.runs


def carry_out(runs, number, **fields):
    """Record a whole run and return it."""
    ended = end(number, **fields.pop("ended", {}))
    started = start(number, **fields)
    runs.start(started)
    runs.end(ended)
    return Run(started, ended)


def test_a_started_run_comes_back_whole(runs):
    made = start(
        1, inputs={"b": B, "a": A}, git={"commit": "abc"}, place={"pid": 7, "guard": ["x", None]}, purpose="regenerate"
    )
    runs.start(made)
    assert runs.get(made.id) == Run(made)


def test_an_ended_run_comes_back_whole(runs):
    ended = End(
        run_id(1),
        State.DONE,
        9,
        outputs={"z": Output(A, B), "a": Output(C, D)},
        metrics={"score.auc": 0.1 + 0.2, "score.n": 3.0, "inf": math.inf},
        usage=Usage(2**40, 2**41, 2**42),
        observed={"threads": 4, "libraries": {"numpy": "2"}},
        guarded=True,
        log=C,
        error={},
    )
    runs.start(start(1))
    runs.end(ended)
    assert runs.get(run_id(1)) == Run(start(1), ended)
    assert list(runs.get(run_id(1)).end.outputs) == ["z", "a"]


def test_a_failed_run_keeps_its_error(runs):
    made = carry_out(runs, 1, ended={"state": State.FAILED, "error": {"what": "no", "why": "é"}})
    assert runs.get(run_id(1)) == made


def test_a_run_of_an_unknown_recipe_does_not_start(tx):
    with pytest.raises(NotFound, match="its recipe"):
        tx.runs.start(start(1))


def test_ending_again_alike_writes_nothing(runs):
    made = carry_out(runs, 1)
    runs.end(made.end)
    assert runs.get(run_id(1)) == made


def test_ending_again_alike_is_seen_through_nan_and_tuples(runs):
    # NaN is not equal to itself, and JSON knows no tuples: both once made a Conflict of the same end.
    made = carry_out(runs, 1, ended={"metrics": {"auc": math.nan}, "observed": {"shape": (2, 3)}})
    runs.end(made.end)
    assert math.isnan(runs.get(run_id(1)).end.metrics["auc"])


@pytest.mark.parametrize(
    "other", [{"at_us": 99}, {"metrics": {"auc": 1.0}}, {"outputs": {}}, {"guarded": False}, {"state": State.FAILED}]
)
def test_a_second_other_end_is_a_conflict(runs, other):
    made = carry_out(runs, 1)
    with pytest.raises(Conflict, match="it ended already: done"):
        runs.end(replace(made.end, **other))
    assert runs.get(run_id(1)) == made


def test_a_run_that_never_started_does_not_end(runs):
    with pytest.raises(NotFound, match="no run of that id"):
        runs.end(end(1))


def test_an_unknown_run_is_not_found(runs):
    with pytest.raises(NotFound, match="no run of that id"):
        runs.get(run_id(1))


def test_a_run_is_found_by_the_start_of_its_id(runs):
    runs.start(start(1))
    assert runs.find(run_id(1)[:8]) == runs.find(run_id(1)) == run_id(1)


@pytest.mark.parametrize(
    ("prefix", "why"),
    [("", "at least 8"), (run_id(1)[:7], "at least 8"), (run_id(1)[:8], "more than one"), ("f" * 8, "no run")],
)
def test_the_start_of_no_or_several_ids_finds_nothing(runs, prefix, why):
    runs.start(start(1))
    runs.start(start(2))
    with pytest.raises(NotFound, match=why):
        runs.find(prefix)


def test_the_end_of_an_id_is_found_in_capital_letters_too(runs):
    runs.start(start(1))
    assert runs.find(run_id(1)[-12:].upper()) == run_id(1)


def test_a_guarded_finished_run_is_a_hit(runs):
    carry_out(runs, 1)
    hit = Hit(run_id(1), {"model": Output(D, A)}, 2)
    assert runs.hits([recipe().key()]) == {recipe().key(): hit}
    assert runs.hit(A) == hit


def test_the_newest_cache_source_is_the_hit(runs):
    for number in (2, 3, 1):
        carry_out(runs, number)
    assert runs.hits([recipe().key()])[recipe().key()].run == runs.hit(A).run == run_id(3)


@pytest.mark.parametrize(
    "fields",
    [{"ended": {"guarded": False}}, {"purpose": "regenerate"}, *({"ended": {"state": state}} for state in STATES)],
    ids=["unguarded", "regenerated", *STATES],
)
def test_no_other_run_is_a_hit(runs, fields):
    # A newer run that may not stand for another never hides an older one that may.
    carry_out(runs, 1)
    carry_out(runs, 2, **fields)
    assert runs.hits([recipe().key()])[recipe().key()].run == runs.hit(A).run == run_id(1)


def test_a_running_run_is_no_hit(runs):
    runs.start(start(1))
    assert (runs.hits([recipe().key()]), runs.hit(A)) == ({}, None)


def test_a_run_key_is_hit_whatever_it_was_planned_as(runs):
    carry_out(runs, 1, of=OTHER, run_key=B)
    assert runs.hit(B).run == run_id(1)
    assert runs.hits([recipe().key()]) == {}


def test_a_hit_keeps_the_order_of_its_outputs(runs):
    carry_out(runs, 1, ended={"outputs": {"z": Output(A, B), "a": Output(C, D)}})
    assert list(runs.hit(A).outputs.items()) == [("z", Output(A, B)), ("a", Output(C, D))]


def test_a_run_without_outputs_is_a_hit_too(runs):
    carry_out(runs, 1, ended={"outputs": {}})
    assert runs.hit(A) == Hit(run_id(1), {}, 2)


def test_no_plan_keys_have_no_hits(runs):
    assert runs.hits([]) == {}


def test_ten_thousand_plan_keys_are_looked_up_at_once(runs, tx):
    known = [recipe(n=n) for n in range(100)]
    for number, made in enumerate(known):
        tx.recipes.add(made)
        carry_out(runs, number, of=made, run_key=digest(number))
    unknown = [digest_record("recipe v1", [dumps(n)]) for n in range(9_900)]
    hits = runs.hits([key for made in known for key in [made.key()]] + unknown)
    assert {key: hit.run for key, hit in hits.items()} == {made.key(): run_id(number) for number, made in enumerate(known)}


def test_the_latest_of_a_step_is_its_newest_finished_run(runs):
    first = carry_out(runs, 1)
    carry_out(runs, 2, of=OTHER)
    carry_out(runs, 3, ended={"state": State.FAILED})
    carry_out(runs, 4, purpose="regenerate")
    runs.start(start(5))
    assert runs.latest_of_step("pipeline:train") == first


def test_the_latest_of_a_step_may_be_asked_by_workspace(runs):
    here = carry_out(runs, 1)
    there = carry_out(runs, 2, workspace="ana")
    assert runs.latest_of_step("pipeline:train", workspace="main") == here
    assert runs.latest_of_step("pipeline:train", workspace="ana") == runs.latest_of_step("pipeline:train") == there
    assert runs.latest_of_step("pipeline:train", workspace="bo") is None


def test_an_unguarded_run_is_the_latest_of_its_step(runs):
    made = carry_out(runs, 1, ended={"guarded": False})
    assert runs.latest_of_step("pipeline:train") == made


def test_makers_are_the_finished_runs_that_put_it_out(runs):
    made = [carry_out(runs, number) for number in (2, 1)]
    carry_out(runs, 3, ended={"outputs": {"model": Output(B, D)}})
    carry_out(runs, 4, ended={"state": State.FAILED})
    assert runs.makers(D) == made[::-1]
    assert runs.makers(D, limit=1) == made[1:]
    assert runs.makers(A) == []


def test_a_run_that_put_it_out_twice_is_one_maker(runs):
    made = carry_out(runs, 1, ended={"outputs": {"x": Output(D, D), "y": Output(D, D)}})
    assert runs.makers(D) == [made]


def test_readers_are_the_runs_that_took_it_in(runs):
    runs.start(start(2))
    failed = carry_out(runs, 1, ended={"state": State.FAILED})
    carry_out(runs, 3, inputs={"data": C})
    assert runs.readers(B) == [failed, Run(start(2))]
    assert runs.readers(B, limit=1) == [failed]


def test_runs_are_listed_newest_first_in_pages(runs):
    made = [carry_out(runs, number, of=[recipe(), OTHER][number % 2]) for number in range(6)]
    newest = made[::-1]
    assert runs.newest() == newest
    assert runs.newest(limit=2) == newest[:2]
    assert runs.newest(limit=2, before=newest[1].id) == newest[2:4]
    assert runs.newest(step="pipeline:score") == newest[::2]
    assert runs.newest(step="nothing") == []


def test_open_are_the_starts_without_an_end(runs):
    carry_out(runs, 1)
    for number in (3, 2):
        runs.start(start(number))
    assert runs.open() == [start(2), start(3)]
    assert runs.open(limit=1) == [start(2)]


def test_the_wall_time_of_a_step_is_the_median_of_its_last_nine(runs):
    for number, wall_us in enumerate([9_000, *range(1, 10)]):
        carry_out(runs, number, ended={"usage": Usage(wall_us=wall_us)})
    carry_out(runs, 20, ended={"state": State.FAILED, "usage": Usage(wall_us=5_000)})
    carry_out(runs, 21, of=OTHER, ended={"usage": Usage(wall_us=70)})
    assert runs.wall_times_us(["pipeline:train", "pipeline:score", "nothing"]) == {"pipeline:train": 5, "pipeline:score": 70}
    assert runs.wall_times_us([]) == {}
