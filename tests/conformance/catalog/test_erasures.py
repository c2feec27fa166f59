"""Erasures, in every catalog."""

from dataclasses import replace

import pytest

from remint.core.erasure import Erased
from remint.core.run import Output
from remint.errors import ArtifactErased, Conflict, NotFound
from remint.ports.catalog import LogSegment
from tests.conformance.catalog.nouns import (
    FLIGHTS,
    A,
    B,
    C,
    D,
    artifact,
    end,
    erasure,
    evidence,
    move,
    recipe,
    start,
)


def test_an_erasure_comes_back_whole_and_is_complete_once_its_bytes_are_gone(tx):
    tx.erasures.add(erasure(1), {B: C})
    tx.erasures.add(erasure(2, at_us=20), {D: None})
    assert tx.erasures.all() == [erasure(2, at_us=20), erasure(1)]
    assert tx.erasures.unremoved() == [1, 2]
    tx.erasures.removed([1], at_us=30)
    tx.erasures.removed([1, 2], at_us=40)
    assert [one.removed_at_us for one in tx.erasures.all()] == [40, 30]
    assert tx.erasures.unremoved() == []
    assert tx.erasures.get(1) == replace(erasure(1), removed_at_us=30)


def test_numbers_follow_one_another(tx):
    assert tx.erasures.next_number() == 1
    with pytest.raises(Conflict, match="the next one has the number 1"):
        tx.erasures.add(erasure(2), {})
    tx.erasures.add(erasure(1), {})
    assert tx.erasures.next_number() == 2


def test_an_unknown_erasure_is_not_found(tx):
    with pytest.raises(NotFound, match="there is none of that number"):
        tx.erasures.get(7)


def test_what_went_names_its_successor_or_none(tx):
    tx.erasures.add(erasure(1), {B: C, D: None})
    assert tx.erasures.of(B) == Erased(1, B, C, 10)
    assert tx.erasures.of(D) == Erased(1, D, None, 10)
    assert tx.erasures.of(C) is None
    assert tx.erasures.in_force() == {B: Erased(1, B, C, 10), D: Erased(1, D, None, 10)}


def test_a_successor_may_go_too(tx):
    tx.erasures.add(erasure(1), {B: C})
    tx.erasures.add(erasure(2, at_us=20), {C: D})
    assert {digest: one.successor for digest, one in tx.erasures.in_force().items()} == {B: C, C: D}


def test_what_has_a_successor_is_neither_recorded_nor_pointed_at_again(tx):
    tx.refs.move(move(FLIGHTS, None, B))
    tx.refs.move(move(FLIGHTS, B, C))
    tx.erasures.add(erasure(1), {B: C})
    with pytest.raises(ArtifactErased, match="erasure 1 removed rows"):
        tx.artifacts.add(artifact("b"), at_us=20)
    with pytest.raises(ArtifactErased, match="was not moved"):
        tx.refs.move(move(FLIGHTS, C, B))
    assert tx.refs.get(FLIGHTS).artifact == C


def test_what_was_given_up_stands_again_once_a_later_run_made_it(tx):
    tx.recipes.add(recipe())
    tx.runs.start(start(1))
    tx.runs.end(end(1, outputs={"model": Output(D, A)}))
    tx.erasures.add(erasure(1), {D: None})
    assert tx.erasures.of(D) is not None
    assert tx.artifacts.add(artifact("d"), at_us=20) is False
    tx.runs.start(start(20))
    tx.runs.end(end(20, outputs={"model": Output(D, A)}))
    assert tx.erasures.of(D) is None
    assert tx.erasures.in_force() == {}


def test_what_was_given_up_stands_again_once_a_ref_was_pointed_at_it(tx):
    tx.refs.move(move(FLIGHTS, None, D, at_us=5))
    tx.erasures.add(erasure(1), {D: None})
    assert tx.erasures.of(D) is not None
    tx.refs.move(move(FLIGHTS.within("ana"), None, D, at_us=20))
    assert tx.erasures.of(D) is None


def test_an_erased_segment_of_a_log_is_no_segment_and_its_successor_is(tx):
    tx.log_segments.add(LogSegment("delay", "1", "3", 3, B))
    tx.log_segments.add(LogSegment("delay", "1", "3", 2, C))
    tx.erasures.add(erasure(1), {B: C})
    assert [one.artifact for one in tx.log_segments.of("delay")] == [C]
    assert [one.artifact for one in tx.log_segments.holding("2")] == [C]


def test_evidence_of_an_erasure_makes_nothing_needed(tx):
    tx.evidence.add(evidence(C, "erased"))
    assert tx.reach.named() == set()


def test_the_source_of_a_successor_is_told(tx):
    tx.erasures.add(erasure(1), {B: C})
    assert tx.erasures.source_of(C) == f"erasure 1 of {B.short} by ana"
    assert tx.erasures.source_of(D) == ""
