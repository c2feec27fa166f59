"""Routes of secrets: their values come in, and never go out."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.ref import PRODUCTION
from remint.core.secret import LONGEST, Secret
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


@dataclass(frozen=True, slots=True)
class SecretPage:
    """Secrets, by name, without their values."""

    secrets: list[Secret]
    next: str | None


class NewValue(Struct, forbid_unknown_fields=True):
    """The value of a secret."""

    value: Annotated[str, Meta(max_length=LONGEST)]
    about: Word = ""


class NewGrant(Struct, forbid_unknown_fields=True):
    """Where a principal gets a secret: in one workspace or all (`*`), under one compute profile or any (empty)."""

    workspace: Word = PRODUCTION
    profile: Word = ""


def _list(call: Call[PageQuery, NoBody]) -> SecretPage:
    page, more = page_of(call.app.secrets.list(), call.query, lambda one: one.name)
    return SecretPage(list(page), more)


def _set(call: Call[NoQuery, NewValue]) -> Secret:
    value = call.body.value.encode(errors="surrogatepass")
    return call.app.secrets.set(call.context, call.path["name"], value, about=call.body.about)


def _remove(call: Call[NoQuery, NoBody]) -> dict[str, str]:
    call.app.secrets.remove(call.context, call.path["name"])
    return {"secret": call.path["name"]}


def _grant(call: Call[NoQuery, NewGrant]) -> Secret:
    where = {"workspace": call.body.workspace, "profile": call.body.profile}
    return call.app.secrets.grant(call.context, call.path["name"], call.path["principal"], **where)


def _revoke(call: Call[NoQuery, NoBody]) -> Secret:
    return call.app.secrets.revoke(call.context, call.path["name"], call.path["principal"])


_NAMED, _GRANTED = "secret {name}", "/secrets/{name}/grants/{principal}"
ROWS = (
    Row("GET", "/secrets", "catalog:read", "List secrets, without their values", _list, SecretPage, PageQuery),
    Row("PUT", "/secrets/{name}", "secret:set", "Set the value of a secret", _set, Secret, body=NewValue, resource=_NAMED),
    Row("DELETE", "/secrets/{name}", "secret:set", "Remove a secret", _remove, dict[str, str], resource=_NAMED),
    Row("PUT", _GRANTED, "secret:grant", "Let a principal use a secret", _grant, Secret, body=NewGrant, resource=_NAMED),
    Row("DELETE", _GRANTED, "secret:grant", "Take a secret from a principal", _revoke, Secret, resource=_NAMED),
)
