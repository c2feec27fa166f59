"""Names of refs and the selectors behind them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.ref import KINDS, MAX_NAME, RefName, Selector, is_protected, parse_ref, require_name
from remint.errors import InvalidName

words = st.from_regex(r"[a-z0-9](?:[a-z0-9._-]{0,8}[a-z0-9_-])?", fullmatch=True)
names = st.builds(RefName, words, st.sampled_from(KINDS), st.lists(words, min_size=1, max_size=3).map("/".join))
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@given(names)
def test_every_name_reads_back_from_its_text(name):
    assert parse_ref(str(name)) == (name, None)


@given(names)
def test_a_name_without_workspace_is_in_the_one_given(name):
    assert parse_ref(name.path, workspace=name.workspace) == (name, None)


def test_a_name_without_workspace_is_in_production():
    assert parse_ref("model/delay")[0].workspace == "main"


@given(names, st.integers(1, 10**18 - 1))
def test_a_number_selects_a_move(name, serial):
    assert parse_ref(f"{name}@{serial}") == (name, Selector(serial=serial))


@given(names, st.from_regex(r"b3:[0-9a-f]{12,64}", fullmatch=True))
def test_the_start_of_a_digest_selects_a_content(name, digits):
    assert parse_ref(f"{name}@{digits}") == (name, Selector(digest=digits))


@given(st.datetimes(timezones=st.just(dt.UTC) | st.timedeltas(dt.timedelta(hours=-9), dt.timedelta(hours=9)).map(dt.timezone)))
def test_a_time_selects_to_the_microsecond(moment):
    _, selector = parse_ref(f"data/flights@{moment.isoformat()}")
    assert selector.at_us == (moment - EPOCH) // dt.timedelta(microseconds=1)


def test_a_time_without_zone_is_utc():
    assert parse_ref("data/flights@1970-01-01T00:00:01") == (RefName("main", "data", "flights"), Selector(at_us=1_000_000))


def test_a_day_is_its_first_moment():
    assert parse_ref("data/flights@1970-01-02")[1] == Selector(at_us=86_400_000_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "delay",
        "model",
        "model/",
        "/delay",
        "models/delay",
        "model/Delay",
        "model/-delay",
        "model/.delay",
        "model/a//b",
        "model/a/",
        "model/../b",
        "model/a\n",
        "model/é",
        ":model/delay",
        "Main:model/delay",
        "a:b:model/delay",
        "a/b:model/delay",
        "model/delay@",
        "model/delay@0",
        "model/delay@-1",
        "model/delay@٣",
        "model/delay@" + "9" * 19,
        "model/delay@" + "9" * 5000,
        "model/delay@b3:0123456789a",
        "model/delay@b3:" + "0" * 65,
        "model/delay@b3:0123456789AB",
        "model/delay@yesterday",
        "model/delay@2013-13-01",
        "model/delay@2013-01-01T00:00+99:00",
        "model/delay@1@2",
        "model/" + "a" * (MAX_NAME + 1),
        "model/" + "/".join(["a" * 100] * 3),
    ],
)
def test_a_text_outside_the_grammar_is_refused(text):
    with pytest.raises(InvalidName):
        parse_ref(text)


@given(st.text(st.sampled_from("maindtel/:@b3-._ 0T\n"), max_size=30))
def test_any_text_is_a_ref_or_refused(text):
    try:
        name, _ = parse_ref(text)
    except InvalidName:
        return
    assert parse_ref(str(name))[0] == name


def test_a_name_may_be_as_long_as_the_limit():
    assert require_name("a" * MAX_NAME, what="workspace") == "a" * MAX_NAME


@pytest.mark.parametrize("fields", [{}, {"serial": 1, "at_us": 1}, {"digest": "b3:" + "0" * 12, "serial": 1}])
def test_a_selector_says_exactly_one_thing(fields):
    with pytest.raises(ValueError, match="a selector names one of"):
        Selector(**fields)


def test_the_same_name_in_another_workspace():
    assert RefName("main", "model", "delay").within("ana") == RefName("ana", "model", "delay")


@pytest.mark.parametrize(
    ("name", "protected"),
    [
        (RefName("main", "model", "delay"), True),
        (RefName("main", "model", "team/delay"), True),
        (RefName("main", "data", "flights"), False),
        (RefName("ana", "model", "delay"), False),
    ],
)
def test_only_refs_of_production_that_fit_a_pattern_are_protected(name, protected):
    assert is_protected(name, patterns=("deployment/*", "model/*")) is protected


def test_without_patterns_nothing_is_protected():
    assert not is_protected(RefName("main", "model", "delay"), patterns=())
