"""Changes: requests to move refs of a protected workspace, and the rules of approving and merging them.

The state of a change is never stored: it follows from its steps, which are insert-only, from where its refs point, and from the
time. An approval is evidence over the exact moves, so it is void as soon as a digest differs, and stands if the same digest is
made again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.glass import GLASS
from remint.core.ids import ChangeId, PrincipalId, RunId
from remint.core.ref import Move, RefName
from remint.core.review import AUTO, REVIEW_HOURS, Rules, is_among
from remint.core.window import DAY_US, HOUR_US, frozen_until_us, in_words
from remint.errors import Conflict, Denied


class ChangeState(StrEnum):
    """How a change stands."""

    DRAFT = "draft"
    OPEN = "open"
    APPROVED = "approved"
    STALE = "stale"
    EXPIRED = "expired"
    MERGED = "merged"
    SETTLED = "settled"
    ROLLED_BACK = "rolled back"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


WAITING = frozenset({ChangeState.DRAFT, ChangeState.OPEN, ChangeState.APPROVED, ChangeState.STALE})
FINAL = frozenset(ChangeState) - WAITING

ROLL_BACK = "roll-back"
"""The role of the merge step of a roll-back."""


@dataclass(frozen=True, slots=True, order=True)
class PlannedMove:
    """One ref a change wants to move: from what its author saw, to what the author proposes."""

    ref: RefName
    old: Digest | None
    new: Digest


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a change.

    Attributes:
        action: `draft`, `open`, `approve`, `reject`, `withdraw`, `merge` or `review`.
        role: the role an approval was given in; of a merge, what allowed it without approvals.
        note: what the principal said.
        signature: over the exact moves, for an approval and a merge without approvals; empty otherwise.
        teams: that who approved is in, when it is judged; never recorded with the step.
    """

    action: str
    by: PrincipalId
    at_us: int
    role: str = ""
    note: str = ""
    payload: bytes = b""
    signature: bytes = b""
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """A request to move refs.

    Attributes:
        moves: sorted by ref; merged all together or not at all.
        authors: who helped to make what is proposed: the one who opened it and everyone whose run is in its code lineage.
        gates: the gates it must pass, with their limits, fixed when it was opened; canonical JSON.
        rules: what else it is judged by, fixed when it was opened; None if no rule was set for any of its refs.
    """

    id: ChangeId
    title: str
    moves: tuple[PlannedMove, ...]
    opened_by: PrincipalId
    authors: frozenset[PrincipalId]
    at_us: int
    gates: Sequence[Mapping[str, Any]] = ()
    run: RunId | None = None
    steps: tuple[Step, ...] = field(default=())
    rules: Rules | None = None

    @property
    def merge(self) -> Step | None:
        """The step that merged it."""
        return next((step for step in self.steps if step.action == "merge"), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known beside the steps of a change.

    Attributes:
        now_us: the time.
        histories: the moves of each of its refs, newest first.
    """

    now_us: int
    histories: Mapping[RefName, Sequence[Move]]


def moves_digest(moves: Iterable[PlannedMove], gates: Sequence[Mapping[str, Any]], rules: Rules | None = None) -> Digest:
    """Return the digest an approval is bound to: the exact moves and what they are judged by."""
    rows = [[str(move.ref), move.old, move.new] for move in sorted(moves)]
    held: dict[str, Any] = {"moves": rows, "gates": [dict(gate) for gate in gates]}
    if rules is not None:
        held["rules"] = rules.record()
    return digest_record("change v1", [canonical.dumps(held)])


def subject_of(change: Change) -> Digest:
    """Return the digest an approval of a change is bound to."""
    return moves_digest(change.moves, change.gates, change.rules)


def approvals(change: Change) -> list[Step]:
    """Return the approvals given so far, oldest first."""
    return [step for step in change.steps if step.action == "approve"]


def missing_approvals(given: Iterable[Step], *, authors: frozenset[PrincipalId], required: Mapping[str, int]) -> dict[str, int]:
    """Return how many approvals are still missing, per role.

    An author's approval never counts, and a principal counts once per role.

    Example:
        >>> ana, bo = PrincipalId("ana"), PrincipalId("bo")
        >>> given = [Step("approve", ana, 0, role="approver"), Step("approve", bo, 0, role="approver")]
        >>> missing_approvals(given, authors=frozenset({ana}), required={"approver": 1, "owner": 1})
        {'owner': 1}
    """
    counted = {(step.role, step.by) for step in given if step.by not in authors}
    have = Counter(role for role, _ in counted)
    return {role: count - have[role] for role, count in required.items() if have[role] < count}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a change lacks before it may be merged; false if nothing.

    Attributes:
        roles: how many approvals, by role.
        reviewers: lists of principals of which nobody approved.
    """

    roles: Mapping[str, int]
    reviewers: tuple[tuple[PrincipalId, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.roles or self.reviewers)

    def words(self) -> list[str]:
        """Return it in words."""
        by_role = [f"{count} approval(s) as {role}" for role, count in self.roles.items()]
        return by_role + [f"an approval by {' or '.join(names)}" for names in self.reviewers]


def missing_of(change: Change, given: Iterable[Step], *, required: Mapping[str, int]) -> Missing:
    """Return what a change lacks.

    Args:
        change: with the rules it is judged by.
        given: the approvals that count.
        required: approvals by role where the rules of the change say none.
    """
    steps = list(given)
    if change.rules is None:
        return Missing(missing_approvals(steps, authors=change.authors, required=required))
    needed = change.rules.approvals or required
    by_hand = [step for step in steps if step.role != AUTO]
    by_rule = [step for step in steps if change.rules.auto and (step.role, step.by) == (AUTO, change.rules.auto.by)]
    counted = by_hand + [replace(step, role=role) for step in by_rule for role in needed]
    able = [step for step in counted if step.by not in change.authors]
    lists = tuple(names for names in change.rules.reviewers if not any(is_among(names, step.by, step.teams) for step in able))
    return Missing(missing_approvals(counted, authors=change.authors, required=needed), lists)


def state_of(
    change: Change, *, required: Mapping[str, int], seen: Seen | None = None, given: Iterable[Step] | None = None
) -> ChangeState:
    """Return how a change stands.

    Args:
        change: with its steps.
        required: approvals it needs by role, if its rules say none.
        seen: where its refs point and the time; without it the steps alone decide.
        given: the approvals that count; all of them if not given.
    """
    for step in change.steps:
        if step.action in {"reject", "withdraw"}:
            return {"reject": ChangeState.REJECTED, "withdraw": ChangeState.WITHDRAWN}[step.action]
        if step.action == "merge":
            return _after_merge(change, step, seen)
    counted = approvals(change) if given is None else list(given)
    until_us = expires_us(change, counted)
    if seen is not None and until_us is not None and seen.now_us >= until_us:
        return ChangeState.EXPIRED
    if seen is not None and moved_away(change, seen):
        return ChangeState.STALE
    if is_draft(change):
        return ChangeState.DRAFT
    return ChangeState.OPEN if missing_of(change, counted, required=required) else ChangeState.APPROVED


def is_draft(change: Change) -> bool:
    """Return whether a change was never opened for review."""
    actions = {step.action for step in change.steps}
    return "draft" in actions and "open" not in actions


def expires_us(change: Change, given: Iterable[Step]) -> int | None:
    """Return when a change expires unless it is merged before; None if never, or not yet known for a draft."""
    if change.rules is None or change.rules.expires_days is None or is_draft(change):
        return None
    opened = [step.at_us for step in change.steps if step.action == "open"]
    return max([change.at_us, *opened, *(step.at_us for step in given)]) + change.rules.expires_days * DAY_US


def moved_away(change: Change, seen: Seen) -> list[tuple[PlannedMove, Move | None]]:
    """Return the moves of a change whose ref is not where its author saw it, with the last move of that ref."""
    last = [(planned, next(iter(seen.histories.get(planned.ref, ())), None)) for planned in change.moves]
    return [(planned, move) for planned, move in last if planned.old != (move.new if move else None)]


def _after_merge(change: Change, merge: Step, seen: Seen | None) -> ChangeState:
    if seen is None:
        return ChangeState.MERGED
    if change.moves and all(_moved_back(change.id, planned, seen) for planned in change.moves):
        return ChangeState.ROLLED_BACK
    watch_us = change.rules.watch_hours * HOUR_US if change.rules else 0
    return ChangeState.SETTLED if watch_us and seen.now_us >= merge.at_us + watch_us else ChangeState.MERGED


def _moved_back(change_id: ChangeId, planned: PlannedMove, seen: Seen) -> bool:
    """Return whether a later change moved a ref back; the history is newest first."""
    for move in seen.histories.get(planned.ref, ()):
        if move.change == change_id:
            return False
        if move.change is not None and move.new == planned.old:
            return True
    return False


def review_due_us(change: Change) -> int | None:
    """Return until when a change that was merged in an emergency must be reviewed; None if it was not, or was reviewed."""
    merge = change.merge
    if merge is None or merge.role != GLASS or any(step.action == "review" for step in change.steps):
        return None
    return merge.at_us + (change.rules.review_hours if change.rules else REVIEW_HOURS) * HOUR_US


def require_reviewed(changes: Iterable[Change], *, now_us: int) -> None:
    """Refuse to move refs that an emergency moved and whose review is overdue.

    Args:
        changes: that moved these refs in an emergency.
        now_us: the time.

    Raises:
        Denied: rule `review-overdue`.
    """
    for change in changes:
        due_us = review_due_us(change)
        if due_us is not None and now_us >= due_us:
            raise Denied(
                f"{', '.join(str(move.ref) for move in change.moves)} cannot be moved",
                why=f"rule review-overdue: change {change.id}, merged in an emergency, was not reviewed by {in_words(due_us)}",
                next_step=f"an approver reviews it: `remint changes review {change.id} --note …`",
                rule="review-overdue",
            )


def require_open(
    change: Change,
    *,
    doing: str,
    required: Mapping[str, int],
    seen: Seen | None = None,
    given: Iterable[Step] | None = None,
) -> ChangeState:
    """Refuse to act on a change that has ended; return how it stands.

    Raises:
        Conflict: it was merged, rejected or withdrawn, or it expired.
    """
    state = state_of(change, required=required, seen=seen, given=given)
    if state in FINAL:
        expired = state is ChangeState.EXPIRED
        raise Conflict(
            f"change {change.id} was not {doing}",
            why=f"it is {state} already",
            next_step="propose the same again" if expired else "see `remint changes show` for what happened to it",
            state=str(state),
        )
    return state


def require_no_draft(change: Change, *, doing: str) -> None:
    """Refuse to approve or merge a draft.

    Raises:
        Conflict: it is one.
    """
    if is_draft(change):
        raise Conflict(
            f"change {change.id} was not {doing}",
            why="it is a draft",
            next_step=f"whoever made it opens it: `remint changes open {change.id}`",
            state=str(ChangeState.DRAFT),
        )


def require_clock(change: Change, *, now_us: int) -> None:
    """Refuse to merge by a clock that is behind the last step of a change with rules.

    Raises:
        Denied: rule `clock-set-back`.
    """
    if change.rules is not None and now_us < max((step.at_us for step in change.steps), default=change.at_us):
        raise Denied(
            f"change {change.id} was not merged",
            why="rule clock-set-back: the clock is behind the last step of the change, so no time can be judged",
            next_step="set the clock of this machine right",
            rule="clock-set-back",
        )


def require_thawed(change: Change, *, now_us: int) -> None:
    """Refuse to merge inside a freeze window.

    Raises:
        Denied: rule `frozen`.
    """
    until_us = frozen_until_us(change.rules.freeze, now_us) if change.rules else None
    if until_us is not None:
        raise Denied(
            f"change {change.id} was not merged",
            why=f"rule frozen: nothing is merged before {in_words(until_us)}",
            next_step="merge it then",
            rule="frozen",
            until_us=until_us,
        )


def require_not_author(change: Change, by: PrincipalId) -> None:
    """Refuse an approval by someone who helped to make what is proposed.

    Raises:
        Denied: `by` is an author.
    """
    if by in change.authors:
        raise Denied(
            f"{by} cannot approve change {change.id}",
            why="rule four-eyes: no one approves what they helped to make",
            next_step="ask another principal with the role approver or owner",
            rule="four-eyes",
        )
