"""Sums of costs, and lines that leave the project."""

from dataclasses import replace

import pytest

from remint.core.cost import COLUMNS, CostLine, CostRow, by_key, cells, summed
from remint.core.ids import PrincipalId, RunId

ONE = CostLine(0, "research", PrincipalId("ana"), "p:train", RunId("1"), "done", "", 5, 6, 10**9, 100, "EUR")
SAVED = replace(ONE, state="saved", cpu_us=0, amount_micro=40)


def test_what_was_saved_is_not_spent():
    assert summed([("x", ONE), ("x", ONE), ("x", SAVED)]) == (CostRow("x", "EUR", 2, 1, 10, 200, 40),)


def test_two_currencies_are_never_added():
    dollars = replace(ONE, currency="USD")
    assert [(row.currency, row.spent_micro) for row in summed([("x", ONE), ("x", dollars)])] == [("EUR", 100), ("USD", 100)]


def test_what_cost_most_comes_first():
    assert [row.key for row in summed([("a", ONE), ("b", replace(ONE, amount_micro=101))])] == ["b", "a"]


def test_a_run_counts_under_every_model_it_stands_behind():
    behind = {"main:model/x": frozenset({RunId("1")}), "main:model/y": frozenset({RunId("1")}), "main:model/z": frozenset()}
    assert [key for key, _ in by_key([ONE], "model", behind)] == ["main:model/x", "main:model/y"]


def test_a_run_counts_under_every_team_of_who_started_it():
    members = {"research": {PrincipalId("ana"), PrincipalId("bo")}, "risk": {PrincipalId("bo")}}
    other = replace(ONE, principal=PrincipalId("bo"))
    assert [key for key, _ in by_key([ONE, other], "team", members)] == ["research", "research", "risk"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    found = dict(zip(COLUMNS, cells(replace(ONE, step=text, profile=text)), strict=True))
    assert (found["step"], found["profile"]) == (f"'{text}", f"'{text}")


def test_a_line_says_what_was_used_in_seconds_and_gigabyte_seconds():
    found = dict(zip(COLUMNS, cells(replace(ONE, cpu_us=1_500_000, wall_us=2_000_000, memory_bytes=3 * 10**9)), strict=True))
    assert (found["at"], found["cpu_s"], found["gb_s"], found["amount"]) == (
        "1970-01-01T00:00:00Z",
        "1.500000",
        "6.000000",
        "0.0001",
    )
