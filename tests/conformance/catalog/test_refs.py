"""Refs, their history and their forks, in every catalog (remint.ports.catalog.Refs)."""

from dataclasses import replace

import pytest

from remint.core.digest import Digest
from remint.core.ids import ChangeId, RunId
from remint.core.ref import Move, Ref, RefName, Selector
from remint.core.workspace import Workspace
from remint.errors import RefNotFound
from tests.conformance.catalog.nouns import ANA, DELAY, FLIGHTS, A, B, C, D, artifact, move

OWN = FLIGHTS.within("ana")
DEEP = FLIGHTS.within("deep")


def fork(tx, name, base):
    tx.workspaces.add(Workspace(name, base, tx.refs.order(), ANA, 0))


def moved(tx, name, *contents, at_us=0):
    """Move a ref from where it is through `contents`, a second apart."""
    for number, new in enumerate(contents):
        seen = tx.refs.get(name)
        assert tx.refs.move(move(name, seen and seen.artifact, new, at_us=at_us + number * 1_000_000))


def test_a_ref_that_was_never_moved_is_none(tx):
    assert tx.refs.get(FLIGHTS) is None
    assert (tx.refs.log(FLIGHTS), tx.refs.order(), tx.refs.seen_from("main")) == ([], 0, [])


def test_a_ref_points_where_it_was_moved_last(tx):
    moved(tx, FLIGHTS, A, B)
    assert tx.refs.get(FLIGHTS) == Ref(FLIGHTS, B, 2)


def test_a_move_comes_back_whole_with_its_numbers(tx):
    made = Move(FLIGHTS, 99, None, A, ANA, 7, "é", run=RunId("r"), change=ChangeId("3"), order=99)
    tx.refs.move(made)
    assert tx.refs.log(FLIGHTS) == [replace(made, serial=1, order=1)]


@pytest.mark.parametrize("old", [None, A, C])
def test_a_ref_moves_only_from_the_value_the_caller_saw(tx, old):
    moved(tx, FLIGHTS, A, B)
    assert tx.refs.move(move(FLIGHTS, old, D)) is False
    assert (tx.refs.get(FLIGHTS), len(tx.refs.log(FLIGHTS)), tx.refs.order()) == (Ref(FLIGHTS, B, 2), 2, 2)


def test_a_ref_that_does_not_exist_moves_from_nothing_only(tx):
    assert tx.refs.move(move(FLIGHTS, A, B)) is False
    assert tx.refs.get(FLIGHTS) is None


def test_a_ref_may_move_to_where_it_is_and_back(tx):
    moved(tx, FLIGHTS, A, A, B, A)
    assert [found.new for found in tx.refs.log(FLIGHTS)] == [A, B, A, A]
    assert tx.refs.get(FLIGHTS).serial == 4


def test_refs_of_other_kinds_names_and_workspaces_are_others(tx):
    names = [FLIGHTS, RefName("main", "model", "flights"), RefName("main", "data", "flights-2"), FLIGHTS.within("other")]
    for name, new in zip(names, [A, B, C, D], strict=True):
        moved(tx, name, new)
    assert [tx.refs.get(name).artifact for name in names] == [A, B, C, D]


def test_moves_of_all_refs_are_numbered_in_one_order(tx):
    moved(tx, FLIGHTS, A)
    moved(tx, DELAY, B)
    moved(tx, FLIGHTS, C)
    assert tx.refs.order() == 3
    assert [found.order for found in tx.refs.log(FLIGHTS)] == [3, 1]


def test_a_log_is_newest_first_and_has_a_limit(tx):
    moved(tx, FLIGHTS, A, B, C)
    assert [(found.serial, found.old, found.new) for found in tx.refs.log(FLIGHTS)] == [(3, B, C), (2, A, B), (1, None, A)]
    assert [found.serial for found in tx.refs.log(FLIGHTS, limit=2)] == [3, 2]


