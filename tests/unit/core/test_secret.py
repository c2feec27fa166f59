"""Secrets: taking their values out of streams, who is granted one, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.ids import PrincipalId
from remint.core.secret import (
    GRANT,
    REMOVE,
    REVOKE,
    SET,
    Grant,
    Hiding,
    SecretStep,
    require_value,
    require_variables,
    secrets_after,
)
from remint.errors import Invalid

ANA, BO = PrincipalId("ana"), PrincipalId("bo")
LETTERS = st.text("ab", min_size=2, max_size=5).map(str.encode)
TEXT = st.text("abc", max_size=40).map(str.encode)


@given(st.lists(LETTERS, min_size=1, max_size=3, unique=True), TEXT, st.lists(st.integers(1, 7), max_size=40))
def test_what_is_shown_does_not_depend_on_the_pieces_that_a_stream_comes_in(values, text, sizes):
    named = {str(number): value for number, value in enumerate(values)}
    whole = Hiding(named)
    wanted = whole.take(text) + whole.end()
    pieces, shown, place = Hiding(named), b"", 0
    for size in sizes:
        shown += pieces.take(text[place : place + size])
        place += size
    assert shown + pieces.take(text[place:]) + pieces.end() == wanted
    left = wanted
    for name in named:
        left = left.replace(b"[secret %s]" % name.encode(), b" ")
    assert not any(value in left for value in values)


def test_the_longer_of_two_values_is_hidden_whole():
    hiding = Hiding({"short": b"swordfish", "long": b"swordfish and chips"})
    assert hiding.text("swordfish and chips, swordfish and") == "[secret long], [secret short] and"


def test_a_stream_without_secrets_is_passed_on_at_once():
    assert Hiding({}).take(b"abc") == b"abc"


def test_a_large_value_is_hidden_where_much_of_it_is_repeated():
    value = b"key " * 8000
    hiding = Hiding({"key": value})
    shown = b"".join(hiding.take(b"key " * 100) for _ in range(200)) + hiding.end()
    assert shown.replace(b"[secret key]", b"") == b"key " * 4000


@pytest.mark.parametrize(
    ("value", "why"),
    [(b"short", "5 bytes"), (b"x" * 40_000, "40,000 bytes"), (b"with a \0 byte", "zero byte"), (b"\xff" * 9, "no UTF-8")],
)
def test_a_value_that_cannot_be_hidden_or_held_is_refused_without_being_shown(value, why):
    with pytest.raises(Invalid, match="secret key was not set") as error:
        require_value("key", value)
    assert why in error.value.why
    assert value.decode(errors="replace")[:9] not in str(error.value)


@pytest.mark.parametrize(
    "name", ["PATH", "PYTHONPATH", "LD_PRELOAD", "REMINT_PRINCIPAL", "lower", "WITH-DASH", "", "1ST", "A" * 101]
)
def test_a_variable_that_means_something_else_holds_no_secret(name):
    with pytest.raises(Invalid, match="holds no secret"):
        require_variables({"PGPASSWORD": "fine", name: "warehouse"})


def test_a_secret_set_again_keeps_its_grants_and_one_made_after_a_removal_has_none():
    steps = [
        SecretStep("key", SET, ANA, 1, about="of the shop"),
        SecretStep("key", GRANT, ANA, 2, ANA, "main"),
        SecretStep("key", GRANT, ANA, 3, BO, "*", "large"),
        SecretStep("key", REVOKE, ANA, 4, ANA, "main"),
        SecretStep("key", SET, BO, 5, about="of the shop"),
    ]
    held = secrets_after(steps)["key"]
    assert (held.by, held.set_us, held.grants) == (BO, 5, (Grant(BO, "*", "large"),))
    again = [
        *steps,
        SecretStep("key", REMOVE, ANA, 6),
        SecretStep("key", GRANT, ANA, 7, ANA, "main"),
        SecretStep("key", SET, ANA, 8),
    ]
    assert secrets_after(again)["key"].grants == ()


@pytest.mark.parametrize(
    ("grant", "covers"),
    [
        (Grant(ANA), {("main", ""), ("main", "large")}),
        (Grant(ANA, "try"), {("try", ""), ("try", "large")}),
        (Grant(ANA, "*", "large"), {("main", "large"), ("try", "large")}),
    ],
)
def test_a_grant_counts_in_its_workspace_and_under_its_profile(grant, covers):
    asked = {(workspace, profile) for workspace in ("main", "try") for profile in ("", "large")}
    assert {one for one in asked if grant.covers(ANA, *one)} == covers
    assert not any(grant.covers(BO, *one) for one in asked)
