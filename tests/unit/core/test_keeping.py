"""Keeping contracts: how gates judge it, what is told of a broken one, and how contracts differ."""

import datetime as dt
import decimal

import pytest

from remint.core.contract import Check, Column, Contract, Sample, Violation
from remint.core.definition import definition_differences
from remint.core.digest import digest_bytes
from remint.core.gate import Findings, gates_for, judge
from remint.core.keeping import Kept, contract_differences, contracts_in, drafted, laid_out, told
from remint.errors import Invalid

REF = "contract/orders"
GATE = {"gate": "data-contract", "contract": REF}
NOW, TABLE = digest_bytes(b"contract"), digest_bytes(b"table")
WHOLE = Contract(
    (
        Column("id", "int64", nullable=False, minimum=1),
        Column("x", "float64", minimum=-0.5, maximum=2.5),
        Column("day", "date32", minimum=dt.date(2026, 1, 1), nullable=False),
        Column("at", "timestamp[us,UTC]", maximum=dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
        Column("price", "decimal128(9,2)", allowed=(decimal.Decimal("1.50"), decimal.Decimal("2.00"))),
        Column("name", "utf8", pattern="[a-zé]+"),
    ),
    key=("id",),
    time="day",
    min_rows=1,
    checks=(Check("sane", "x < id"),),
    extra_columns=True,
)


@pytest.mark.parametrize(
    ("known", "passed", "words"),
    [
        ({}, False, "contract/orders is not in main"),
        ({REF: Kept(REF, None)}, False, "contract/orders is not in main"),
        ({REF: Kept(REF, NOW)}, False, f"it was not checked against contract/orders as it is now ({NOW.short})"),
        ({REF: Kept(REF, NOW, ["null of id: 1 row"])}, False, "it breaks contract/orders in 1 rule: null of id: 1 row"),
        ({REF: Kept(REF, NOW, ["a", "b"])}, False, "it breaks contract/orders in 2 rules: a"),
        ({REF: Kept(REF, NOW, [])}, True, f"it keeps contract/orders ({NOW.short})"),
        ({"contract/other": Kept("contract/other", NOW, [])}, False, "contract/orders is not in main"),
    ],
)
def test_a_gate_passes_only_for_a_table_that_keeps_the_contract_in_force(known, passed, words):
    result = judge(GATE, Findings(None, TABLE, contracts=known))
    assert (result.passed, result.reason) == (passed, words)


@pytest.mark.parametrize("contract", ["orders", "data/orders", "contract/orders@1", "try:contract/orders", 5])
def test_a_gate_that_names_no_contract_in_main_is_refused_when_a_change_is_opened(contract):
    with pytest.raises(Invalid, match="data-contract cannot be judged"):
        gates_for("data/orders", {"data/*": {"data-contract": {"contract": contract}}})


def test_a_gate_without_a_contract_is_refused():
    with pytest.raises(Invalid, match="it lacks contract"):
        gates_for("data/orders", {"data/*": {"data-contract": {}}})


def test_contracts_that_a_materiality_names_are_found():
    settings = {"materiality": {"high": {"tier": 1, "gates": {"data-contract": {"contract": REF}}}, "low": {}}}
    assert contracts_in(settings) == [REF]


@pytest.mark.parametrize(
    "settings",
    [{}, {"gates": 1}, {"gates": {"data/*": 1}}, {"gates": {"data/*": {"data-contract": 1}}}, {"materiality": {"high": 1}}],
)
def test_settings_that_mean_nothing_name_no_contract(settings):
    assert contracts_in(settings) == []


def test_what_is_told_of_a_broken_rule_holds_no_value_and_no_key():
    broken = [
        Violation("range", "x", 3, "at least 0", (Sample((7, 9), ("key-of-ana",), "-123.5"),)),
        Violation("missing", "y", 1, "a column of int64"),
        Violation("check:sane", "", 1, "x < id", (Sample((2,), (), "value-of-bo"),)),
    ]
    words = told(broken)
    assert words == [
        "range of x: 3 rows, first in row 7, expected at least 0",
        "missing of y: a column of int64",
        "check:sane: 1 row, first in row 2, expected x < id",
    ]
    assert len(told(broken * 100)) == 100


def test_a_contract_that_is_laid_out_for_people_is_the_same_when_it_is_read():
    text = laid_out(WHOLE)
    assert Contract.from_json(text.encode()) == WHOLE
    assert '"maximum": 2.5' in text


def test_floats_that_json_has_no_words_for_stay_tagged():
    contract = Contract((Column("x", "float64", maximum=float("inf")),))
    assert Contract.from_json(laid_out(contract).encode()) == contract


def test_a_draft_says_what_can_be_seen():
    made = drafted([("id", "int64"), ("day", "date32")], {"id": False, "day": True}, key=["id"], time="day")
    assert [(column.name, column.nullable) for column in made.columns] == [("id", False), ("day", True)]
    assert made.never_null == {"id", "day"}


def test_a_draft_with_a_key_there_is_not_is_refused():
    with pytest.raises(Invalid, match="column 'no' of the contract is wrong"):
        drafted([("id", "int64")], {"id": False}, key=["no"])


def test_contracts_differ_in_words():
    new = Contract(
        (Column("id", "int64", nullable=False, minimum=5), Column("extra", "bool")),
        key=("id", "extra"),
        checks=(Check("sane", "id > 0"), Check("more", "extra")),
    )
    assert contract_differences(WHOLE, WHOLE) == []
    assert contract_differences(WHOLE, new) == [
        "column extra (bool) was added",
        "column x (float64) was removed",
        "column day (date32) was removed",
        "column at (timestamp[us,UTC]) was removed",
        "column price (decimal128(9,2)) was removed",
        "column name (utf8) was removed",
        "column id: minimum 1 became 5",
        "check more was added: extra",
        "check sane: x < id became id > 0",
        "key id became id, extra",
        "time day became nothing",
        "min_rows 1 became 0",
        "extra_columns True became False",
    ]
    assert definition_differences(WHOLE.to_json(), new.to_json()) == contract_differences(WHOLE, new)


def test_a_definition_that_becomes_another_kind_differs_by_its_parts():
    words = definition_differences(Contract((Column("id", "int64"),)).to_json(), b'{"external":"hosted service"}')
    assert "external 'hosted service' was added" in words
