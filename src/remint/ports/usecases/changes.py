"""Use cases of changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.change import Change, ChangeState
from remint.core.gate import GateResult
from remint.core.ref import Move
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Review:
    """A change as a reviewer sees it.

    Attributes:
        gates: the judgement of each gate now.
        missing: approvals still missing, per role.
        difference: in words, what the proposed artifacts differ in from those they replace.
    """

    change: Change
    state: ChangeState
    gates: tuple[GateResult, ...]
    missing: Mapping[str, int]
    difference: tuple[str, ...] = ()

    @property
    def mergeable(self) -> bool:
        """Whether a merge would be allowed now."""
        return self.state is ChangeState.APPROVED and all(gate.passed for gate in self.gates)


class Changes(Protocol):
    """Opening, reviewing and merging changes."""

    def propose(self, context: Context, refs: Sequence[str], *, title: str = "") -> Review:
        """Open a change that moves protected refs of `main`.

        Args:
            context: who proposes.
            refs: each `WORKSPACE:KIND/NAME`, proposed for `main:KIND/NAME`, or `KIND/NAME=b3:…`.
            title: in words; made from the refs if empty.

        Returns:
            The change; an open one with exactly the same moves is returned as it stands.

        Raises:
            Invalid: nothing would move.
            Corrupt: a proposed artifact is damaged.
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
            Conflict: the change has ended.
            Corrupt: a proposed artifact is damaged.
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

    def merge(self, context: Context, change_id: str) -> Sequence[Move]:
        """Move every ref of an approved change, all or none.

        Raises:
            Denied: an approval is missing or void, or a gate does not pass; the message names them.
            RefMoved: a ref is not where the author saw it.
            Corrupt: a proposed artifact is damaged.
        """
        ...
