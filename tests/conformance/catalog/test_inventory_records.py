"""What every catalog promises of the inventory and of validations (remint.ports.inventory, remint.ports.validations)."""

import contextlib
from dataclasses import replace

from remint.core.ids import PrincipalId
from tests.conformance.catalog.nouns import A, B, item, step_of


def test_the_newest_item_of_a_ref_counts_and_the_earlier_ones_stay(catalog):
    with catalog.begin() as tx:
        first = tx.inventory.add(item("model/late"))
        other = tx.inventory.add(item("data/rows"))
        last = tx.inventory.add(replace(item("model/late"), owner=PrincipalId("bo"), materiality="high"))
    with catalog.read() as tx:
        assert [first.number, other.number, last.number] == [1, 2, 3]
        assert (tx.inventory.get("model/late"), tx.inventory.get("model/none")) == (last, None)
        assert tx.inventory.newest() == [other, last]
        assert tx.inventory.all() == [first, other, last]
        assert tx.inventory.all(ref="model/late") == [first, last]


def test_an_item_of_an_aborted_transaction_is_not_there(catalog):
    with contextlib.suppress(RuntimeError), catalog.begin() as tx:
        tx.inventory.add(item("model/late"))
        raise RuntimeError("stop")
    with catalog.read() as tx:
        assert tx.inventory.all() == []


def test_steps_of_validations_are_read_as_they_were_recorded(catalog):
    with catalog.begin() as tx:
        assert tx.validations.next() == 1
        first, other = tx.validations.add(step_of(1)), tx.validations.add(step_of(2, artifact=B))
        last = tx.validations.add(step_of(1, "find"))
    with catalog.read() as tx:
        assert ([one.number for one in (first, other, last)], tx.validations.next()) == ([1, 2, 3], 3)
        assert tx.validations.steps() == [first, other, last]
        assert tx.validations.steps(validation=1) == tx.validations.steps(artifact=A) == [first, last]
        assert tx.validations.steps(artifact=B, validation=1) == []
