"""What every catalog promises of origins (remint.ports.origins.Origins)."""

import pytest

from remint.core.origin import Check
from remint.errors import NotFound
from tests.conformance.catalog.nouns import ANA, BO, A, B, digest, origin


def check(number, *, found=True, why="", at_us=0):
    return Check(number, found, why, BO, at_us)


def test_origins_are_counted_from_one(tx):
    assert [tx.origins.add(origin()), tx.origins.add(origin(B))] == [1, 2]


def test_what_is_recorded_is_what_is_read(tx):
    tx.origins.add(origin(query="SELECT 'é'", pinned=False, at_us=7))
    assert tx.origins.of(A) == [origin(number=1, query="SELECT 'é'", pinned=False, at_us=7)]


def test_an_origin_that_tells_the_same_is_not_recorded_again(tx):
    tx.origins.add(origin())
    assert tx.origins.add(origin(at_us=9, by=BO)) is None
    assert len(tx.origins.of(A)) == 1


@pytest.mark.parametrize("field", ["ref", "source", "query", "snapshot", "table_id"])
def test_an_origin_that_tells_something_else_is_recorded(tx, field):
    tx.origins.add(origin())
    assert tx.origins.add(origin(**{field: "other"})) == 2


def test_an_origin_that_told_the_same_before_another_one_is_recorded(tx):
    for snapshot in ("1", "2", "1"):
        tx.origins.add(origin(snapshot=snapshot))
    assert [one.snapshot for one in tx.origins.of(A)] == ["1", "2", "1"]


def test_the_newest_origins_come_first(tx):
    for name in (A, B):
        tx.origins.add(origin(name))
    assert [one.artifact for one in tx.origins.newest()] == [B, A]
    assert [one.artifact for one in tx.origins.newest(limit=1)] == [B]


def test_an_origin_of_what_is_not_recorded_is_refused(catalog):
    with pytest.raises(NotFound), catalog.begin() as tx:
        tx.origins.add(origin(digest("never recorded")))


def test_the_last_answer_counts(tx):
    number = tx.origins.add(origin())
    tx.origins.check(check(number, at_us=1))
    tx.origins.check(check(number, found=False, why="vacuumed", at_us=1))
    assert tx.origins.last_checks([number]) == {number: check(number, found=False, why="vacuumed", at_us=1)}


def test_an_origin_that_was_never_asked_has_no_answer(tx):
    first, second = tx.origins.add(origin()), tx.origins.add(origin(B))
    tx.origins.check(check(second))
    assert set(tx.origins.last_checks([first, second])) == {second}


def test_answers_of_many_origins_are_read_at_once(tx):
    numbers = [tx.origins.add(origin(snapshot=str(number))) for number in range(1200)]
    for number in numbers[::2]:
        tx.origins.check(check(number))
    assert sorted(tx.origins.last_checks(numbers)) == numbers[::2]


def test_who_recorded_an_origin_is_kept(tx):
    tx.origins.add(origin(by=ANA))
    assert tx.origins.of(A)[0].by == ANA
