"""Cedar behind the port: what does not keep to the schema is not loaded, and every error is a refusal."""

import sys

import cedarpy
import pytest

from remint.adapters.policy.cedar import CedarPolicies, CedarPolicy
from remint.core.access import Caller
from remint.core.action import ACTIONS
from remint.core.ids import PrincipalId
from remint.core.policy import Question, schema
from remint.core.ref import RefName
from remint.errors import Invalid, Unavailable
from tests.support.policies import ALLOW_ALL, NO_MODELS_WITHOUT_RISK

MODEL = RefName("main", "model", "delay")


def question(*roles, action="change:merge", refs=(MODEL,), name="ana"):
    return Question(Caller(PrincipalId(name), frozenset(roles)), action, "change 1", refs)


def test_the_schema_is_one_that_cedar_reads():
    assert str(cedarpy.Schema.from_str(schema())).count("action ") == len(ACTIONS)


def test_a_policy_that_keeps_to_the_schema_has_no_problems():
    assert CedarPolicies().problems(NO_MODELS_WITHOUT_RISK) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("permit (principal, action,", "unexpected end of input"),
        ('permit (principal, action == Action::"ref:burn", resource);', "ref:burn"),
        ("permit (principal, action, resource) when { context.purpose == 1 };", "purpose"),
        ("permit (principal, action, resource) when { context.roles == 1 };", "[Ii]ncompatible|type"),
    ],
)
def test_a_policy_outside_the_schema_is_not_loaded(text, problem):
    with pytest.raises(Invalid, match=problem):
        CedarPolicies().load(text)


def test_what_is_forbidden_names_the_statement_that_forbids():
    verdict = CedarPolicies().load(NO_MODELS_WITHOUT_RISK).decide(question("member"))
    assert (verdict.allowed, verdict.ids) == (False, ("models-need-risk",))
    assert verdict.why == "models-need-risk forbids it"


def test_the_honest_twin_is_allowed():
    assert CedarPolicies().load(NO_MODELS_WITHOUT_RISK).decide(question("member", "risk")).allowed


def test_what_nothing_permits_is_refused():
    verdict = CedarPolicies().load('permit (principal == Principal::"bo", action, resource);').decide(question("owner"))
    assert (verdict.allowed, verdict.why) == (False, "nothing in it permits this")


def test_names_of_principals_are_data_and_no_syntax():
    loaded = CedarPolicies().load('permit (principal == Principal::"bo", action, resource);')
    assert not loaded.decide(question("owner", name='bo"] || true')).allowed


def test_a_statement_that_fails_refuses_even_where_cedar_would_allow():
    failing = ALLOW_ALL + '@id("frozen") forbid (principal, action, resource) when { resource.frozen };'
    verdict = CedarPolicy(cedarpy, failing).decide(question("owner"))
    assert (verdict.allowed, len(verdict.errors)) == (False, 1)


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cedarpy", None)
    with pytest.raises(Unavailable) as missing:
        CedarPolicies().problems("")
    assert missing.value.next_step == "install it: pip install 'remint[cedar]'"
