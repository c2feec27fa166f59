"""Signed tokens: whatever is shown is read as one, or refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.idtoken import groups_in, issuer_said, key_wanted, require_claims
from remint.errors import Denied

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda one: st.lists(one, max_size=3))
SAID = {"iss": "https://x.org", "aud": "remint", "sub": "7", "exp": 100}
LIMITS = {"issuer": "https://x.org", "audience": "remint"}


def outcome(call, *given, **more):
    """Return what a call returns, or the facts of its refusal."""
    try:
        return call(*given, **more)
    except Denied as refused:
        return refused.facts


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]+", fullmatch=True))
def test_whatever_is_no_token_is_refused_with_the_rule_identity(text):
    with pytest.raises(Denied) as refused:
        issuer_said(text)
    assert refused.value.facts["rule"] == "identity"


@given(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "nonce", "azp"]), JSON)
def test_a_claim_of_any_kind_is_taken_or_refused_and_never_fails(name, value):
    found = outcome(require_claims, {**SAID, name: value}, **LIMITS, now_us=99_000_000)
    assert isinstance(found, str) or found["rule"] == "identity"


@given(JSON)
def test_groups_of_any_kind_are_names_or_refused(value):
    found = outcome(groups_in, {"groups": value}, "groups") or frozenset()
    assert found == {"rule": "identity", "reason": "groups"} or all(isinstance(one, str) for one in found)


@pytest.mark.parametrize(("now_s", "counts"), [(39, False), (40, True), (159, True), (160, False)])
def test_a_minute_between_clocks_does_not_matter(now_s, counts):
    found = outcome(require_claims, {**SAID, "nbf": 100, "exp": 100}, **LIMITS, now_us=now_s * 1_000_000)
    assert (found == "7") is counts


def test_a_nonce_is_asked_for_only_where_one_was_given():
    assert require_claims({**SAID, "nonce": "n"}, **LIMITS, now_us=0, nonce="n") == "7"
    with pytest.raises(Denied, match="does not answer to this sign-in"):
        require_claims(SAID, **LIMITS, now_us=0, nonce="n")


def test_a_token_given_to_this_server_among_several_counts():
    assert require_claims({**SAID, "aud": ["remint", "other"], "azp": "remint"}, **LIMITS, now_us=0) == "7"
    assert require_claims({**SAID, "aud": ["remint"]}, **LIMITS, now_us=0) == "7"


def test_the_key_that_is_named_is_not_trusted_but_only_read():
    assert key_wanted("eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.AA") == ("RS256", "a")
    assert key_wanted("eyJhbGciOiJFUzI1NiJ9.e30.AA") == ("ES256", None)
