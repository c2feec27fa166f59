"""Use cases of changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remint.core.change import Change, ChangeState, Missing
from remint.core.digest import Digest
from remint.core.gate import GateResult
from remint.core.glass import Glass
from remint.core.ids import PrincipalId, RunId
from remint.core.ref import Move, RefName
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the same step made since the champion, until the change was opened.

    Attributes:
        ref: for which it could have been proposed.
        run: that made it, by `by` at `at_us`.
        metrics: of its newest evaluation: those that gates ask for, or else the plainest.
        looks: how many runs had measured something on the data of that evaluation when the change was opened.
        proposed: whether it is the one the change is about.
    """

    ref: RefName
    artifact: Digest
    run: RunId
    by: PrincipalId
    at_us: int
    metrics: Mapping[str, float]
    looks: int
    proposed: bool


@dataclass(frozen=True, slots=True)
class Review:
    """A change as a reviewer sees it.

    Attributes:
        gates: the judgement of each gate now.
        missing: approvals still missing, per role.
        reviewers: lists of principals of whom none approved yet.
        difference: in words, what the proposed artifacts differ in from those they replace.
        could: who could give what is missing, by role; `reviewer` for those of the lists.
        expires_us: when it expires unless it is merged before; None if never.
        frozen_until_us: until when nothing is merged; None if it may be merged now.
        review_due_us: until when a merge in an emergency must be reviewed; None if there is nothing to review.
        not_by_rule: why the service that its rules name does not approve it, in words; empty if none is named.
        moved: for a stale change, in words, which refs moved, and by whom.
        candidates: what could have been proposed instead, newest first; only where one change is looked at.
        unowned: in words, for which of its refs nobody answers who must; it is not merged before.
    """

    change: Change
    state: ChangeState
    gates: tuple[GateResult, ...]
    missing: Mapping[str, int]
    difference: tuple[str, ...] = ()
    reviewers: tuple[tuple[PrincipalId, ...], ...] = ()
    could: Mapping[str, tuple[PrincipalId, ...]] = field(default_factory=dict)
    expires_us: int | None = None
    frozen_until_us: int | None = None
    review_due_us: int | None = None
    moved: tuple[str, ...] = ()
    not_by_rule: tuple[str, ...] = ()
    unowned: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    @property
    def why(self) -> str:
        """Why this one, in the words of who proposed it; empty if not said."""
        first = self.change.steps[0].note if self.change.steps else ""
        return "" if first == self.change.title else first

    @property
    def lacks(self) -> list[str]:
        """What it lacks of approvals, in words."""
        return Missing(self.missing, self.reviewers).words()

    @property
    def mergeable(self) -> bool:
        """Whether a merge would be allowed now."""
        passed = all(gate.passed for gate in self.gates)
        return self.state is ChangeState.APPROVED and self.frozen_until_us is None and passed and not self.unowned


