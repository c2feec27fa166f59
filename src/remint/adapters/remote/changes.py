"""Changes on a server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remint.adapters.remote.connection import AT, Connection, words
from remint.core.digest import Digest
from remint.core.glass import Glass
from remint.core.ref import Move
from remint.ports.usecases.changes import Review
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class _Changes:
    changes: list[Review]


@dataclass(frozen=True, slots=True)
class _Merged:
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class _Emergencies:
    emergencies: list[Glass]


@dataclass(frozen=True)
class RemoteChanges:
    """See ports.usecases.changes.Changes."""

    connection: Connection

    def propose(self, context: Context, refs: Sequence[str], *, title: str = "", draft: bool = False, why: str = "") -> Review:
        """Open a change that moves protected refs of `main`."""
        body = {"refs": refs, "title": title, "draft": draft, "why": why}
        return self.connection.call("POST", "/changes", Review, body=body, headers=_at(context))

    def review(self, change_id: str) -> Review:
        """Return a change as a reviewer sees it now."""
        return self.connection.call("GET", words("changes", change_id), Review)

    def list(self, *, limit: int = 50, ref: str | None = None) -> Sequence[Review]:
        """Return changes, newest first."""
        return self.connection.call("GET", "/changes", _Changes, query={"limit": limit, "ref": ref}).changes

    def open(self, context: Context, change_id: str) -> Review:
        """Open a draft for review."""
        return self._verb(context, change_id, "open")

    def approve(self, context: Context, change_id: str, *, role: str = "approver", note: str = "") -> Review:
        """Approve the exact moves of a change."""
        return self._verb(context, change_id, "approve", {"role": role, "note": note})

    def approve_by_rule(self, context: Context, change_id: str) -> Review:
        """Let the service that the rules of a change name approve it."""
        return self._verb(context, change_id, "auto")

    def reject(self, context: Context, change_id: str, *, note: str) -> Review:
        """Reject a change."""
        return self._verb(context, change_id, "reject", {"note": note})

    def withdraw(self, context: Context, change_id: str) -> Review:
        """Take back one's own change."""
        return self._verb(context, change_id, "withdraw")

    def look_back(self, context: Context, change_id: str, *, note: str) -> Review:
        """Review a change that was merged in an emergency."""
        return self._verb(context, change_id, "review", {"note": note})

    def merge(self, context: Context, change_id: str, *, glass: int | None = None) -> Sequence[Move]:
        """Move every ref of an approved change, all or none."""
        path = words("changes", change_id, "merge")
        return self.connection.call("POST", path, _Merged, query={"glass": glass}, headers=_at(context)).moves

    def _verb(self, context: Context, change_id: str, verb: str, body: Mapping[str, str] | None = None) -> Review:
        return self.connection.call("POST", words("changes", change_id, verb), Review, body=body, headers=_at(context))


@dataclass(frozen=True)
class RemoteGlasses:
    """See ports.usecases.changes.Glasses."""

    connection: Connection

    def open(self, context: Context, refs: Sequence[str], *, reason: str, ttl: str) -> Glass:
        """Open an emergency."""
        body = {"refs": refs, "reason": reason, "ttl": ttl}
        return self.connection.call("POST", "/emergencies", Glass, body=body, headers=_at(context))

    def confirm(self, context: Context, number: int) -> Glass:
        """Confirm an emergency that another principal opened."""
        return self.connection.call("POST", words("emergencies", number, "confirm"), Glass, headers=_at(context))

    def get(self, number: int) -> Glass:
        """Return one emergency."""
        return self.connection.call("GET", words("emergencies", number), Glass)

    def list(self, *, limit: int = 50) -> Sequence[Glass]:
        """Return emergencies, newest first."""
        return self.connection.call("GET", "/emergencies", _Emergencies, query={"limit": limit}).emergencies


@dataclass(frozen=True)
class RemoteRollBacks:
    """See ports.usecases.changes.RollBacks."""

    connection: Connection

    def roll_back(self, context: Context, ref: str, *, reason: str = "", expect: Digest | None = None) -> Move:
        """Move a protected ref back to the version that was merged right before."""
        body = {"ref": ref, "reason": reason, "expect": expect}
        return self.connection.call("POST", "/rollbacks", Move, body=body, headers=_at(context))


def _at(context: Context) -> dict[str, str]:
    return {AT: context.workspace}
