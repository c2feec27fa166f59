"""The kernel and the same rules written in Cedar agree on every combination of role, scope and sandbox."""

import itertools

import pytest

from remint.adapters.policy.cedar import CedarPolicies
from remint.core.access import Caller, decide
from remint.core.action import ACTIONS, ROLES, SCOPES
from remint.core.ids import PrincipalId
from remint.core.policy import Question
from remint.core.ref import RefName
from tests.support.policies import kernel_in_cedar

ROLE_SETS = [frozenset(some) for count in range(len(ROLES) + 1) for some in itertools.combinations(ROLES, count)]
SCOPE_SETS = [None, *(frozenset(some) for count in range(len(SCOPES) + 1) for some in itertools.combinations(SCOPES, count))]
PLACES = [(None, "main"), ("lab", "lab"), ("lab", "main"), ("lab", None)]


@pytest.fixture(scope="module")
def in_cedar():
    return CedarPolicies().load(kernel_in_cedar())


def decisions(loaded, action):
    """Return every question about an action on which the two differ, and how many questions there were."""
    ana, resource = PrincipalId("ana"), "x"
    asked = differing = 0
    for roles, scopes, (sandbox, workspace) in itertools.product(ROLE_SETS, SCOPE_SETS, PLACES):
        caller = Caller(ana, roles, scopes, sandbox)
        refs = (RefName(workspace, "data", "x"),) if workspace else ()
        verdict = loaded.decide(Question(caller, action, resource, refs, workspace))
        asked += 1
        differing += verdict.allowed is not decide(caller, action, workspace=workspace).allowed
    return asked, differing


@pytest.mark.parametrize("action", ["ref:move", "change:approve"])
def test_the_kernel_and_the_same_rules_in_cedar_agree_in_every_case(in_cedar, action):
    assert decisions(in_cedar, action) == (len(ROLE_SETS) * len(SCOPE_SETS) * len(PLACES), 0)


def test_the_comparison_is_of_more_than_four_thousand_cases():
    assert 2 * len(ROLE_SETS) * len(SCOPE_SETS) * len(PLACES) > 4096


@pytest.mark.parametrize("action", ACTIONS)
def test_for_every_action_the_two_agree_on_single_roles_and_scopes(in_cedar, action):
    callers = [
        Caller(PrincipalId("ana"), frozenset({role}), scopes, sandbox)
        for role in ROLES
        for scopes in (None, frozenset({"read"}), frozenset({"write", "own"}))
        for sandbox in (None, "main")
    ]
    said = [in_cedar.decide(Question(caller, action, "x", (), "main")).allowed for caller in callers]
    assert said == [decide(caller, action, workspace="main").allowed for caller in callers]
