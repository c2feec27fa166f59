"""Routes of tokens."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.token import DAYS_MAX, Token
from remint.errors import NotFound
from remint.ports.usecases.identity import Issued
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Answer, Call, NoBody, NoQuery, Row, Word

MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class TokenPage:
    """Tokens, newest first, without their secrets."""

    tokens: list[Token]
    next: str | None


class NewToken(Struct, forbid_unknown_fields=True):
    """A token to be made; all scopes if none is given."""

    about: Word
    days: Annotated[int, Meta(ge=1, le=DAYS_MAX)]
    scopes: Annotated[list[Word], Meta(max_length=10)] = []
    sandbox: Word | None = None
    owner: Word = ""


def _list(call: Call[PageQuery, NoBody]) -> TokenPage:
    page, more = page_of(call.app.identity.list(call.context), call.query, lambda one: str(one.number))
    return TokenPage(list(page), more)


def _create(call: Call[NoQuery, NewToken]) -> Answer:
    body = call.body
    made = call.app.identity.issue(
        call.context, about=body.about, days=body.days, scopes=body.scopes, sandbox=body.sandbox, owner=body.owner
    )
    return Answer(made, {"Cache-Control": "no-store"})


def _revoke(call: Call[NoQuery, NoBody]) -> Token:
    text = call.path["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise NotFound("no token was revoked", why=f"{text[:40]!r} is no number of one", next_step="list your tokens")
    return call.app.identity.revoke(call.context, int(text))


ROWS = (
    Row("GET", "/tokens", "catalog:read", "List one's own tokens; all for an owner", _list, TokenPage, PageQuery),
    Row(
        "POST",
        "/tokens",
        "token:create",
        "Make a token; its secret is shown this once",
        _create,
        Issued,
        body=NewToken,
        status=201,
    ),
    Row("DELETE", "/tokens/{number}", "token:revoke", "End a token", _revoke, Token, resource="token {number}"),
)
