"""Routes of workspaces."""

from dataclasses import dataclass

from msgspec import Struct

from remint.core.workspace import Workspace
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """Workspaces, oldest first."""

    workspaces: list[Workspace]
    next: str | None


class Fork(Struct, forbid_unknown_fields=True):
    """A sandbox to be made."""

    name: Word
    base: Word = "main"


def _list(call: Call[PageQuery, NoBody]) -> WorkspacePage:
    page, more = page_of(call.app.refs.workspaces(), call.query, lambda one: one.name)
    return WorkspacePage(list(page), more)


def _create(call: Call[NoQuery, Fork]) -> Workspace:
    return call.app.refs.fork(call.context, call.body.name, base=call.body.base)


ROWS = (
    Row("GET", "/workspaces", "catalog:read", "List workspaces", _list, WorkspacePage, PageQuery),
    Row("POST", "/workspaces", "sandbox:create", "Make a sandbox", _create, Workspace, body=Fork, status=201),
)
