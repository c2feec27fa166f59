"""What every catalog promises of budgets (remint.ports.budgets.BudgetRecords)."""

from dataclasses import replace

import pytest

from remint.core.budget import Balance, Budget, Closing, Limit, Past, Refund, Reservation, Saving, Settlement
from remint.core.price import Prices
from remint.core.run import State, Usage
from remint.errors import Conflict, Corrupt, NotFound
from tests.conformance.catalog.nouns import ANA, BO, end, recipe, run_id, start

PRICES = Prices("EUR", 48_000, 6_000, 5)


def reservation(number, budget="lab", amount=10, **fields):
    made = Reservation(run_id(number), budget, ANA, "pipeline:train", "", amount, PRICES.digest(), 0, 100, number)
    return replace(made, **fields)


def settlement(number, amount=4, state="done"):
    return Settlement(run_id(number), amount, 7, 8, state, ANA, 50 + number)


@pytest.fixture
def paid(catalog):
    """A catalog with the budgets team, and lab and other below it, prices, and five runs that started."""
    with catalog.begin() as tx:
        tx.recipes.add(recipe())
        for number in range(5):
            tx.runs.start(start(number))
        tx.budgets.create(Budget("team", None, BO, ANA, 1), 100)
        tx.budgets.create(Budget("lab", "team", ANA, ANA, 2), 1_000)
        tx.budgets.create(Budget("other", "team", ANA, ANA, 3), 30)
        tx.budgets.keep_prices(PRICES)
    return catalog


def balances(tx):
    assert tx.budgets.recomputed() == tx.budgets.balances()
    return {name: (one.reserved, one.spent) for name, one in tx.budgets.balances().items()}


def test_budgets_are_read_as_they_were_made(paid):
    with paid.read() as tx:
        assert tx.budgets.get("team") == Budget("team", None, BO, ANA, 1)
        assert [one.name for one in tx.budgets.all()] == ["lab", "other", "team"]
        assert [one.name for one in tx.budgets.path("lab")] == ["team", "lab"]
        assert (tx.budgets.get("none"), list(tx.budgets.path("none"))) == (None, [])
        assert tx.budgets.balances()["lab"] == Balance("lab", 1_000, 0, 0)


def test_a_name_is_taken_once(paid):
    with pytest.raises(Conflict, match="there is one of that name"), paid.begin() as tx:
        tx.budgets.create(Budget("lab", None, ANA, ANA, 9), 1)


def test_there_is_no_budget_below_nothing(paid):
    with pytest.raises(NotFound, match="there is no budget none above it"), paid.begin() as tx:
        tx.budgets.create(Budget("low", "none", ANA, ANA, 9), 1)


def test_a_reservation_is_held_in_a_budget_and_all_above_it(paid):
    with paid.begin() as tx:
        assert tx.budgets.reserve(reservation(0)) is None
        assert balances(tx) == {"team": (10, 0), "lab": (10, 0), "other": (0, 0)}
        assert tx.budgets.reservation(run_id(0)) == reservation(0)
        assert list(tx.budgets.open("lab")) == [reservation(0)]
        assert list(tx.budgets.open("team")) == []


def test_the_last_unit_can_be_reserved_and_no_unit_more(paid):
    with paid.begin() as tx:
        assert tx.budgets.reserve(reservation(0, amount=99)) is None
        assert tx.budgets.reserve(reservation(1, amount=1)) is None
        assert tx.budgets.reserve(reservation(2, amount=1)) == "team"
        assert tx.budgets.reserve(reservation(3, amount=0)) is None


def test_a_budget_that_has_enough_does_not_help_one_below_it_that_has_not(paid):
    with paid.begin() as tx:
        assert tx.budgets.reserve(reservation(0, "other", 31)) == "other"


def test_what_a_settlement_does_not_take_is_free_again(paid):
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
        assert tx.budgets.settle(settlement(0))
        assert balances(tx) == {"team": (0, 4), "lab": (0, 4), "other": (0, 0)}
        assert list(tx.budgets.open("lab")) == []
        assert tx.budgets.balances()["team"].free == 96


def test_a_run_is_settled_once(paid):
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
        assert tx.budgets.settle(settlement(0))
        assert not tx.budgets.settle(settlement(0, 9))
        assert not tx.budgets.settle(settlement(1))
        assert balances(tx)["lab"] == (0, 4)


def test_a_refund_is_given_once(paid):
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
        tx.budgets.settle(settlement(0))
        assert tx.budgets.refund(Refund(run_id(0), 3, BO, 60, "lost"))
        assert not tx.budgets.refund(Refund(run_id(0), 1, BO, 61, "again"))
        assert balances(tx) == {"team": (0, 1), "lab": (0, 1), "other": (0, 0)}
        assert tx.budgets.charge(run_id(0)).refunded == 3
        assert tx.budgets.amounts([run_id(0), run_id(1)]) == {run_id(0): 1}


def test_an_altered_balance_is_not_settled_over(paid):
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
    with paid.begin() as tx:
        tx.budgets.set_limit(Limit("lab", 0, 7, ANA, 5))
        tx._connection.exec_driver_sql("UPDATE budget_balances SET reserved = 0 WHERE budget = 'team'")
    with pytest.raises(Corrupt, match="the balance of budget team"), paid.begin() as tx:
        tx.budgets.settle(settlement(0))


