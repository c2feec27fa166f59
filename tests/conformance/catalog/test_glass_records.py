"""What every catalog promises of emergencies (remint.ports.glass.GlassRecords), and of what a change keeps beside its gates."""

from dataclasses import replace

import pytest

from remint.core.change import Step
from remint.core.glass import GLASS, Confirmation, Glass
from remint.core.ids import PrincipalId
from remint.core.review import Auto, Rules
from remint.errors import Conflict, NotFound
from tests.conformance.catalog.nouns import ANA, FLIGHTS, change

BO = PrincipalId("bo")
ONE = Glass(1, (FLIGHTS,), "it fails", ANA, 5, 10, b"signed")
CONFIRMED = Confirmation(BO, 6, b"signed too")
RULES = Rules(
    {"risk": 2}, ((ANA, BO),), 3, 14, ("fri 16:00/mon 08:00",), 24, 48, Auto(BO, frozenset({"data"}), frozenset({"better"}))
)


def test_an_emergency_is_read_as_it_was_recorded(catalog):
    with catalog.begin() as tx:
        assert tx.glass.next_number() == 1
        tx.glass.add(ONE)
    with catalog.read() as tx:
        assert tx.glass.get(1) == ONE
        assert tx.glass.next_number() == 2


def test_its_confirmation_is_read_with_it_and_given_once(catalog):
    with catalog.begin() as tx:
        tx.glass.add(ONE)
        tx.glass.confirm(1, CONFIRMED)
        assert tx.glass.get(1) == replace(ONE, confirmed=CONFIRMED)
        with pytest.raises(Conflict, match="bo confirmed it already"):
            tx.glass.confirm(1, CONFIRMED)


def test_emergencies_are_listed_newest_first(catalog):
    with catalog.begin() as tx:
        tx.glass.add(ONE)
        tx.glass.add(replace(ONE, number=2))
        assert [one.number for one in tx.glass.newest()] == [2, 1]
        assert [one.number for one in tx.glass.newest(limit=1)] == [2]


@pytest.mark.parametrize("number", [0, -1, 2, 10**30])
def test_a_number_that_no_emergency_has_is_not_found(catalog, number):
    with catalog.begin() as tx:
        tx.glass.add(ONE)
        with pytest.raises(NotFound):
            tx.glass.get(number)


@pytest.mark.parametrize("rules", [None, RULES, Rules({})])
def test_a_change_keeps_its_rules(catalog, rules):
    with catalog.begin() as tx:
        change_id = tx.changes.add(replace(change(), rules=rules))
    with catalog.read() as tx:
        assert tx.changes.get(change_id).rules == rules


def test_changes_that_moved_a_ref_in_an_emergency_are_found(catalog):
    with catalog.begin() as tx:
        for role in ("", GLASS, GLASS):
            tx.changes.step(tx.changes.add(change()), Step("merge", ANA, 1, role=role))
        tx.changes.step(tx.changes.add(change()), Step("approve", ANA, 1, role=GLASS))
        ref = change().moves[0].ref
        assert [one.id for one in tx.changes.in_emergency(ref)] == ["2", "3"]
        assert tx.changes.in_emergency(ref.within("other")) == []
