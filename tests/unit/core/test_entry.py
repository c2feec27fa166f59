"""The audit log: its leaves and its tree."""

import json

from hypothesis import given
from hypothesis import strategies as st

from remint.core.digest import from_raw
from remint.core.entry import EMPTY_ROOT, Entry, Frontier, frontier_from, leaf_bytes, leaf_digest
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


def test_a_leaf_is_canonical_json_with_nothing_left_out():
    leaf = json.loads(log(1)[0][0])
    assert sorted(leaf) == ["action", "at_us", "by", "decision", "facts", "number", "previous", "resource", "v"]
