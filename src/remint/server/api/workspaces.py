"""Routes of workspaces."""

from dataclasses import dataclass

from msgspec import Struct

from remint.core.ref import Move, parse_view
from remint.core.workspace import Workspace
from remint.ports.usecases.history import RefDifference
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """Workspaces, oldest first."""

    workspaces: list[Workspace]
    next: str | None


class WhenQuery(Struct, forbid_unknown_fields=True):
    """When, as an ISO-8601 date or time, and which kind of refs."""

    when: Word
    kind: Word | None = None


class ViewsQuery(Struct, forbid_unknown_fields=True):
    """Two views: WORKSPACE, or WORKSPACE@TIME."""

    left: Word
    right: Word


@dataclass(frozen=True, slots=True)
class MoveList:
    """The last move of each ref."""

    moves: list[Move]


@dataclass(frozen=True, slots=True)
class DifferenceList:
    """Every ref that differs, with the moves between."""

    differences: list[RefDifference]


class Fork(Struct, forbid_unknown_fields=True):
    """A sandbox to be made."""

    name: Word
    base: Word = "main"


def _list(call: Call[PageQuery, NoBody]) -> WorkspacePage:
    page, more = page_of(call.app.refs.workspaces(), call.query, lambda one: one.name)
    return WorkspacePage(list(page), more)


def _create(call: Call[NoQuery, Fork]) -> Workspace:
    return call.app.refs.fork(call.context, call.body.name, base=call.body.base)


def _at(call: Call[WhenQuery, NoBody]) -> MoveList:
    call.app.sight.require_workspace(call.context, call.context.workspace)
    return MoveList(list(call.app.history.at(call.context, call.query.when, kind=call.query.kind)))


def _between(call: Call[ViewsQuery, NoBody]) -> DifferenceList:
    for view in (call.query.left, call.query.right):
        call.app.sight.require_workspace(call.context, parse_view(view)[0])
    return DifferenceList(list(call.app.history.between(call.query.left, call.query.right)))


ROWS = (
    Row("GET", "/workspaces", "catalog:read", "List workspaces", _list, WorkspacePage, PageQuery),
    Row("GET", "/history", "catalog:read", "Show a workspace as it was", _at, MoveList, WhenQuery),
    Row("GET", "/differences", "catalog:read", "Say how two views of workspaces differ", _between, DifferenceList, ViewsQuery),
    Row("POST", "/workspaces", "sandbox:create", "Make a sandbox", _create, Workspace, body=Fork, status=201),
)
