"""Changes: their state follows from their steps, and no one approves what they helped to make."""

from dataclasses import replace

import pytest

from remint.core.change import (
    FINAL,
    Change,
    ChangeState,
    PlannedMove,
    Seen,
    Step,
    approvals,
    missing_approvals,
    missing_of,
    moves_digest,
    require_not_author,
    require_open,
    state_of,
)
from remint.core.digest import Digest, digest_bytes
from remint.core.ids import ChangeId, PrincipalId
from remint.core.ref import Move, RefName, parse_ref
from remint.core.review import AUTO, Auto, Rules
from remint.core.window import DAY_US
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


RULES = Rules({"approver": 1, "risk": 1}, tier=3, auto=Auto(CLEO, frozenset({"data"}), frozenset({"better"})))
RULED = replace(CHANGE, rules=RULES)


def seen(*moves, now_us=10):
    """Return what is seen where these were the moves of the ref, newest first."""
    return Seen(now_us, {MOVE.ref: moves})


def moved(old, new, change=None):
    return Move(MOVE.ref, 1, old, new, BO, 5, "", change=change)


@pytest.mark.parametrize(
    "other",
    [
        replace(RULES, approvals={"approver": 1}),
        replace(RULES, reviewers=((CLEO,),)),
        replace(RULES, tier=4),
        replace(RULES, expires_days=1),
        replace(RULES, freeze=("fri 16:00/mon 08:00",)),
        replace(RULES, watch_hours=1),
        replace(RULES, review_hours=1),
        replace(RULES, auto=None),
        None,
    ],
)
def test_an_approval_is_bound_to_every_rule(other):
    assert moves_digest([MOVE], (), other) != moves_digest([MOVE], (), RULES)


def test_every_role_and_every_list_of_reviewers_must_be_met():
    listed = replace(RULED, rules=replace(RULES, reviewers=((CLEO,), (PrincipalId("dora"), CLEO), (PrincipalId("dora"),))))
    found = missing_of(listed, [approval(CLEO)], required=NEEDED)
    assert found.roles == {"risk": 1}
    assert found.reviewers == (("dora",),)
    assert found.words() == ["1 approval(s) as risk", "an approval by dora"]


def test_an_author_on_a_list_of_reviewers_does_not_count():
    listed = replace(RULED, rules=Rules(NEEDED, reviewers=((BO,),)))
    assert missing_of(listed, [approval(BO), approval(CLEO)], required={}).reviewers == ((BO,),)


def test_the_approval_of_the_named_service_counts_in_every_role():
    assert not missing_of(RULED, [approval(CLEO, AUTO)], required=NEEDED)


@pytest.mark.parametrize("rules", [replace(RULES, auto=None), replace(RULES, auto=replace(RULES.auto, by=PrincipalId("dora")))])
def test_the_approval_of_another_service_counts_in_no_role(rules):
    assert missing_of(replace(RULED, rules=rules), [approval(CLEO, AUTO)], required=NEEDED).roles == RULES.approvals


def test_the_approval_of_a_service_that_is_an_author_never_counts():
    assert missing_of(replace(RULED, authors=frozenset({CLEO})), [approval(CLEO, AUTO)], required=NEEDED)


def test_a_change_is_a_draft_until_it_is_opened():
    assert state_of(after(Step("draft", ANA, 0)), required={}) is ChangeState.DRAFT
    assert state_of(after(Step("draft", ANA, 0), Step("open", ANA, 1)), required={}) is ChangeState.APPROVED


def test_a_change_is_stale_while_a_ref_is_elsewhere():
    assert state_of(CHANGE, required={}, seen=seen(moved(A, B))) is ChangeState.STALE
    assert state_of(CHANGE, required={}, seen=seen()) is ChangeState.STALE
    assert state_of(CHANGE, required={}, seen=seen(moved(B, A))) is ChangeState.APPROVED


def test_a_change_expires_days_after_its_last_approval():
    dated = replace(after(Step("open", ANA, 0), replace(approval(CLEO), at_us=DAY_US)), rules=Rules(NEEDED, expires_days=2))
    at = {now: state_of(dated, required={}, seen=seen(moved(B, A), now_us=now * DAY_US)) for now in (2, 3)}
    assert at == {2: ChangeState.APPROVED, 3: ChangeState.EXPIRED}


def test_a_change_is_rolled_back_when_a_later_change_moved_its_ref_back():
    merged = after(Step("merge", ANA, 3))
    own = moved(A, B, CHANGE.id)
    back = moved(B, A, ChangeId("8"))
    assert state_of(merged, required={}, seen=seen(own)) is ChangeState.MERGED
    assert state_of(merged, required={}, seen=seen(back, own)) is ChangeState.ROLLED_BACK
    assert state_of(merged, required={}, seen=seen(own, back)) is ChangeState.MERGED


@pytest.mark.parametrize("state", [ChangeState.DRAFT, ChangeState.OPEN, ChangeState.APPROVED, ChangeState.STALE])
def test_what_may_still_go_on_is_not_final(state):
    assert state not in FINAL