def test_every_move_to_an_artifact_is_found(tx):
    moved(tx, FLIGHTS, A, B, A)
    moved(tx, DELAY.within("ana"), A)
    assert [(str(found.name), found.serial) for found in tx.refs.pointing(A)] == [
        ("main:data/flights", 1),
        ("main:data/flights", 3),
        ("ana:model/delay", 1),
    ]
    assert [found.serial for found in tx.refs.pointing(A, limit=1)] == [1]
    assert tx.refs.pointing(D) == []


class TestSelecting:
    def test_a_number_means_that_move(self, tx):
        moved(tx, FLIGHTS, A, B, A)
        assert [tx.refs.select(FLIGHTS, Selector(serial=n)).new for n in (1, 2, 3)] == [A, B, A]

    def test_a_time_means_the_last_move_at_or_before_it(self, tx):
        moved(tx, FLIGHTS, A, B, C, at_us=1_000_000)
        found = [tx.refs.select(FLIGHTS, Selector(at_us=at_us)).new for at_us in (1_000_000, 1_999_999, 2_000_000, 9_000_000)]
        assert found == [A, A, B, C]

    def test_a_digest_means_the_last_move_to_it(self, tx):
        moved(tx, FLIGHTS, A, B, A, C)
        assert tx.refs.select(FLIGHTS, Selector(digest=A[:15])).serial == 3
        assert tx.refs.select(FLIGHTS, Selector(digest=B)).serial == 2

    def test_a_digest_of_another_ref_means_nothing(self, tx):
        moved(tx, FLIGHTS, A)
        moved(tx, DELAY, B)
        with pytest.raises(RefNotFound, match="no such version"):
            tx.refs.select(FLIGHTS, Selector(digest=B[:15]))

    def test_the_start_of_two_digests_means_neither(self, tx):
        both = [Digest("b3:" + "f" * 63 + last) for last in "01"]
        for made in both:
            tx.artifacts.add(replace(artifact("x"), digest=made), at_us=0)
        moved(tx, FLIGHTS, both[0], both[1], both[1])
        with pytest.raises(RefNotFound, match="more than one of its versions"):
            tx.refs.select(FLIGHTS, Selector(digest="b3:" + "f" * 20))

    @pytest.mark.parametrize("selector", [Selector(serial=2), Selector(at_us=-1), Selector(digest=B[:15])])
    def test_what_is_not_there_is_not_found(self, tx, selector):
        moved(tx, FLIGHTS, A)
        with pytest.raises(RefNotFound, match="that version of main:data/flights was not found"):
            tx.refs.select(FLIGHTS, selector)


