"""Providers and workloads, as settings say them; what cannot be meant is told in tests/integration/identity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.digest import digest_bytes
from remint.core.provider import is_safe_url, name_for, parse_providers, parse_workloads
from remint.core.ref import require_name
from remint.errors import Invalid

IDENTITY = digest_bytes(b"somebody")
ACME = {"issuer": "https://login.example.org", "client_id": "remint"}


@given(st.text() | st.none() | st.integers() | st.lists(st.text()), st.booleans())
def test_whatever_a_provider_calls_somebody_the_name_is_one_and_begins_with_that_of_the_provider(wanted, is_taken):
    found = name_for("acme", wanted, IDENTITY, is_taken=is_taken)
    assert require_name(found, what="principal").startswith("acme-")


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://login.example.org", True),
        ("https://login.example.org/realms/a?b=c", True),
        ("http://localhost:3000", True),
        ("http://[::1]:3000", True),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
        ("http://10.0.0.1", False),
        ("ftp://login.example.org", False),
        ("https://", False),
        ("https://user@login.example.org", False),
        ("https://login.example.org#part", False),
        ("https://login.example.org:port", False),
        ("https://[::1", False),
        ("login.example.org", False),
        ("", False),
    ],
)
def test_only_what_nobody_can_alter_on_its_way_is_fetched(url, is_safe):
    assert is_safe_url(url) is is_safe


def test_one_provider_may_stand_in_the_setting_itself():
    (found,) = parse_providers(ACME).values()
    assert (found.name, found.label, found.scope, found.create) == ("oidc", "oidc", ("openid", "profile"), False)


def test_several_providers_have_names():
    found = parse_providers({"acme": {**ACME, "label": "Acme"}, "other": ACME})
    assert [(one.name, one.label) for one in found.values()] == [("acme", "Acme"), ("other", "other")]


def test_no_provider_is_none():
    assert parse_providers({}) == {}


def test_a_single_provider_is_called_by_its_setting_in_refusals():
    with pytest.raises(Invalid, match="the setting oidc is not understood"):
        parse_providers({**ACME, "secret": "s"})


def test_a_workload_says_what_its_token_may_do_and_for_how_long():
    said = {"issuer": "https://ci.example.org", "audience": "r", "claims": {"ref": "main"}, "principal": "nightly"}
    found = parse_workloads({"ci": {**said, "scopes": ["read", "write"]}})["ci"]
    assert (found.minutes, found.scopes, found.principal) == (15, {"read", "write"}, "nightly")