def test_a_new_limit_counts_at_once_also_below_what_is_spent(paid):
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
        assert tx.budgets.set_limit(Limit("lab", 0, 5, BO, 9)).number == 2
        assert tx.budgets.balances()["lab"].free == -5
        assert tx.budgets.reserve(reservation(1, amount=0)) == "lab"
        tx.budgets.set_limit(Limit("lab", 0, 11, BO, 10))
        assert tx.budgets.reserve(reservation(2, amount=1)) is None
        assert balances(tx)["lab"] == (11, 0)


def test_a_budget_is_closed_once(paid):
    with paid.begin() as tx:
        tx.budgets.close(Closing("lab", BO, 9))
        assert tx.budgets.closed() == {"lab": Closing("lab", BO, 9)}
        with pytest.raises(Conflict, match="closed already"):
            tx.budgets.close(Closing("lab", BO, 10))


def test_leases_that_are_over_are_found_oldest_first(paid):
    with paid.begin() as tx:
        for number, lease_us in ((0, 30), (1, 10), (2, 20), (3, 40)):
            tx.budgets.reserve(reservation(number, lease_us=lease_us))
        tx.budgets.settle(settlement(2))
        assert [held.run for held in tx.budgets.lapsed(40)] == [run_id(1), run_id(0)]
        assert [held.run for held in tx.budgets.lapsed(41, limit=1)] == [run_id(1)]
        assert list(tx.budgets.lapsed(10)) == []


def test_charges_are_read_newest_first(paid):
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
        tx.budgets.reserve(reservation(1, "other"))
        for number in (0, 1):
            tx.budgets.settle(settlement(number))
        found = list(tx.budgets.charges())
        assert [(one.settlement, one.reservation.budget) for one in found] == [(settlement(1), "other"), (settlement(0), "lab")]
        assert [one.reservation for one in tx.budgets.charges(budget="lab")] == [reservation(0)]
        assert len(list(tx.budgets.charges(since_us=51))) == len(list(tx.budgets.charges(limit=1))) == 1


def test_savings_are_numbered_and_read_newest_first(paid):
    one = Saving(0, run_id(0), "lab", BO, "pipeline:train", 4, 70)
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
        tx.budgets.settle(settlement(0))
        assert [tx.budgets.add_saving(one).number for _ in range(2)] == [1, 2]
        assert list(tx.budgets.savings()) == [
            (replace(one, number=2), PRICES.digest()),
            (replace(one, number=1), PRICES.digest()),
        ]
        assert list(tx.budgets.savings(since_us=71)) == []


def test_a_price_table_is_kept_once_and_read_as_it_was(paid):
    with paid.begin() as tx:
        assert tx.budgets.keep_prices(PRICES) == PRICES.digest()
        assert tx.budgets.prices(PRICES.digest()) == PRICES
        with pytest.raises(NotFound, match="there is no price table"):
            tx.budgets.prices(Prices("USD").digest())


def test_the_past_of_a_step_is_what_its_ended_runs_used_newest_first(paid):
    with paid.begin() as tx:
        tx.runs.end(end(0, usage=Usage(1, 2, 3)))
        tx.runs.end(end(1, State.STOPPED, usage=Usage(4, 5, 6)))
        tx.runs.end(end(2, State.FAILED))
        tx.runs.end(end(3, State.LOST))
        found = [Past(State.STOPPED, 4, 5, 6), Past(State.DONE, 1, 2, 3)]
        assert tx.budgets.past("pipeline:train", limit=9) == found
        assert tx.budgets.past("pipeline:train", limit=1) == found[:1]
        assert tx.budgets.past("pipeline:other", limit=9) == []


def test_every_record_is_told_by_an_entry(paid):
    with paid.begin() as tx:
        tx.budgets.close(Closing("other", BO, 9))
        tx.budgets.reserve(reservation(0))
        tx.budgets.settle(settlement(0))
        tx.budgets.refund(Refund(run_id(0), 3, BO, 60, "lost"))
        tx.budgets.add_saving(Saving(0, run_id(0), "lab", BO, "pipeline:train", 4, 70))
        told = [(action, resource) for action, resource, _ in tx.budgets.kept()]
    names = ["budget lab", "budget other", "budget team"]
    assert sorted(told) == sorted(
        [("budget:create", name) for name in names]
        + [("budget:change", name) for name in (*names, "budget other")]
        + [(f"budget:{verb}", f"run {run_id(0)}") for verb in ("reserve", "settle", "refund", "save")]
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budgets SET owner = 'bo'",
        "UPDATE budget_limits SET amount = 1",
        "DELETE FROM budget_limits",
        "UPDATE reservations SET amount = 1",
        "DELETE FROM settlements",
        "UPDATE settlements SET amount = 0",
        "UPDATE price_tables SET body = ''",
    ],
)
def test_what_was_recorded_is_never_altered(paid, statement):
    with paid.begin() as tx:
        tx.budgets.reserve(reservation(0))
        tx.budgets.settle(settlement(0))
    with pytest.raises(Conflict, match="insert-only"), paid.begin() as tx:
        tx._connection.exec_driver_sql(statement)


def test_a_balance_is_never_below_zero(paid):
    with pytest.raises(Exception, match="ck_budget_balances_sign"), paid.begin() as tx:
        tx._connection.exec_driver_sql("UPDATE budget_balances SET spent = -1")
