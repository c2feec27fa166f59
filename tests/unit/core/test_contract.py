"""Data contracts: what may be promised, and how a broken promise reads."""

import datetime as dt
import decimal
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.contract import (
    Check,
    Column,
    Contract,
    Sample,
    Violation,
    column_violations,
    require_kept,
    row_count_violations,
)
from remint.errors import ContractBroken, Invalid

PARIS = dt.timezone(dt.timedelta(hours=1))


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "int8", "minimum": -3, "maximum": 3},
        {"type": "float32", "minimum": -math.inf, "maximum": 1},
        {"type": "decimal128(9,2)", "minimum": decimal.Decimal("0.01")},
        {"type": "date32", "maximum": dt.date(2013, 12, 31)},
        {"type": "timestamp[us]", "minimum": dt.datetime(2013, 1, 1)},
        {"type": "timestamp[us,UTC]", "minimum": dt.datetime(2013, 1, 1, tzinfo=PARIS)},
        {"type": "utf8", "allowed": ("EWR", "JFK"), "pattern": "[A-Z]{3}"},
        {"type": "bool", "allowed": (True,)},
        {"type": "date32", "allowed": (dt.date(2013, 1, 1),)},
    ],
)
def test_a_rule_that_fits_its_type_is_kept_through_json(rule):
    contract = Contract((Column("c", **rule),))
    assert Contract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "int8", "minimum": 0.5},
        {"type": "int8", "minimum": True},
        {"type": "float64", "minimum": math.nan},
        {"type": "utf8", "maximum": 3},
        {"type": "date32", "minimum": dt.datetime(2013, 1, 1)},
        {"type": "timestamp[us]", "minimum": dt.datetime(2013, 1, 1, tzinfo=dt.UTC)},
        {"type": "timestamp[us,UTC]", "minimum": dt.datetime(2013, 1, 1)},
        {"type": "decimal256(50,0)", "minimum": 1},
        {"type": "decimal128(9,2)", "minimum": decimal.Decimal("NaN")},
        {"type": "int8", "minimum": 3, "maximum": 2},
        {"type": "float64", "allowed": (1.0,)},
        {"type": "utf8", "allowed": ()},
        {"type": "utf8", "allowed": ("a", "a")},
        {"type": "int8", "allowed": ("a",)},
        {"type": "int8", "pattern": "a"},
        {"type": "utf8", "pattern": "["},
        {"type": "timestamp[us,Etc/UTC]"},
        {"type": "text"},
    ],
)
def test_a_rule_that_does_not_fit_its_type_is_refused(rule):
    with pytest.raises(Invalid):
        Column("c", **rule)


@pytest.mark.parametrize(
    "parts",
    [
        {"key": ("b",)},
        {"time": "b"},
        {"time": "a"},
        {"key": ("a", "a")},
        {"min_rows": -1},
        {"checks": (Check("x", "a > 1"), Check("x", "a > 2"))},
        {"columns": (Column("a", "int8"), Column("a", "utf8"))},
        {"columns": ()},
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(parts):
    with pytest.raises(Invalid):
        Contract(**{"columns": (Column("a", "int8"),), **parts})


def test_key_and_time_are_never_null():
    columns = (Column("id", "int64"), Column("at", "date32"), Column("x", "bool", nullable=False), Column("y", "bool"))
    assert Contract(columns, key=("id",), time="at").never_null == {"id", "at", "x"}


def test_the_order_of_allowed_values_is_no_part_of_a_contract():
    one, other = (Contract((Column("c", "utf8", allowed=values),)) for values in (("b", "a"), ("a", "b")))
    assert one.to_json() == other.to_json()


def test_an_instant_is_the_same_bound_in_every_zone():
    instants = (dt.datetime(2013, 1, 1, 1, tzinfo=PARIS), dt.datetime(2013, 1, 1, tzinfo=dt.UTC))
    one, other = (Contract((Column("c", "timestamp[us,UTC]", minimum=instant),)) for instant in instants)
    assert one.to_json() == other.to_json()


WHOLE = Contract((Column("a", "int8"),), checks=(Check("small", "a < 9"),), min_rows=3).to_json()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version":1}',
        WHOLE.replace(b'"version":1', b'"version":2'),
        WHOLE.replace(b'"min_rows"', b'"rows"'),
        WHOLE.replace(b'"pattern"', b'"regex"'),
        WHOLE.replace(b"int8", b"int9"),
        WHOLE.replace(b'"min_rows":3', b'"min_rows":"3"'),
        WHOLE.replace(b'"sql"', b'"python"'),
    ],
)
def test_content_that_is_no_contract_is_refused(content):
    with pytest.raises(Invalid):
        Contract.from_json(content)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_damaged_contract_is_read_or_refused(place, byte):
    damaged = WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    try:
        contract = Contract.from_json(damaged)
    except Invalid:
        return
    assert Contract.from_json(contract.to_json()) == contract


CONTRACT = Contract((Column("id", "int64"), Column("name", "utf8")), min_rows=2)


def test_missing_wrong_and_extra_columns_are_violations():
    found = column_violations(CONTRACT, [("name", "int8"), ("x", "bool")])
    assert [str(violation) for violation in found] == [
        "missing of id: a column of int64",
        "type of name: utf8, found int8",
        "extra of x: no such column",
    ]


def test_extra_columns_may_be_allowed():
    contract = Contract((Column("id", "int64"),), extra_columns=True)
    assert column_violations(contract, [("x", "bool"), ("id", "int64")]) == []


def test_too_few_rows_are_a_violation():
    assert [violation.expected for violation in row_count_violations(CONTRACT, 1)] == ["2 rows or more, found 1"]
    assert row_count_violations(CONTRACT, 2) == []


def test_a_violation_reads_as_a_sentence():
    found = Violation("range", "delay", 1_200, "0 to 9", (Sample((17,), ("UA", "5"), "99"),))
    assert str(found) == "range of delay: 1,200 rows, first in row 17 (key UA, 5): '99', expected 0 to 9"


def test_a_broken_contract_is_refused_with_all_violations():
    found = [Violation("null", "id", 1, "no null", (Sample((3,), (None,), None),))]
    with pytest.raises(ContractBroken, match="the batch breaks its data contract in 1 rule") as caught:
        require_kept(found, table="the batch")
    assert caught.value.facts["violations"][0]["samples"] == [{"rows": [3], "key": [None], "value": None}]


def test_a_kept_contract_passes():
    require_kept([], table="the batch")
