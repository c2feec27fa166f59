"""Questions to a policy, and tables of cases."""

import pytest

from remint.core.access import Caller
from remint.core.action import ACTIONS
from remint.core.ids import PrincipalId
from remint.core.policy import Question, named_ref, parse_cases, schema
from remint.core.ref import RefName
from remint.errors import Invalid

CASE = {"principal": "bo", "roles": ["member"], "action": "ref:move", "resource": "main:data/x", "expect": "allow"}


def test_every_action_of_the_table_is_in_the_schema_once():
    assert [name for name in ACTIONS if schema().count(f'"{name}"') != 1] == []


def test_the_facts_of_a_question_come_from_the_caller_and_the_refs():
    caller = Caller(PrincipalId("ana"), frozenset({"risk", "member"}), frozenset({"read"}), "lab")
    refs = (RefName("lab", "model", "delay"), RefName("lab", "data", "flights"))
    assert Question(caller, "change:open", "change 1", refs).facts() == {
        "roles": ["member", "risk"],
        "scopes": ["read"],
        "via_token": True,
        "sandbox": "lab",
        "workspace": "lab",
        "kinds": ["data", "model"],
        "paths": ["data/flights", "model/delay"],
    }


def test_without_a_token_every_scope_is_there():
    facts = Question(Caller(PrincipalId("ana"), frozenset()), "catalog:read", "refs").facts()
    assert (facts["via_token"], len(facts["scopes"]), facts["sandbox"], facts["workspace"]) == (False, 4, "", "")


@pytest.mark.parametrize("resource", ["change 3", "token 1", "b3:00/x", "store", "main:no/x y", "x"])
def test_what_is_no_ref_names_none(resource):
    assert named_ref(resource) is None


def test_a_case_is_a_question_and_what_is_expected():
    (case,) = parse_cases({"case": [CASE]})
    assert (case.number, case.expect, case.question.refs) == (1, "allow", (RefName("main", "data", "x"),))
    assert case.question.caller == Caller(PrincipalId("bo"), frozenset({"member"}))


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"case": []},
        {"case": [1]},
        {"case": [CASE], "more": 1},
        {"case": [{**CASE, "principal": ""}]},
        {"case": [{**CASE, "action": "ref:burn"}]},
        {"case": [{**CASE, "expect": "maybe"}]},
        {"case": [{**CASE, "roles": "member"}]},
        {"case": [{**CASE, "scopes": [1]}]},
        {"case": [{**CASE, "resource": 5}]},
        {"case": [{**CASE, "colour": "red"}]},
    ],
)
def test_a_table_that_is_not_complete_is_refused(table):
    with pytest.raises(Invalid, match="cannot be used"):
        parse_cases(table)
