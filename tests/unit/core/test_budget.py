"""What is reserved for a run, and what it is charged."""

import json
from dataclasses import replace

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from remint.core.budget import (
    FIRST_BYTES,
    FIRST_S,
    LEASE_S,
    UNLIMITED_S,
    Balance,
    Budget,
    Closing,
    Past,
    Reservation,
    allot,
    charge,
    expected,
    lease_end_us,
    likely_cost,
    p90,
    record_digest,
    rolled_up,
)
from remint.core.ids import PrincipalId, RunId
from remint.core.price import GB, Prices, cost
from remint.core.profile import Bounds
from remint.core.run import State

ANA = PrincipalId("ana")
CPU = Prices("EUR", cpu_hour=3_600_000_000, least_s=10)
"""A CPU second costs one unit."""

BOTH = replace(CPU, gb_hour=3_600_000_000)
S = 10**6


def past(cpu_s, state=State.DONE, wall_s=1, peak_bytes=GB):
    return Past(state, cpu_s * S, wall_s * S, peak_bytes)


def held(amount, prices=CPU, memory_bytes=0):
    return Reservation(RunId("1"), "research", ANA, "p:train", "", amount, prices.digest(), memory_bytes, 0, 0)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_nine_in_ten_values_do_not_exceed_the_p90(values):
    found = p90(values)
    assert found in values
    assert 10 * sum(value <= found for value in values) >= 9 * len(values)
    assert all(10 * sum(value <= smaller for value in values) < 9 * len(values) for smaller in values if smaller < found)


def test_a_step_that_never_ran_reserves_what_its_limits_allow():
    assert allot(Bounds(cpu_s=40), [], CPU).amount == 40 * S
    assert allot(Bounds(cpu_s=40), [], CPU).own == frozenset()


def test_a_step_that_never_ran_and_has_no_limit_gets_a_first_span():
    found = allot(Bounds(), [], CPU)
    assert (found.bounds.cpu_s, found.amount, found.own) == (FIRST_S, FIRST_S * S, {"cpu_s"})


def test_a_step_that_ran_reserves_half_as_much_again_as_it_used():
    found = allot(Bounds(), [past(100)], CPU)
    assert (found.bounds.cpu_s, found.amount, found.own) == (150, 150 * S, {"cpu_s"})


def test_it_reserves_at_least_the_seconds_of_the_price_table_and_never_more_than_its_limit():
    assert allot(Bounds(), [past(1)], CPU).amount == 10 * S
    assert allot(Bounds(cpu_s=4), [past(1)], CPU).amount == 4 * S
    assert allot(Bounds(cpu_s=120), [past(100)], CPU).bounds.cpu_s == 120


def test_a_step_that_was_stopped_reserves_twice_what_it_used():
    runs = [past(40, State.STOPPED), past(20, State.STOPPED), past(1), past(500, State.STOPPED)]
    assert allot(Bounds(), runs, CPU).amount == 80 * S


def test_a_stop_before_the_last_done_run_does_not_count():
    assert allot(Bounds(), [past(1), past(500, State.STOPPED)], CPU).amount == 10 * S


def test_what_costs_nothing_is_not_limited():
    assert allot(Bounds(), [past(1)], Prices("EUR", run=5)).bounds == Bounds()
    assert allot(Bounds(), [past(1)], Prices("EUR", run=5)).amount == 5


def test_where_memory_costs_a_run_without_a_limit_gets_one():
    found = allot(Bounds(), [past(1, peak_bytes=10 * GB)], BOTH)
    assert (found.bounds.memory_bytes, found.bounds.wall_s) == (15 * GB, 10)
    assert allot(Bounds(), [], BOTH).bounds.memory_bytes == FIRST_BYTES


@given(
    st.builds(Bounds, *(st.none() | st.integers(1, 10**6) for _ in range(3))),
    st.lists(
        st.builds(past, st.integers(0, 10**5), st.sampled_from([State.DONE, State.STOPPED]), st.integers(0, 10**5)), max_size=20
    ),
)
def test_limits_keep_the_cost_within_the_reservation(within, runs):
    found = allot(within, runs, BOTH)
    used = {"cpu_us": found.bounds.cpu_s * S, "wall_us": found.bounds.wall_s * S, "memory_bytes": found.bounds.memory_bytes}
    assert cost(BOTH, **used) == found.amount
    assert within.cpu_s is None or found.bounds.cpu_s <= within.cpu_s
    assert within.wall_s is None or found.bounds.wall_s <= within.wall_s


@given(st.lists(st.builds(past, st.integers(0, 10**5)), max_size=20))
def test_what_is_likely_is_never_more_than_what_is_reserved(runs):
    assert likely_cost(Bounds(), runs, BOTH) <= allot(Bounds(), runs, BOTH).amount


def test_only_runs_that_were_done_are_expected_again():
    assert expected([past(9, State.STOPPED), past(2), past(3)]) == Past(State.DONE, 3 * S, S, GB)
    assert expected([past(9, State.STOPPED)]) is None


def test_a_run_is_charged_its_cost_and_never_more_than_its_reservation():
    assert charge(held(10 * S), CPU, cpu_us=4 * S, wall_us=9 * S) == 4 * S
    assert charge(held(10 * S), CPU, cpu_us=11 * S, wall_us=9 * S) == 10 * S


def test_memory_is_charged_as_it_was_set_aside():
    assert charge(held(100 * S, BOTH, 2 * GB), BOTH, cpu_us=S, wall_us=3 * S) == 7 * S


def test_a_lease_outlasts_the_limit_of_its_run():
    assert lease_end_us(5, 30) == 5 + (30 + LEASE_S) * S
    assert lease_end_us(0, None) == (UNLIMITED_S + LEASE_S) * S


def test_what_lies_below_counts_above():
    tree = [Budget(name, parent, ANA, ANA, 0) for name, parent in [("a", None), ("b", "a"), ("c", "b"), ("d", "a")]]
    own = {name: Balance(name, 9, held, spent) for name, held, spent in [("a", 1, 0), ("b", 0, 2), ("c", 3, 4), ("d", 0, 5)]}
    found = rolled_up(tree, own)
    assert {name: (one.reserved, one.spent) for name, one in found.items()} == {
        "a": (4, 11),
        "b": (3, 6),
        "c": (3, 4),
        "d": (0, 5),
    }


def test_the_digest_of_a_record_is_what_the_format_says():
    body = json.dumps(["closing", {"budget": "lab", "by": "ana", "at_us": 5}], sort_keys=True, separators=(",", ":")).encode()
    made = blake3(body, derive_key_context="remint 2026 budget record v1").hexdigest()
    assert record_digest(Closing("lab", ANA, 5)) == f"b3:{made}"


def test_the_digest_of_a_price_table_is_what_the_format_says():
    table = {"v": 1, "currency": "EUR", "cpu_hour": 3_600_000_000, "gb_hour": 0, "run": 0, "least_s": 10}
    body = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    assert CPU.digest() == f"b3:{blake3(body, derive_key_context='remint 2026 prices v1').hexdigest()}"


@pytest.mark.parametrize(
    "field", ["run", "budget", "principal", "step", "profile", "amount", "memory_bytes", "lease_us", "at_us"]
)
def test_every_field_of_a_record_is_in_its_digest(field):
    one = held(10)
    other = replace(one, **{field: 77 if isinstance(getattr(one, field), int) else "other"})
    assert record_digest(one) != record_digest(other)
