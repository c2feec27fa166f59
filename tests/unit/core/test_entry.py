"""The audit log: its leaves, its tree, and what a check of it finds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.digest import from_raw
from remint.core.entry import EMPTY_ROOT, Entry, Frontier, first_bad, frontier_from, leaf_bytes, leaf_digest
from remint.core.ids import PrincipalId
from tests.vectors.records import reference
from tests.vectors.records.frozen import whole

FROZEN = whole("entries")


def written(entries):
    """Return the leaves of a log of these entries and the frontier after each."""
    frontiers, leaves = [Frontier()], []
    for number, entry in enumerate(entries, 1):
        leaves.append(leaf_bytes(entry, number=number, previous=frontiers[-1].root()))
        frontiers.append(frontiers[-1].appended(leaf_digest(leaves[-1])))
    return leaves, frontiers


def log(size):
    return written([Entry("ref:move", f"main:data/{n}", PrincipalId("ana"), n, {"n": n}) for n in range(size)])


def test_the_leaves_of_a_log_are_frozen():
    leaves, _ = written([Entry(**case) for case in FROZEN["cases"]])
    assert [leaf.decode() for leaf in leaves] == FROZEN["leaves"]


def test_the_roots_after_0_to_9_leaves_are_frozen():
    _, frontiers = written([Entry(**case) for case in FROZEN["cases"]])
    assert [frontier.root() for frontier in frontiers] == FROZEN["roots"]


def test_the_second_implementation_writes_the_same_log():
    assert reference.log(FROZEN["cases"]) == {key: FROZEN[key] for key in ("leaves", "digests", "roots")}


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_the_frontier_gives_the_root_of_the_whole_tree(raw):
    frontier = Frontier()
    for leaf in raw:
        frontier = frontier.appended(from_raw(leaf))
    assert frontier.root() == reference.root([from_raw(leaf) for leaf in raw])
    assert (frontier.size, len(frontier.roots)) == (len(raw), len(raw).bit_count())


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20))
def test_a_frontier_reads_back_from_raw_digests(raw):
    frontier = Frontier()
    for leaf in raw:
        frontier = frontier.appended(from_raw(leaf))
    assert frontier_from([root.raw for root in frontier.roots], frontier.size) == frontier


def test_the_empty_tree_has_a_root_of_its_own():
    assert Frontier().root() == EMPTY_ROOT


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 21])
def test_an_honest_log_is_whole(size):
    assert first_bad(log(size)[0]) is None


@pytest.mark.parametrize("at", range(1, 9))
def test_a_log_can_be_checked_from_any_place(at):
    leaves, frontiers = log(9)
    assert first_bad(leaves[at:], start=frontiers[at]) is None


@pytest.mark.parametrize("at", range(8))
def test_an_altered_leaf_shows_at_the_next_one(at):
    leaves, _ = log(9)
    leaves[at] = leaves[at].replace(b'"by":"ana"', b'"by":"eve"')
    assert first_bad(leaves) == at + 2


def test_an_altered_last_leaf_shows_in_the_root():
    leaves, frontiers = log(9)
    altered = frontiers[8].appended(leaf_digest(leaves[8].replace(b'"by":"ana"', b'"by":"eve"')))
    assert altered.root() != frontiers[9].root()


@pytest.mark.parametrize("at", range(8))
def test_a_leaf_taken_out_shows_at_its_place(at):
    leaves, _ = log(9)
    assert first_bad(leaves[:at] + leaves[at + 1 :]) == at + 1


@pytest.mark.parametrize("at", range(9))
def test_a_leaf_put_in_shows_at_its_place(at):
    leaves, _ = log(9)
    forged = leaf_bytes(Entry("ref:move", "x", PrincipalId("eve"), 0), number=at + 1, previous=EMPTY_ROOT)
    assert first_bad([*leaves[:at], forged, *leaves[at:]]) in {at + 1, at + 2}


def test_two_leaves_that_changed_places_show():
    leaves, _ = log(9)
    leaves[3], leaves[4] = leaves[4], leaves[3]
    assert first_bad(leaves) == 4


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"{}", b"7", b"\xff\xfe\x00", b'{"number":3}'])
def test_bytes_that_are_no_leaf_show_at_their_place(garbage):
    # Such bytes once stopped the check with an error that named no place.
    leaves, _ = log(5)
    leaves[2] = garbage
    assert first_bad(leaves) == 3


def test_a_leaf_is_canonical_json_with_nothing_left_out():
    leaf = json.loads(log(1)[0][0])
    assert sorted(leaf) == ["action", "at_us", "by", "decision", "facts", "number", "previous", "resource", "v"]
