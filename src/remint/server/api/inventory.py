"""Routes of the inventory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.inventory import LONGEST, Item, Listed
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word

Text = Annotated[str, Meta(max_length=LONGEST)]


class InventoryQuery(PageQuery, forbid_unknown_fields=True):
    """Which refs."""

    kind: Word = ""
    orphaned: bool = False


class NewItem(Struct, forbid_unknown_fields=True):
    """What is said of a ref; what is not given stays as it is."""

    owner: Word | None = None
    team: Word | None = None
    purpose: Text | None = None
    exposure: Word | None = None
    materiality: Word | None = None
    vendor: Text | None = None


@dataclass(frozen=True, slots=True)
class InventoryPage:
    """Refs of the inventory, by name."""

    refs: list[Listed]
    next: str | None


@dataclass(frozen=True, slots=True)
class ListedRef:
    """A ref of the inventory, and what was said of it, newest first."""

    listed: Listed
    items: list[Item]


def _list(call: Call[InventoryQuery, NoBody]) -> InventoryPage:
    query = call.query
    found = call.app.inventory.list(kind=query.kind, orphaned=query.orphaned)
    page, more = page_of(found, query, lambda one: one.ref)
    return InventoryPage(list(page), more)


def _ref(path: Mapping[str, str]) -> str:
    return f"{path['kind']}/{path['name']}"


def _show(call: Call[NoQuery, NoBody]) -> ListedRef:
    inventory = call.app.inventory
    return ListedRef(inventory.show(_ref(call.path)), list(inventory.history(_ref(call.path))))


def _set(call: Call[NoQuery, NewItem]) -> Listed:
    body = call.body
    facts = {name: getattr(body, name) for name in body.__struct_fields__}
    return call.app.inventory.set(call.context, _ref(call.path), **facts)


_ONE, _REF = "/inventory/{kind}/{name:path}", "main:{kind}/{name}"
ROWS = (
    Row(
        "GET", "/inventory", "catalog:read", "List what is in main and who answers for it", _list, InventoryPage, InventoryQuery
    ),
    Row("GET", _ONE, "catalog:read", "Show who answers for a ref, and what it is for", _show, ListedRef, resource=_REF),
    Row(
        *("PUT", _ONE, "inventory:set", "Say who answers for a ref, and what it is for", _set, Listed),
        body=NewItem,
        resource=_REF,
    ),
)