class Changes(Protocol):
    """Opening, reviewing and merging changes."""

    def propose(self, context: Context, refs: Sequence[str], *, title: str = "", draft: bool = False, why: str = "") -> Review:
        """Open a change that moves protected refs of `main`.

        Args:
            context: who proposes.
            refs: each `WORKSPACE:KIND/NAME`, proposed for `main:KIND/NAME`, or `KIND/NAME=b3:…`.
            title: in words; made from the refs if empty.
            draft: nobody can approve it before it is opened.
            why: why these and not others, in words; kept with the opening.

        Returns:
            The change; an open one with exactly the same moves is returned as it stands.

        Raises:
            Invalid: nothing would move.
            Corrupt: a proposed artifact is damaged.
        """
        ...

    def open(self, context: Context, change_id: str) -> Review:
        """Open a draft for review. Idempotent.

        Raises:
            Denied: the caller did not make it.
            Conflict: it has ended, or a ref moved meanwhile.
        """
        ...

    def review(self, change_id: str) -> Review:
        """Return a change as a reviewer sees it now.

        Raises:
            NotFound: there is no such change.
        """
        ...

    def list(self, *, limit: int = 50, ref: str | None = None) -> Sequence[Review]:
        """Return changes, newest first, without their gates judged anew."""
        ...

    def approve(self, context: Context, change_id: str, *, role: str = "approver", note: str = "") -> Review:
        """Approve the exact moves of a change. The bytes of what is proposed are verified first.

        Raises:
            Denied: the caller helped to make it, or has not the role.
            Conflict: the change is a draft or has ended, or a ref moved meanwhile.
            Corrupt: a proposed artifact is damaged.
        """
        ...

    def approve_by_rule(self, context: Context, change_id: str) -> Review:
        """Let the service that the rules of a change name approve it; `propose` and `open` try the same.

        Raises:
            Denied: no rule names a service, or a condition does not hold; the message names them.
            Conflict: the change is a draft or has ended, or a ref moved meanwhile.
        """
        ...

    def reject(self, context: Context, change_id: str, *, note: str) -> Review:
        """Reject a change; it ends."""
        ...

    def withdraw(self, context: Context, change_id: str) -> Review:
        """Take back one's own change; it ends.

        Raises:
            Denied: the caller did not open it.
        """
        ...

    def merge(self, context: Context, change_id: str, *, glass: int | None = None) -> Sequence[Move]:
        """Move every ref of an approved change, all or none.

        Args:
            context: who merges.
            change_id: which one.
            glass: the emergency in which it is merged without approvals, in a freeze window, or with gates about numbers unmet.

        Raises:
            Denied: an approval is missing or void, a gate does not pass, or nothing is merged now; the message names them.
            Conflict: the change is a draft or has ended.
            NotFound: there is no such change or emergency.
            RefMoved: a ref is not where the author saw it.
            Corrupt: a proposed artifact is damaged.
        """
        ...

    def look_back(self, context: Context, change_id: str, *, note: str) -> Review:
        """Review a change that was merged in an emergency. Until that is done in time, its refs move no more.

        Raises:
            Denied: the caller made, merged or allowed it, or may not approve.
            Conflict: there is nothing to review.
        """
        ...


class Glasses(Protocol):
    """Emergencies."""

    def open(self, context: Context, refs: Sequence[str], *, reason: str, ttl: str) -> Glass:
        """Open an emergency. It allows nothing before a second principal confirms it.

        Args:
            context: who opens it.
            refs: protected refs, in `main` if they name no workspace.
            reason: in words.
            ttl: how long it lasts, such as `30m` or `2h`.

        Raises:
            Denied: the caller has not the role glass.
            Invalid: a ref is not protected, there is no reason, or it would last more than a day.
        """
        ...

    def confirm(self, context: Context, number: int) -> Glass:
        """Confirm an emergency that another principal opened.

        Raises:
            Denied: the caller opened it or has not the role glass, or its time is over.
            Conflict: it was confirmed already.
            NotFound: there is none of that number.
        """
        ...

    def get(self, number: int) -> Glass:
        """Return one emergency.

        Raises:
            NotFound: there is none of that number.
        """
        ...

    def list(self, *, limit: int = 50) -> Sequence[Glass]:
        """Return emergencies, newest first."""
        ...


class RollBacks(Protocol):
    """Taking back the last merge of a ref."""

    def roll_back(self, context: Context, ref: str, *, reason: str = "", expect: Digest | None = None) -> Move:
        """Move a protected ref back to the version that was merged right before, at once, without a new approval.

        It is a change that is opened and merged in one transaction, whatever is frozen. The bytes it goes back to are verified
        first.

        Args:
            context: who does it; any member may.
            ref: in `main` if it names no workspace.
            reason: in words.
            expect: where the caller saw the ref; it is not asked if None.

        Raises:
            Denied: no approved change put there what it would go back to, or the last move was a roll-back itself.
            Invalid: the ref is not protected.
            RefNotFound: there is no such ref.
            RefMoved: it moved meanwhile.
            Corrupt: what it would go back to is damaged.
        """
        ...
