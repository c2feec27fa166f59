"""Checking, proving and checkpointing a log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.entry import EMPTY_ROOT, Entry, Frontier, leaf_bytes, leaf_digest
from remint.core.ids import PrincipalId
from remint.core.log import Check, Tree, checkpoint_bytes, first_bad, prove, read_checkpoint, read_proof

ANA = PrincipalId("ana")


def log(size):
    """Return the leaves of a log, and the frontier after each number of them."""
    frontiers, leaves = [Frontier()], []
    for n in range(size):
        entry = Entry("ref:move", f'main:data/{n},"number":7,"previous":"b3:', ANA, n, {"n": n, "number": 3})
        leaves.append(leaf_bytes(entry, number=n + 1, previous=frontiers[-1].root()))
        frontiers.append(frontiers[-1].appended(leaf_digest(leaves[-1])))
    return leaves, frontiers


LEAVES, FRONTIERS = log(201)


@pytest.mark.parametrize("size", [0, 1, 2, 63, 64, 65, 128, 129, 201])
def test_an_honest_log_is_whole(size):
    assert first_bad(LEAVES[:size]) is None


@pytest.mark.parametrize("size", [0, 1, 2, 7, 64, 65, 201])
def test_a_check_makes_the_tree_again(size):
    check = Check()
    check.take(LEAVES[:size])
    check.end()
    assert check.tree.frontier() == FRONTIERS[size]
    assert check.tree.root() == FRONTIERS[size].root()


@given(st.lists(st.integers(0, 201), max_size=4), st.integers(1, 80))
def test_a_check_tells_the_root_after_any_size_whatever_the_pieces(sizes, piece):
    check = Check(sizes)
    assert {check.take(LEAVES[at : at + piece]) for at in range(0, 201, piece)} == {True}
    check.end()
    assert check.roots == {size: FRONTIERS[size].root() for size in sizes}


@pytest.mark.parametrize("at", [1, 5, 63, 64, 65, 130])
def test_a_log_can_be_checked_from_any_place(at):
    assert first_bad(LEAVES[at:], start=FRONTIERS[at]) is None


@pytest.mark.parametrize("at", range(200))
def test_an_altered_leaf_is_named(at):
    altered = LEAVES[at].replace(b'"by":"ana"', b'"by":"eve"')
    assert first_bad([*LEAVES[:at], altered, *LEAVES[at + 1 :]]) == at + 1


@pytest.mark.parametrize("at", [0, 1, 62, 63, 64, 65, 127, 128, 199])
def test_a_leaf_that_names_another_root_is_named_and_not_the_one_before_it(at):
    altered = LEAVES[at].replace(FRONTIERS[at].root().encode(), FRONTIERS[150].root().encode())
    assert first_bad([*LEAVES[:at], altered, *LEAVES[at + 1 :]]) == at + 1


@pytest.mark.parametrize("at", [0, 1, 62, 63, 64, 65, 127, 128, 199])
def test_a_leaf_taken_out_shows_at_its_place(at):
    assert first_bad([*LEAVES[:at], *LEAVES[at + 1 :]]) == at + 1


@pytest.mark.parametrize("at", [1, 62, 63, 64, 65, 127, 128, 199])
def test_a_leaf_put_in_shows_at_its_place(at):
    forged = leaf_bytes(Entry("ref:move", "x", PrincipalId("eve"), 0), number=at + 1, previous=EMPTY_ROOT)
    assert first_bad([*LEAVES[:at], forged, *LEAVES[at:]]) == at + 1


def test_two_leaves_that_changed_places_show():
    assert first_bad([*LEAVES[:3], LEAVES[4], LEAVES[3], *LEAVES[5:]]) == 4


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"{}", b"7", b"\xff\xfe\x00", b'{"number":3}', b'{"v":1,"number":x,'])
def test_bytes_that_are_no_leaf_show_at_their_place(garbage):
    # Such bytes once stopped the check with an error that named no place.
    assert first_bad([*LEAVES[:2], garbage, *LEAVES[3:9]]) == 3


def test_an_altered_last_leaf_shows_in_the_root():
    check = Check()
    check.take([*LEAVES[:8], LEAVES[8].replace(b'"by":"ana"', b'"by":"eve"')])
    check.end()
    assert check.tree.root() != FRONTIERS[9].root()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 21, 64, 100])
def test_every_entry_of_a_log_is_proven_by_its_root(size):
    roots = {prove(LEAVES[:size], number).root() for number in range(1, size + 1)}
    assert roots == {FRONTIERS[size].root()}


def test_a_proof_is_short():
    assert len(prove(LEAVES, 77).path) == 8


@given(st.integers(1, 201), st.integers(0, 10_000))
def test_an_altered_proof_leads_to_another_root(number, place):
    record = prove(LEAVES, number).record()
    text = json.dumps(record)
    at = place % len(text)
    altered = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    assert _root_of(altered) != FRONTIERS[201].root() or json.loads(altered)["leaf"] == record["leaf"]


def _root_of(text):
    try:
        return read_proof(json.loads(text)).root()
    except (KeyError, TypeError, ValueError):
        return None


@pytest.mark.parametrize("number", [0, 202])
def test_no_entry_outside_the_log_is_proven(number):
    with pytest.raises(IndexError):
        prove(LEAVES, number)


def test_a_checkpoint_reads_back_from_its_line():
    payload = checkpoint_bytes(installation="a", size=9, root=FRONTIERS[9].root(), at_us=5, public_key=bytes(32))
    made = read_checkpoint(b'{"checkpoint":' + payload + b',"signature":"00ff"}')
    assert (made.payload, made.signature) == (payload, b"\x00\xff")
    assert read_checkpoint(made.line()) == made


@pytest.mark.parametrize("line", [b"", b"{}", b"7", b"[]", b'{"checkpoint":{},"signature":""}', b"\xff"])
def test_a_line_that_is_no_checkpoint_is_refused(line):
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_checkpoint(line)


def test_a_tree_goes_on_from_a_frontier():
    tree = Tree(FRONTIERS[77])
    tree.add(LEAVES[77])
    assert tree.frontier() == FRONTIERS[78]
