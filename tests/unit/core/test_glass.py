"""Break-glass: two persons, some refs, a while."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.glass import Confirmation, Glass, parse_span, require_holds
from remint.core.ids import PrincipalId
from remint.core.ref import RefName
from remint.core.window import HOUR_US, MINUTE_US
from remint.errors import Denied, Invalid

GUS, HAL, ANA = (PrincipalId(name) for name in ("gus", "hal", "ana"))
X, Y = RefName("main", "model", "x"), RefName("main", "model", "y")
GLASS = Glass(1, (X,), "it fails", GUS, 100, 200, confirmed=Confirmation(HAL, 120, b""))


@given(st.sampled_from([GUS, HAL]), st.integers(120, 199))
def test_who_opened_and_who_confirmed_it_merge_while_it_lasts(by, at_us):
    require_holds(GLASS, [X], by=by, at_us=at_us)


@pytest.mark.parametrize(
    ("glass", "refs", "by", "at_us", "why"),
    [
        (replace(GLASS, confirmed=None), [X], GUS, 150, "no second principal"),
        (replace(GLASS, confirmed=Confirmation(GUS, 120, b"")), [X], GUS, 150, "no second principal"),
        (GLASS, [X], ANA, 150, "only gus and hal"),
        (GLASS, [X], GUS, 119, "not confirmed yet"),
        (GLASS, [X], GUS, 200, "it ended"),
        (GLASS, [X, Y], GUS, 150, "not about main:model/y"),
    ],
)
def test_an_emergency_allows_nothing_else(glass, refs, by, at_us, why):
    with pytest.raises(Denied, match=why):
        require_holds(glass, refs, by=by, at_us=at_us)


@pytest.mark.parametrize(
    "other",
    [
        replace(GLASS, number=2),
        replace(GLASS, refs=(X, Y)),
        replace(GLASS, reason="another"),
        replace(GLASS, by=HAL),
        replace(GLASS, at_us=101),
        replace(GLASS, until_us=201),
    ],
)
def test_what_both_sign_names_everything(other):
    assert other.digest() != GLASS.digest()


def test_the_confirmation_is_no_part_of_what_both_sign():
    assert replace(GLASS, confirmed=None, signature=b"s").digest() == GLASS.digest()


def test_how_long_it_lasts_is_minutes_or_hours():
    assert (parse_span("90m"), parse_span("24h")) == (90 * MINUTE_US, 24 * HOUR_US)


@pytest.mark.parametrize("text", ["", "30", "0m", "25h", "1441m", "1d", "-1h", "30 m"])
def test_what_is_no_span_of_a_day_at_most_is_refused(text):
    with pytest.raises(Invalid):
        parse_span(text)
