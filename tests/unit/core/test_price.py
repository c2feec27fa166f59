"""Money is exact text, whole micro-units, and rounded up once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.price import FREE, GB, HOUR_US, Prices, amount_text, cost, parse_amount, parse_prices, read_prices
from remint.errors import Invalid

MICROS = st.integers(0, 10**18 - 1)


@given(MICROS)
def test_an_amount_is_read_as_it_was_written(micro):
    assert parse_amount(amount_text(micro)) == micro


@given(MICROS)
def test_an_amount_is_what_its_decimal_text_says(micro):
    assert Decimal(amount_text(micro)) * 1_000_000 == micro


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            " 1",
            "1 ",
            "+1",
            "-1",
            "1.",
            ".5",
            "1.0000001",
            "1e3",
            "1E3",
            "nan",
            "inf",
            "Infinity",
            "1_000",
            "1,5",
            "007",
            "0x1",
        ),
        *("1" * 13, "١", "1\n", "1.5 EUR", 1, 1.5, None, True, ["1"]),
    ],
)
def test_what_is_not_an_exact_amount_is_refused(said):
    with pytest.raises(Invalid, match="is not an amount: money is written as text"):
        parse_amount(said)


def test_the_largest_amount_fits_into_eight_bytes():
    assert parse_amount("999999999999.999999") < 2**63


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**14), st.integers(0, 10**13), st.integers(0, 10**13))
def test_a_cost_is_the_exact_sum_rounded_up_once(cpu_hour, gb_hour, cpu_us, wall_us, memory_bytes):
    prices = Prices("EUR", cpu_hour, gb_hour, 7)
    found = cost(prices, cpu_us=cpu_us, wall_us=wall_us, memory_bytes=memory_bytes)
    scale = HOUR_US * GB
    exact = cpu_hour * cpu_us * GB + gb_hour * memory_bytes * wall_us
    assert (found - 7 - 1) * scale < exact <= (found - 7) * scale


def test_an_hour_of_everything_costs_its_prices():
    prices = Prices("EUR", 48_000, 6_000, 100)
    assert cost(prices, cpu_us=HOUR_US, wall_us=HOUR_US, memory_bytes=2 * GB) == 48_000 + 12_000 + 100


def test_what_is_free_costs_nothing():
    assert cost(FREE, cpu_us=HOUR_US, wall_us=HOUR_US, memory_bytes=GB) == 0


def test_a_price_table_is_read_as_it_was_kept():
    prices = parse_prices({"currency": "EUR", "cpu_hour": "0.048", "run": "0.000001", "least_s": 5})
    assert prices == Prices("EUR", 48_000, 0, 1, 5)
    assert read_prices(prices.body()) == prices


def test_another_price_gives_another_digest():
    assert Prices("EUR", 48_000).digest() != Prices("EUR", 48_001).digest() != Prices("USD", 48_001).digest()


def test_no_table_is_no_price():
    assert parse_prices({}) is None


@pytest.mark.parametrize(
    "table",
    [
        {"cpu_hour": "0.048"},
        {"currency": "EUR", "cpu_hour": 0.048},
        {"currency": "EUR", "cpu_hour": "-1"},
        {"currency": "EUR", "gpu_hour": "1"},
        {"currency": "=EUR", "run": "1"},
        {"currency": "", "run": "1"},
        {"currency": 1, "run": "1"},
        {"currency": "EUR", "least_s": 0},
        {"currency": "EUR", "least_s": True},
        {"currency": "EUR", "least_s": 1.5},
        {"currency": "EUR", "least_s": 10**9},
    ],
)
def test_a_table_that_is_not_understood_is_refused(table):
    with pytest.raises(Invalid):
        parse_prices(table)
