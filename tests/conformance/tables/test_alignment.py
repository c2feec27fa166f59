"""Alignment: what is kept is equal, in order, and as much as can be expected."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.adapters.tables.alignment import aligned, paired
from remint.adapters.tables.arrowtypes import fields_of
from remint.adapters.tables.plain import plain_table
from remint.adapters.tables.rowhash import row_hashes
from tests.conformance.tables.histories import History


def hashes(values):
    return np.array(list(values), np.uint64)


def kept(old, new):
    gone, come = aligned(old, new)
    left, right = np.delete(old, gone), np.delete(new, come)
    assert np.array_equal(left, right)
    return len(left)


def longest_common(old, new):
    """Return the length of the longest common subsequence; quadratic."""
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, left in enumerate(old):
        for j, right in enumerate(new):
            best[i + 1][j + 1] = best[i][j] + 1 if left == right else max(best[i][j + 1], best[i + 1][j])
    return best[-1][-1]


@given(st.lists(st.integers(0, 5), max_size=40), st.lists(st.integers(0, 5), max_size=40))
def test_what_is_kept_of_rows_that_repeat_is_equal_and_in_order(old, new):
    assert kept(hashes(old), hashes(new)) <= longest_common(old, new)


@given(st.permutations(range(30)), st.data())
def test_of_rows_that_occur_once_the_most_are_kept(old, data):
    new = data.draw(st.permutations(old[data.draw(st.integers(0, 30)) :]))
    in_place = sum(left == right for left, right in zip(old, new, strict=False)) if len(old) == len(new) else 0
    assert kept(hashes(old), hashes(new)) == longest_common(old, new) or in_place >= 0.9 * len(old)


ROWS = np.arange(10_000)
CHANGES = {
    "nothing": (ROWS, 10_000),
    "an append": (np.append(ROWS, [1, 2, 3]), 10_000),
    "rows before the first": (np.append([70_000, 70_001], ROWS), 10_000),
    "the first and last gone": (ROWS[1:-1], 9_998),
    "a range gone": (np.delete(ROWS, slice(4000, 5000)), 9_000),
    "every tenth gone": (np.delete(ROWS, slice(5, None, 10)), 9_000),
    "a row moved": (np.append(ROWS[1:], 0), 9_999),
    "halves exchanged": (np.append(ROWS[6000:], ROWS[:6000]), 6_000),
    "all others": (ROWS + 50_000, 0),
    "no row": (ROWS[:0], 0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_as_many_rows_are_kept_as_there_are(change):
    new, expected = CHANGES[change]
    assert kept(hashes(ROWS), hashes(new)) == expected
    assert kept(hashes(new), hashes(ROWS)) == expected


def test_a_shuffled_table_takes_no_time_to_give_up():
    order = np.random.default_rng(0).permutation(400_000)
    assert kept(hashes(range(400_000)), hashes(order)) < 4_000


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_as_many_rows_are_paired_on_both_sides_and_in_the_same_place(gone, come):
    left, right = np.array(sorted(gone), np.int64), np.array(sorted(come), np.int64)
    is_old, is_new = paired(left, right)
    assert (left - np.arange(len(left)))[is_old].tolist() == (right - np.arange(len(right)))[is_new].tolist()


@pytest.mark.parametrize("seed", range(8))
def test_rows_have_equal_hashes_if_and_only_if_they_are_equal(seed):
    history = History(seed)
    table = pa.concat_tables([history.rows(60), history.rows(60)])
    found = row_hashes(table, fields_of(table.schema)).tolist()
    texts = [repr(row) for row in table.cast(table.schema).select(table.column_names).to_pylist()]
    bits = [
        table["number"][row].as_py() is not None and np.float64(table["number"][row].as_py()).tobytes() for row in range(120)
    ]
    rows = list(zip(texts, bits, strict=True))
    pairs = [(a, b) for a in range(120) for b in range(a)]
    assert [found[a] == found[b] for a, b in pairs] == [rows[a] == rows[b] for a, b in pairs]


def test_a_hash_does_not_depend_on_the_encoding():
    table = History(3).rows(50)
    fields = fields_of(table.schema)
    other = table.set_column(2, "text", table["text"].cast(pa.large_string()).dictionary_encode())
    assert row_hashes(other, fields).tolist() == row_hashes(plain_table(table), fields).tolist()
    assert row_hashes(table.slice(7, 20), fields).tolist() == row_hashes(table, fields)[7:27].tolist()


def test_long_values_are_told_apart():
    long = ["x" * 5000, "x" * 4999 + "y", "x" * 5001, "x" * 256, "x" * 257, None]
    found = row_hashes(pa.table({"a": long * 2}), fields_of(pa.schema({"a": pa.string()}))).tolist()
    assert found[:6] == found[6:]
    assert len(set(found)) == 6
