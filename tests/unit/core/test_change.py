"""Changes: their state follows from their steps, and no one approves what they helped to make."""

from dataclasses import replace

import pytest

from remint.core.change import (
    FINAL,
    Change,
    ChangeState,
    PlannedMove,
    Step,
    approvals,
    missing_approvals,
    moves_digest,
    require_not_author,
    require_open,
    state_of,
)
from remint.core.digest import Digest, digest_bytes
from remint.core.ids import ChangeId, PrincipalId
from remint.core.ref import RefName, parse_ref
from remint.errors import Conflict, Denied
from tests.vectors.records import reference
from tests.vectors.records.frozen import cases

A, B = digest_bytes(b"a"), digest_bytes(b"b")
ANA, BO, CLEO = (PrincipalId(name) for name in ("ana", "bo", "cleo"))
MOVE = PlannedMove(RefName("main", "model", "delay"), A, B)
CHANGE = Change(ChangeId("7"), "a better model", (MOVE,), ANA, frozenset({ANA, BO}), 0)
NEEDED = {"approver": 1}


def after(*steps):
    return replace(CHANGE, steps=steps)


def approval(by, role="approver"):
    return Step("approve", by, 1, role=role)


@pytest.mark.parametrize("case", cases("changes"), ids=range(len(cases("changes"))))
def test_the_digest_an_approval_is_bound_to_is_frozen(case):
    moves = [PlannedMove(parse_ref(ref)[0], old and Digest(old), Digest(new)) for ref, old, new in case["moves"]]
    assert moves_digest(moves, case["gates"]) == reference.change(case["moves"], case["gates"]) == case["digest"]


@pytest.mark.parametrize(
    "other", [replace(MOVE, new=A), replace(MOVE, old=None), replace(MOVE, ref=RefName("main", "model", "delays"))]
)
def test_an_approval_is_bound_to_every_digest_and_name(other):
    assert moves_digest([other], ()) != moves_digest([MOVE], ())


def test_an_approval_is_bound_to_the_gates():
    assert moves_digest([MOVE], [{"gate": "reproduced"}]) != moves_digest([MOVE], [])


def test_a_change_is_open_until_enough_approvals_are_there():
    assert state_of(after(Step("open", ANA, 0)), required=NEEDED) is ChangeState.OPEN


def test_an_approval_by_someone_else_approves():
    assert state_of(after(approval(CLEO)), required=NEEDED) is ChangeState.APPROVED


@pytest.mark.parametrize("author", [ANA, BO])
def test_an_authors_approval_never_counts(author):
    assert state_of(after(approval(author)), required=NEEDED) is ChangeState.OPEN


def test_a_principal_counts_once_per_role():
    given = [approval(CLEO), approval(CLEO)]
    assert missing_approvals(given, authors=CHANGE.authors, required={"approver": 2}) == {"approver": 1}


def test_an_approval_counts_in_its_role_only():
    assert missing_approvals([approval(CLEO, "owner")], authors=frozenset(), required=NEEDED) == {"approver": 1}


def test_a_change_that_needs_no_approval_is_approved():
    assert state_of(CHANGE, required={}) is ChangeState.APPROVED


@pytest.mark.parametrize(
    ("action", "state"), [("merge", ChangeState.MERGED), ("reject", ChangeState.REJECTED), ("withdraw", ChangeState.WITHDRAWN)]
)
def test_a_last_step_ends_a_change_whatever_follows(action, state):
    ended = after(Step(action, CLEO, 1), approval(CLEO), Step("merge", CLEO, 2))
    assert state_of(ended, required=NEEDED) is state
    assert state in FINAL


@pytest.mark.parametrize("action", ["merge", "reject", "withdraw"])
def test_nothing_more_happens_to_a_change_that_ended(action):
    with pytest.raises(Conflict, match="change 7 was not approved"):
        require_open(after(Step(action, CLEO, 1)), doing="approved", required=NEEDED)


def test_an_open_change_may_go_on():
    require_open(after(approval(CLEO)), doing="merged", required=NEEDED)


def test_approvals_are_the_steps_that_approve():
    given = approval(CLEO)
    assert approvals(after(Step("open", ANA, 0), given, Step("reject", BO, 2))) == [given]


def test_an_author_is_told_who_may_approve_instead():
    with pytest.raises(Denied, match="rule four-eyes") as refused:
        require_not_author(CHANGE, BO)
    assert refused.value.facts == {"rule": "four-eyes"}


def test_someone_else_may_approve():
    require_not_author(CHANGE, CLEO)
