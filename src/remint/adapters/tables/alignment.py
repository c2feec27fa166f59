"""Which rows of an older table are still there in a newer one, in order, found from a hash for each row.

What is found is a proposal: hashes of rows that differ may be equal, so whoever stores it proves that it makes the newer table.
"""

from bisect import bisect_left
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from remint.adapters.tables.edits import Places
from remint.adapters.tables.rowhash import Hashes

Pairs: TypeAlias = tuple[Places, Places]
"""Positions of equal rows in the older and in the newer table, both ascending."""

_WINDOW: Final = 12
"""Rows that occur often are found by so many rows in a row."""
_FEW: Final = 0.95
"""Windows are tried where less than this share of the shorter table was found by single rows."""
_MOST_RUNS: Final = 100_000
"""A table whose rows changed places more often is not aligned; it would be stored whole."""
_IN_PLACE: Final = 0.1
"""Of tables of equal length no better alignment is looked for if less than this share of rows differs in place."""


def aligned(old: Hashes, new: Hashes) -> tuple[Places, Places]:
    """Return the rows of the older table that are gone, and the rows of the newer one that came.

    What is left of both has the same hashes, row by row.

    Example:
        >>> old, new = np.array([7, 8, 9], np.uint64), np.array([7, 5, 9, 4], np.uint64)
        >>> [places.tolist() for places in aligned(old, new)]
        [[1], [1, 3]]
    """
    if len(old) == len(new):
        differs = np.flatnonzero(old != new)
        if len(differs) <= _IN_PLACE * len(old):
            return differs, differs
    head = _equal_at_start(old, new)
    tail = _equal_at_start(old[head:][::-1], new[head:][::-1])
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    found = _middle(left, right)
    gone, come = np.ones(len(left), np.bool_), np.ones(len(right), np.bool_)
    gone[found[0]], come[found[1]] = False, False
    if len(old) == len(new) and len(differs) <= np.count_nonzero(come):
        return differs, differs
    return head + np.flatnonzero(gone), head + np.flatnonzero(come)


