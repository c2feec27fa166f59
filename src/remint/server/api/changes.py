"""Routes of changes: proposing, reviewing, merging."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from remint.core.ref import Move
from remint.ports.usecases.changes import Review
from remint.server.routes import Call, Limit, NoBody, NoQuery, Row, Word

Note = Annotated[str, Meta(max_length=2000)]


class ChangesQuery(Struct, forbid_unknown_fields=True):
    """Which changes."""

    limit: Limit = 50
    ref: Word | None = None


@dataclass(frozen=True, slots=True)
class ChangeList:
    """Changes, newest first; their gates are not judged anew."""

    changes: list[Review]


class Proposal(Struct, forbid_unknown_fields=True):
    """A change to be opened: each ref is `WORKSPACE:KIND/NAME`, or `KIND/NAME=b3:…`."""

    refs: Annotated[list[Word], Meta(min_length=1, max_length=100)]
    title: Note = ""
    why: Note = ""
    draft: bool = False


class Approval(Struct, forbid_unknown_fields=True):
    """An approval, in a role."""

    role: Word = "approver"
    note: Note = ""


class MergeQuery(Struct, forbid_unknown_fields=True):
    """How a change is merged."""

    glass: Annotated[int, Meta(ge=1, le=10**9, description="the emergency in which it is merged")] | None = None


class Rejection(Struct, forbid_unknown_fields=True):
    """Why a change is rejected, or what its review found."""

    note: Annotated[str, Meta(min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class Merged:
    """The moves that a merge made."""

    moves: list[Move]


def _list(call: Call[ChangesQuery, NoBody]) -> ChangeList:
    return ChangeList(list(call.app.changes.list(limit=call.query.limit, ref=call.query.ref)))


def _get(call: Call[NoQuery, NoBody]) -> Review:
    return call.app.changes.review(call.path["change"])


def _propose(call: Call[NoQuery, Proposal]) -> Review:
    return call.app.changes.propose(
        call.context, call.body.refs, title=call.body.title, draft=call.body.draft, why=call.body.why
    )


def _approve(call: Call[NoQuery, Approval]) -> Review:
    return call.app.changes.approve(call.context, call.path["change"], role=call.body.role, note=call.body.note)


def _reject(call: Call[NoQuery, Rejection]) -> Review:
    return call.app.changes.reject(call.context, call.path["change"], note=call.body.note)


def _withdraw(call: Call[NoQuery, NoBody]) -> Review:
    return call.app.changes.withdraw(call.context, call.path["change"])


def _open(call: Call[NoQuery, NoBody]) -> Review:
    return call.app.changes.open(call.context, call.path["change"])


def _auto(call: Call[NoQuery, NoBody]) -> Review:
    return call.app.changes.approve_by_rule(call.context, call.path["change"])


def _look_back(call: Call[NoQuery, Rejection]) -> Review:
    return call.app.changes.look_back(call.context, call.path["change"], note=call.body.note)


def _merge(call: Call[MergeQuery, NoBody]) -> Merged:
    return Merged(list(call.app.changes.merge(call.context, call.path["change"], glass=call.query.glass)))


def _verb(
    verb: str, about: str, endpoint: Callable[[Call[Any, Any]], object], body: type[Struct] = NoBody, *, action: str = ""
) -> Row:
    path, action = f"/changes/{{change}}/{verb}", action or f"change:{verb}"
    return Row("POST", path, action, about, endpoint, Review, body=body, resource="change {change}")


ROWS = (
    Row("GET", "/changes", "catalog:read", "List changes", _list, ChangeList, ChangesQuery),
    Row("POST", "/changes", "change:open", "Open a change", _propose, Review, body=Proposal, status=201),
    Row(
        "GET",
        "/changes/{change}",
        "catalog:read",
        "Show a change, with its gates judged now",
        _get,
        Review,
        resource="change {change}",
    ),
    _verb("approve", "Approve the exact moves of a change", _approve, Approval),
    _verb("reject", "Reject a change", _reject, Rejection),
    _verb("withdraw", "Take back one's own change", _withdraw),
    _verb("open", "Open a draft for review", _open),
    _verb("auto", "Let the service that the rules name approve a change", _auto, action="change:open"),
    _verb("review", "Review a change that was merged in an emergency", _look_back, Rejection),
    Row(
        *(
            "POST",
            "/changes/{change}/merge",
            "change:merge",
            "Move the refs of an approved change, all or none",
            _merge,
            Merged,
        ),
        query=MergeQuery,
        resource="change {change}",
    ),
)
