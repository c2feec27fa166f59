"""Changes: requests to move refs of a protected workspace, and the rules of approving and merging them.

The state of a change is never stored: it follows from its steps, which are insert-only. An approval is evidence over the exact
moves, so it is void as soon as a digest differs, and stands if the same digest is made again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.ids import ChangeId, PrincipalId, RunId
from remint.core.ref import RefName
from remint.errors import Conflict, Denied


class ChangeState(StrEnum):
    """How a change stands."""

    OPEN = "open"
    APPROVED = "approved"
    MERGED = "merged"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


FINAL = frozenset({ChangeState.MERGED, ChangeState.REJECTED, ChangeState.WITHDRAWN})


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
        action: `open`, `approve`, `reject`, `withdraw` or `merge`.
        role: the role an approval was given in.
        note: what the principal said.
        signature: over `approval_payload` for an approval; empty otherwise.
    """

    action: str
    by: PrincipalId
    at_us: int
    role: str = ""
    note: str = ""
    payload: bytes = b""
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Change:
    """A request to move refs.

    Attributes:
        moves: sorted by ref; merged all together or not at all.
        authors: who helped to make what is proposed: the one who opened it and everyone whose run is in its code lineage.
        gates: the gates it must pass, with their limits, fixed when it was opened; canonical JSON.
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


def moves_digest(moves: Iterable[PlannedMove], gates: Sequence[Mapping[str, Any]]) -> Digest:
    """Return the digest an approval is bound to: the exact moves and the gates they are judged by."""
    rows = [[str(move.ref), move.old, move.new] for move in sorted(moves)]
    return digest_record("change v1", [canonical.dumps({"moves": rows, "gates": [dict(gate) for gate in gates]})])


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


def state_of(change: Change, *, required: Mapping[str, int]) -> ChangeState:
    """Return how a change stands after its steps."""
    for step in change.steps:
        if step.action in {"merge", "reject", "withdraw"}:
            return {"merge": ChangeState.MERGED, "reject": ChangeState.REJECTED, "withdraw": ChangeState.WITHDRAWN}[step.action]
    if missing_approvals(approvals(change), authors=change.authors, required=required):
        return ChangeState.OPEN
    return ChangeState.APPROVED


def require_open(change: Change, *, doing: str, required: Mapping[str, int]) -> None:
    """Refuse to act on a change that has ended.

    Raises:
        Conflict: it was merged, rejected or withdrawn.
    """
    state = state_of(change, required=required)
    if state in FINAL:
        raise Conflict(
            f"change {change.id} was not {doing}",
            why=f"it is {state} already",
            next_step="see `remint changes show` for what happened to it",
            state=str(state),
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
