"""The kernel's decisions: every action in the table, by role, scope and sandbox."""

import ast
import itertools
from pathlib import Path

import pytest

import remint
from remint.core.access import Caller, carriers, decide
from remint.core.action import ACTIONS, OWNER, ROLES, SCOPES
from remint.core.ids import PrincipalId

SOURCE = Path(remint.__file__).parent
SUBSETS = [frozenset(some) for count in range(len(ROLES) + 1) for some in itertools.combinations(ROLES, count)]


def caller(*roles, scopes=None, sandbox=None):
    return Caller(PrincipalId("ana"), frozenset(roles), scopes, sandbox)


def appended():
    """Return every action that the source appends to the audit log by its name, or asks for."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    words = [
        argument.value
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", "")) in {"Entry", "begin", "check", "require", "recording"}
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    return sorted({word for word in words if word.count(":") == 1 and word.replace(":", "").replace("-", "").isalpha()})


def test_every_action_that_the_source_names_is_in_the_table():
    assert "ref:move" in appended()
    assert [word for word in appended() if word not in ACTIONS] == []


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_done_by_those_with_its_roles_and_by_nobody_else(name):
    allowed = [roles for roles in SUBSETS if decide(caller(*roles), name).allowed]
    assert allowed == [roles for roles in SUBSETS if roles & ACTIONS[name].roles]


@pytest.mark.parametrize("name", ACTIONS)
def test_an_owner_may_do_everything_without_a_token(name):
    assert decide(caller(OWNER), name).allowed


@pytest.mark.parametrize("name", ACTIONS)
def test_a_token_without_the_scope_of_an_action_does_not_do_it(name):
    others = frozenset(SCOPES) - {ACTIONS[name].scope}
    assert decide(caller(OWNER, scopes=others), name).rule == "token-scope"
    assert decide(caller(OWNER, scopes={ACTIONS[name].scope}), name).allowed


@pytest.mark.parametrize("name", ACTIONS)
def test_in_its_own_sandbox_a_bound_token_does_what_does_not_leave_it(name):
    bound = caller(OWNER, scopes=SCOPES, sandbox="lab")
    assert decide(bound, name, workspace="lab").allowed is not ACTIONS[name].leaves


@pytest.mark.parametrize("name", ACTIONS)
def test_outside_its_sandbox_a_bound_token_does_nothing(name):
    assert decide(caller(OWNER, scopes=SCOPES, sandbox="lab"), name, workspace="main").rule == "sandbox-wall"


@pytest.mark.parametrize("name", ACTIONS)
def test_one_without_a_role_does_nothing(name):
    assert decide(caller(), name).rule == "known-principal"


@pytest.mark.parametrize("name", ACTIONS)
def test_a_role_of_ones_own_naming_alone_carries_nothing_that_the_table_does_not_say(name):
    assert decide(caller("risk"), name).allowed is ("risk" in ACTIONS[name].roles)


def test_what_is_not_in_the_table_is_refused():
    assert decide(caller(OWNER), "ref:burn").rule == "known-action"
    assert carriers("ref:burn") == {OWNER}


def test_what_only_owners_do_is_refused_by_a_rule_of_its_own():
    assert decide(caller("member"), "principal:change").rule == "owners-only"
    assert decide(caller("member"), "change:approve").rule == "role"


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_a_noun_and_a_verb_with_words_about_it(name):
    noun, _, verb = name.partition(":")
    assert (noun.isalpha(), verb.isalpha(), bool(ACTIONS[name].about)) == (True, True, True)
    assert ACTIONS[name].scope in SCOPES
