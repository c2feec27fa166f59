"""Routes of principals: who calls, who there is, and making one."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

from remint.core.principal import Principal
from remint.core.vouched import Link
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


@dataclass(frozen=True, slots=True)
class Me:
    """Who calls, where it acts, and what its token is limited to."""

    principal: str
    workspace: str
    scopes: list[str] | None
    sandbox: str | None
    token: int


@dataclass(frozen=True, slots=True)
class PrincipalPage:
    """Principals, oldest first."""

    principals: list[Principal]
    next: str | None


class NewPrincipal(Struct, forbid_unknown_fields=True):
    """A principal to be made."""

    name: Word
    kind: Literal["person", "service"] = "person"
    roles: Annotated[tuple[Word, ...], Meta(max_length=50)] = ("member",)


def _whoami(call: Call[NoQuery, NoBody]) -> Me:
    who = call.context
    return Me(who.principal, who.workspace, sorted(who.scopes) if who.scopes is not None else None, who.sandbox, who.token)


def _list(call: Call[PageQuery, NoBody]) -> PrincipalPage:
    page, more = page_of(call.app.principals.list(), call.query, lambda one: str(one.id))
    return PrincipalPage(list(page), more)


def _create(call: Call[NoQuery, NewPrincipal]) -> Principal:
    body = call.body
    return call.app.principals.create(call.context, body.name, kind=body.kind, roles=body.roles)


def _grant(call: Call[NoQuery, NoBody]) -> Principal:
    return call.app.principals.grant(call.context, call.path["name"], call.path["role"])


def _revoke(call: Call[NoQuery, NoBody]) -> Principal:
    return call.app.principals.revoke(call.context, call.path["name"], call.path["role"])


def _leave(call: Call[NoQuery, NoBody]) -> Principal:
    return call.app.principals.leave(call.context, call.path["name"])


class NewLink(Struct, forbid_unknown_fields=True):
    """Whom an issuer means by a subject."""

    issuer: Word
    subject: Word


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Whom issuers mean, oldest first."""

    links: list[Link]
    next: str | None


def _links(call: Call[PageQuery, NoBody]) -> LinkPage:
    page, more = page_of(call.app.sign_ins.links(), call.query, lambda one: one.digest())
    return LinkPage(list(page), more)


def _link(call: Call[NoQuery, NewLink]) -> Link:
    return call.app.sign_ins.link(call.context, call.path["name"], issuer=call.body.issuer, subject=call.body.subject)


_ROLE = "/principals/{name}/roles/{role}"
ROWS = (
    Row("GET", "/whoami", "catalog:read", "Show who calls", _whoami, Me),
    Row("GET", "/principals", "catalog:read", "List principals", _list, PrincipalPage, PageQuery),
    Row("POST", "/principals", "principal:create", "Make a principal", _create, Principal, body=NewPrincipal, status=201),
    Row("PUT", _ROLE, "principal:change", "Give a principal a role", _grant, Principal, resource="{name}"),
    Row("DELETE", _ROLE, "principal:change", "Take a role from a principal", _revoke, Principal, resource="{name}"),
    Row(
        *("POST", "/principals/{name}/leaving", "principal:change", "Let a principal leave", _leave, Principal),
        resource="{name}",
    ),
    Row("GET", "/links", "catalog:read", "List whom issuers of identities mean", _links, LinkPage, PageQuery),
    Row(
        "PUT",
        "/principals/{name}/link",
        "principal:link",
        "Say whom an issuer of identities means by a subject",
        _link,
        Link,
        body=NewLink,
        resource="{name}",
    ),
)