def paired(gone: Places, come: Places) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows that went, and which that came, are one row that changed: as many as are in the same place of both.

    Example:
        >>> [flags.tolist() for flags in paired(np.array([1, 2, 5]), np.array([1, 4]))]
        [[True, False, True], [True, True]]
    """
    places = gone - np.arange(len(gone)), come - np.arange(len(come))
    flags = []
    for own, other in (places, places[::-1]):
        number = np.arange(len(own)) - np.searchsorted(own, own)
        flags.append(number < np.searchsorted(other, own, "right") - np.searchsorted(other, own))
    return flags[0], flags[1]


def _equal_at_start(old: Hashes, new: Hashes) -> int:
    count = min(len(old), len(new))
    differs = old[:count] != new[:count]
    first = int(np.argmax(differs)) if count else 0
    return first if count and differs[first] else count


def _middle(old: Hashes, new: Hashes) -> Pairs:
    found = _grown(old, new, _in_order(*_anchors(old, new)))
    if len(found[0]) < _FEW * min(len(old), len(new)) and min(len(old), len(new)) > _WINDOW:
        wider = _grown(old, new, _in_order(*_anchors(_windows(old), _windows(new))))
        return max(found, wider, key=lambda pairs: len(pairs[0]))
    return found


def _windows(hashes: Hashes) -> Hashes:
    """Return a hash for every `_WINDOW` rows in a row."""
    made = np.zeros(len(hashes) - _WINDOW + 1, np.uint64)
    for place in range(_WINDOW):
        made = made * np.uint64(0x9E3779B97F4A7C15) + hashes[place : place + len(made)]
    return made


def _anchors(old: Hashes, new: Hashes) -> Pairs:
    """Return the rows that occur once in each table, ordered by their place in the older one."""
    both = np.concatenate([old, new])
    order = np.argsort(both)
    ranked = both[order]
    same = np.concatenate([[False], ranked[1:] == ranked[:-1], [False, False]])
    pair = np.flatnonzero(~same[:-2] & same[1:-1] & ~same[2:]) if len(both) else np.empty(0, np.int64)
    first, second = np.minimum(order[pair], order[pair + 1]), np.maximum(order[pair], order[pair + 1])
    is_across = (first < len(old)) & (second >= len(old))
    first, second = first[is_across], second[is_across] - len(old)
    by_place = np.argsort(first)
    return first[by_place], second[by_place]


def _in_order(old: Places, new: Places) -> Pairs:
    """Return the most rows whose order is the same in both: runs of neighbours are kept or dropped together."""
    if not len(old) or np.all(np.diff(new) > 0):
        return old, new
    # A run is rows with ascending places that no other row of the newer table lies between, among those given.
    rank = np.empty(len(new), np.int64)
    rank[np.argsort(new)] = np.arange(len(new))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(rank) != 1) + 1])
    sizes = np.diff(np.concatenate([starts, [len(new)]]))
    if len(starts) > _MOST_RUNS:
        return old[:0], new[:0]
    chosen = np.zeros(len(starts), np.bool_)
    chosen[_heaviest(rank[starts].tolist(), sizes.tolist())] = True
    kept = np.repeat(chosen, sizes)
    return old[kept], new[kept]


def _heaviest(places: list[int], weights: list[int]) -> list[int]:
    """Return which elements make the heaviest subsequence with ascending places; places differ, weights are positive."""
    ends: list[int] = []
    sums: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (place, weight) in enumerate(zip(places, weights, strict=True)):
        at = bisect_left(ends, place)
        before.append(last[at - 1] if at else -1)
        total = (sums[at - 1] if at else 0) + weight
        until = at
        while until < len(sums) and sums[until] <= total:
            until += 1
        ends[at:until], sums[at:until], last[at:until] = [place], [total], [number]
    found, number = list[int](), last[-1]
    while number >= 0:
        found.append(number)
        number = before[number]
    return found


def _grown(old: Hashes, new: Hashes, anchors: Pairs) -> Pairs:
    """Return the anchors with the equal rows beside them."""
    olds = np.concatenate([[-1], anchors[0], [len(old)]])
    news = np.concatenate([[-1], anchors[1], [len(new)]])
    found = _after(old, new, olds, news)
    back = _after(old[::-1], new[::-1], *_reversed((len(old), len(new)), found))
    olds, news = _reversed((len(old), len(new)), back)
    return olds[1:-1], news[1:-1]


def _reversed(lengths: tuple[int, int], pairs: Pairs) -> Pairs:
    return lengths[0] - 1 - pairs[0][::-1], lengths[1] - 1 - pairs[1][::-1]


def _after(old: Hashes, new: Hashes, olds: Places, news: Places) -> Pairs:
    """Return the pairs with the rows after each that are equal too, up to the first that is not.

    Where as many rows lie between two pairs in both tables, all that are equal are taken.

    Args:
        old: hashes of the older table.
        new: hashes of the newer one.
        olds: rows that are paired, from -1 to the length of `old`.
        news: their partners, likewise.
    """
    spaces = np.diff(olds) - 1, np.diff(news) - 1
    counts = np.minimum(*spaces)
    gap = np.repeat(np.arange(len(counts)), counts)
    offset: NDArray[np.int64] = np.arange(len(gap)) - np.repeat(np.cumsum(counts) - counts, counts)
    left, right = olds[gap] + 1 + offset, news[gap] + 1 + offset
    is_equal = old[left] == new[right]
    misses = np.concatenate([[0], np.cumsum(~is_equal)])
    first = np.repeat(np.cumsum(counts) - counts, counts)
    is_near = misses[1:] == misses[first]
    is_taken = is_near | (is_equal & (spaces[0] == spaces[1])[gap])
    return _united(olds, left[is_taken], len(old)), _united(news, right[is_taken], len(new))


def _united(places: Places, others: Places, count: int) -> Places:
    """Return places from -1 to `count` in order, all different."""
    is_there = np.zeros(count + 2, np.bool_)
    is_there[places + 1] = True
    is_there[others + 1] = True
    return np.flatnonzero(is_there) - 1
