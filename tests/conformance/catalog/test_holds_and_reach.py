"""Holds, and all records at once, in every catalog."""

from dataclasses import replace

import pytest

from remint.core.change import PlannedMove
from remint.core.hold import Release
from remint.errors import Conflict, NotFound
from remint.ports.catalog import LogSegment
from tests.conformance.catalog.nouns import (
    ANA,
    BO,
    DELAY,
    FLIGHTS,
    A,
    B,
    C,
    D,
    artifact,
    change,
    end,
    evidence,
    hold,
    move,
    recipe,
    run_id,
    start,
)


class TestHolds:
    def test_a_hold_gets_the_next_number_and_comes_back_whole(self, tx):
        assert [tx.holds.add(hold(A)), tx.holds.add(hold(B, reason="audit", at_us=7))] == [1, 2]
        assert tx.holds.all() == [replace(hold(B, reason="audit", at_us=7), number=2), replace(hold(A), number=1)]

    def test_a_released_hold_is_listed_only_on_demand(self, tx):
        number = tx.holds.add(hold())
        release = Release(BO, 9, "the case is closed")
        assert tx.holds.release(number, release) == replace(hold(), number=number)
        assert tx.holds.all() == []
        assert tx.holds.all(released=True) == [replace(hold(), number=number, release=release)]

    def test_a_hold_is_released_once(self, tx):
        number = tx.holds.add(hold())
        tx.holds.release(number, Release(BO, 1, "over"))
        with pytest.raises(Conflict, match="bo released it already"):
            tx.holds.release(number, Release(ANA, 2, "again"))

    def test_an_unknown_hold_is_not_released(self, tx):
        with pytest.raises(NotFound, match="no hold of that number"):
            tx.holds.release(3, Release(ANA, 0, "x"))

    def test_a_list_has_a_limit(self, tx):
        for at_us in range(3):
            tx.holds.add(hold(at_us=at_us))
        assert [one.at_us for one in tx.holds.all(limit=2)] == [2, 1]

    def test_what_was_given_up_is_remembered(self, tx):
        assert tx.holds.given_up() == set()
        tx.holds.give_up([A, B], at_us=1)
        tx.holds.give_up([A], at_us=2)
        tx.holds.give_up([], at_us=3)
        assert tx.holds.given_up() == {A, B}


class TestReach:
    def test_moves_of_all_refs_come_oldest_first(self, tx):
        tx.refs.move(move(FLIGHTS, None, A))
        tx.refs.move(move(DELAY, None, B))
        tx.refs.move(move(FLIGHTS, A, C))
        assert [(one.name, one.new, one.serial) for one in tx.reach.moves()] == [
            (FLIGHTS, A, 1),
            (DELAY, B, 1),
            (FLIGHTS, C, 2),
        ]

    def test_named_is_what_changes_evidence_logs_and_standing_holds_are_about(self, tx):
        assert tx.reach.named() == set()
        tx.changes.add(change(PlannedMove(DELAY, None, A)))
        assert tx.reach.named() == {A}
        tx.evidence.add(evidence(B))
        tx.log_segments.add(LogSegment("delay", "1", "2", 2, C))
        number = tx.holds.add(hold(D))
        assert tx.reach.named() == {A, B, C, D}
        tx.holds.release(number, Release(ANA, 1, "over"))
        assert tx.reach.named() == {A, B, C}

    def test_a_change_names_what_it_replaces_too(self, tx):
        tx.changes.add(change(PlannedMove(DELAY, A, B)))
        assert tx.reach.named() == {A, B}

    def test_runs_name_inputs_code_environments_log_and_outputs(self, tx):
        tx.recipes.add(recipe())
        tx.runs.start(start(1))
        tx.runs.start(start(2))
        tx.runs.end(end(2, log=A, observed={"environment": D}))
        begun, ended = tx.reach.runs()
        assert (begun.id, begun.at_us, begun.behind, begun.made) == (run_id(1), 1, {B, C}, frozenset())
        assert (ended.id, ended.behind, ended.made) == (run_id(2), {A, B, C, D}, {D})

    def test_artifacts_come_with_their_times(self, tx):
        before = {one.digest for one, _ in tx.reach.artifacts()}
        tx.artifacts.add(artifact("new", rows=1), at_us=77)
        assert [(one, at_us) for one, at_us in tx.reach.artifacts() if one.digest not in before] == [
            (artifact("new", rows=1), 77)
        ]