class TestForks:
    def test_a_fork_sees_its_base_as_it_was(self, tx):
        moved(tx, FLIGHTS, A)
        fork(tx, "ana", "main")
        moved(tx, FLIGHTS, B)
        moved(tx, DELAY, C)
        assert tx.refs.get(OWN) == Ref(OWN, A, 0)
        assert tx.refs.get(DELAY.within("ana")) is None

    def test_a_fork_moves_from_what_it_sees(self, tx):
        moved(tx, FLIGHTS, A)
        fork(tx, "ana", "main")
        moved(tx, FLIGHTS, B)
        assert tx.refs.move(move(OWN, None, C)) is False
        assert tx.refs.move(move(OWN, B, C)) is False
        assert tx.refs.move(move(OWN, A, C)) is True
        assert (tx.refs.get(OWN), tx.refs.get(FLIGHTS)) == (Ref(OWN, C, 1), Ref(FLIGHTS, B, 2))

    def test_a_fork_makes_refs_its_base_does_not_have(self, tx):
        fork(tx, "ana", "main")
        moved(tx, OWN, A)
        assert tx.refs.get(FLIGHTS) is None

    def test_a_fork_of_a_fork_sees_both_as_they_were(self, tx):
        moved(tx, FLIGHTS, A)
        moved(tx, DELAY, A)
        fork(tx, "ana", "main")
        moved(tx, DELAY, B)
        moved(tx, OWN, C)
        fork(tx, "deep", "ana")
        moved(tx, OWN, D)
        assert tx.refs.get(DEEP) == Ref(DEEP, C, 0)
        assert tx.refs.get(DELAY.within("deep")) == Ref(DELAY.within("deep"), A, 0)

    def test_a_fork_of_an_old_fork_does_not_see_what_its_base_never_saw(self, tx):
        fork(tx, "ana", "main")
        moved(tx, FLIGHTS, A)
        fork(tx, "deep", "ana")
        assert tx.refs.get(DEEP) is None

    def test_the_log_of_a_fork_is_its_own_then_that_of_its_base(self, tx):
        moved(tx, FLIGHTS, A, B)
        fork(tx, "ana", "main")
        moved(tx, FLIGHTS, D)
        moved(tx, OWN, C)
        log = [(found.name.workspace, found.serial, found.old, found.new) for found in tx.refs.log(OWN)]
        assert log == [("ana", 1, B, C), ("main", 2, A, B), ("main", 1, None, A)]
        assert len(tx.refs.log(OWN, limit=1)) == 1

    def test_a_number_counts_the_moves_of_the_fork_alone(self, tx):
        # It once fell back on the base, so that @1 meant another content after the first move of the fork.
        moved(tx, FLIGHTS, A, B)
        fork(tx, "ana", "main")
        with pytest.raises(RefNotFound, match="count its moves in its own workspace"):
            tx.refs.select(OWN, Selector(serial=1))
        moved(tx, OWN, C)
        assert tx.refs.select(OWN, Selector(serial=1)).new == C

    def test_a_time_before_the_fork_means_a_move_of_the_base(self, tx):
        moved(tx, FLIGHTS, A, B, at_us=1_000_000)
        fork(tx, "ana", "main")
        moved(tx, FLIGHTS, D, at_us=4_000_000)
        moved(tx, OWN, C, at_us=5_000_000)
        assert [tx.refs.select(OWN, Selector(at_us=at_us)).new for at_us in (1_500_000, 4_500_000, 5_000_000)] == [A, B, C]

    def test_a_digest_may_mean_a_move_of_the_base_before_the_fork(self, tx):
        moved(tx, FLIGHTS, A)
        fork(tx, "ana", "main")
        moved(tx, FLIGHTS, B)
        assert tx.refs.select(OWN, Selector(digest=A[:15])).new == A
        with pytest.raises(RefNotFound):
            tx.refs.select(OWN, Selector(digest=B[:15]))

    def test_seen_from_a_fork_are_its_own_refs_and_those_of_its_base(self, tx):
        moved(tx, FLIGHTS, A)
        moved(tx, DELAY, A)
        fork(tx, "ana", "main")
        moved(tx, DELAY, D)
        moved(tx, OWN, B)
        moved(tx, RefName("ana", "report", "new"), C)
        seen = [(str(ref.name), ref.artifact, ref.serial) for ref in tx.refs.seen_from("ana")]
        assert seen == [("ana:data/flights", B, 1), ("ana:model/delay", A, 0), ("ana:report/new", C, 1)]

    def test_what_is_seen_has_a_kind_and_a_limit(self, tx):
        for name in ("b", "a", "c"):
            moved(tx, RefName("main", "data", name), A)
        moved(tx, DELAY, B)
        assert [ref.name.name for ref in tx.refs.seen_from("main", kind="data", limit=2)] == ["a", "b"]
        assert [ref.name for ref in tx.refs.seen_from("main", kind="model")] == [DELAY]

    def test_two_forks_do_not_see_each_other(self, tx):
        moved(tx, FLIGHTS, A)
        fork(tx, "ana", "main")
        fork(tx, "deep", "main")
        moved(tx, OWN, B)
        assert (tx.refs.get(DEEP).artifact, tx.refs.get(FLIGHTS).artifact) == (A, A)
