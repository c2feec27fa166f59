"""What the page of a change says to whom, and that each page and its template agree."""

from dataclasses import replace

from remint.core.access import Caller
from remint.core.change import Change, ChangeState, PlannedMove, Step
from remint.core.digest import digest_bytes
from remint.core.gate import GateResult
from remint.core.glass import Confirmation, Glass
from remint.core.ids import ChangeId, PrincipalId
from remint.core.ref import RefName
from remint.ports.usecases.changes import Review
from remint.server.pages.changes import deeds_of, roles_left, waits_of, ways_of

ANA, BO = PrincipalId("ana"), PrincipalId("bo")
MOVE = PlannedMove(RefName("main", "model", "delay"), None, digest_bytes(b"model"))
CHANGE = Change(ChangeId("1"), "first", (MOVE,), ANA, frozenset({ANA}), 0, steps=(Step("open", ANA, 0),))
WAITING = Review(CHANGE, ChangeState.OPEN, (), {"approver": 1})
MAKER = Caller(ANA, frozenset({"owner"}))
REVIEWER = Caller(BO, frozenset({"member", "approver", "risk"}))
GLASS = Glass(1, (MOVE.ref,), "it fails", PrincipalId("cy"), 0, 100, b"", Confirmation(BO, 10, b""))


def why(review: Review, caller: Caller, verb: str) -> str:
    deeds = deeds_of(review, caller, roles_left(review, caller, {"approver": 1}))
    return next(deed.why for deed in deeds if deed.verb == verb)


def test_an_approver_who_did_not_help_to_make_it_may_approve() -> None:
    assert why(WAITING, REVIEWER, "approve") == ""


def test_an_author_reads_that_four_eyes_are_asked_for() -> None:
    assert why(WAITING, MAKER, "approve") == "rule four-eyes: no one approves what they helped to make"


def test_a_token_that_may_only_read_decides_nothing() -> None:
    reading = replace(REVIEWER, scopes=frozenset({"read"}))
    assert why(WAITING, reading, "approve") == "rule token-scope: the token has not the scope review"
    assert why(WAITING, reading, "merge") == "rule token-scope: the token has not the scope write"


def test_a_viewer_reads_which_role_would_be_needed() -> None:
    assert why(WAITING, Caller(BO, frozenset({"viewer"})), "approve") == "rule role: bo is not approver or owner"


def test_a_change_that_lacks_an_approval_says_so_at_the_button_to_merge() -> None:
    assert why(WAITING, MAKER, "merge") == "it waits for 1 approval(s) as approver"


def test_an_approved_change_may_be_merged() -> None:
    assert why(replace(WAITING, state=ChangeState.APPROVED, missing={}), MAKER, "merge") == ""


def test_a_change_waits_for_each_gate_that_does_not_pass() -> None:
    gates = (GateResult("reproduced", False, "it was never regenerated"), GateResult("lineage-complete", True, "known"))
    assert waits_of(replace(WAITING, gates=gates)) == ("1 approval(s) as approver", "gate reproduced")


def test_only_who_opened_a_change_may_withdraw_it() -> None:
    assert why(WAITING, MAKER, "withdraw") == ""
    assert why(WAITING, REVIEWER, "withdraw") == "rule own-change: ana opened it"


def test_nobody_approves_twice_in_one_role() -> None:
    given = replace(CHANGE, steps=(*CHANGE.steps, Step("approve", BO, 1, "approver")))
    assert why(replace(WAITING, change=given), REVIEWER, "approve") == "you approved it in every role you have"


def test_the_roles_offered_are_those_asked_for_that_the_reader_has() -> None:
    assert roles_left(WAITING, REVIEWER, {"approver": 1, "risk": 1, "legal": 1}) == ("approver", "risk")


def test_a_draft_can_be_opened_by_who_made_it_and_by_nobody_else() -> None:
    draft = replace(WAITING, state=ChangeState.DRAFT)
    assert why(draft, MAKER, "open") == ""
    assert why(draft, REVIEWER, "open") == "rule own-change: ana made it"
    assert why(draft, REVIEWER, "approve") == "it is a draft: whoever made it opens it first"


def test_a_change_that_is_no_draft_offers_no_opening() -> None:
    assert [deed.verb for deed in deeds_of(WAITING, MAKER, ())] == ["approve", "merge", "reject", "withdraw"]


def test_a_stale_change_is_neither_approved_nor_merged() -> None:
    stale = replace(WAITING, state=ChangeState.STALE)
    assert why(stale, REVIEWER, "approve") == "a ref moved meanwhile: propose the same again"
    assert why(stale, REVIEWER, "merge") == "a ref moved meanwhile: propose the same again"


def way(review: Review, caller: Caller = REVIEWER, *, glass: Glass = GLASS, now_us: int = 50) -> str:
    """Return why a change may not be merged in an emergency."""
    (found,) = ways_of(review, caller, [glass], now_us)
    return found.deed.why


def test_an_emergency_stands_in_for_approvals_and_for_gates_about_numbers() -> None:
    assert way(WAITING) == ""
    assert way(replace(WAITING, gates=(GateResult("eval-passed", False, "0.5 is below 0.6"),))) == ""


def test_no_emergency_stands_in_for_a_known_lineage_or_an_owner() -> None:
    unknown = replace(WAITING, gates=(GateResult("lineage-complete", False, "unknown"),))
    assert way(unknown) == "no emergency stands in for gate lineage-complete"
    assert "no emergency stands in for an owner" in way(replace(WAITING, unowned=("nobody answers for model/delay",)))


def test_a_draft_or_what_moved_meanwhile_is_not_merged_in_an_emergency_either() -> None:
    assert "it is a draft" in way(replace(WAITING, state=ChangeState.DRAFT))
    assert "a ref moved meanwhile" in way(replace(WAITING, state=ChangeState.STALE))


def test_only_who_opened_or_confirmed_an_emergency_merges_in_it() -> None:
    assert "only cy and bo" in way(WAITING, MAKER)
    assert "no second principal confirmed it" in way(WAITING, glass=replace(GLASS, confirmed=None))


def test_an_emergency_that_is_over_or_about_other_refs_is_no_way() -> None:
    assert list(ways_of(WAITING, REVIEWER, [GLASS], GLASS.until_us)) == []
    assert list(ways_of(WAITING, REVIEWER, [replace(GLASS, refs=(RefName("main", "model", "tip"),))], 50)) == []
