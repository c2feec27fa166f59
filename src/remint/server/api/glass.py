"""Routes of emergencies and of roll-back."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.digest import Digest
from remint.core.glass import Glass
from remint.core.ref import Move
from remint.errors import NotFound
from remint.server.routes import Call, Limit, NoBody, NoQuery, Row, Word

MAX_DIGITS = 9


class GlassQuery(Struct, forbid_unknown_fields=True):
    """How many emergencies."""

    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class GlassList:
    """Emergencies, newest first."""

    emergencies: list[Glass]


class NewGlass(Struct, forbid_unknown_fields=True):
    """An emergency to be opened: protected refs, why, and for how long, such as `30m`."""

    refs: Annotated[list[Word], Meta(min_length=1, max_length=100)]
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    ttl: Word = "1h"


class NewRollBack(Struct, forbid_unknown_fields=True):
    """A protected ref whose last merge is taken back; only from where it was seen, if that is said."""

    ref: Word
    reason: Annotated[str, Meta(max_length=2000)] = ""
    expect: Digest | None = None


def _number(call: Call[NoQuery, NoBody]) -> int:
    text = call.path["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise NotFound("there is no such emergency", why=f"{text[:40]!r} is no number of one", next_step="list them")
    return int(text)


def _list(call: Call[GlassQuery, NoBody]) -> GlassList:
    return GlassList(list(call.app.glasses.list(limit=call.query.limit)))


def _get(call: Call[NoQuery, NoBody]) -> Glass:
    return call.app.glasses.get(_number(call))


def _open(call: Call[NoQuery, NewGlass]) -> Glass:
    return call.app.glasses.open(call.context, call.body.refs, reason=call.body.reason, ttl=call.body.ttl)


def _confirm(call: Call[NoQuery, NoBody]) -> Glass:
    return call.app.glasses.confirm(call.context, _number(call))


def _roll_back(call: Call[NoQuery, NewRollBack]) -> Move:
    return call.app.roll_backs.roll_back(call.context, call.body.ref, reason=call.body.reason, expect=call.body.expect)


_ONE = "emergency {number}"
ROWS = (
    Row("GET", "/emergencies", "catalog:read", "List emergencies", _list, GlassList, GlassQuery),
    Row("GET", "/emergencies/{number}", "catalog:read", "Show an emergency", _get, Glass, resource=_ONE),
    Row("POST", "/emergencies", "glass:open", "Open an emergency", _open, Glass, body=NewGlass, status=201),
    Row(
        *("POST", "/emergencies/{number}/confirm", "glass:confirm", "Confirm what somebody else opened", _confirm, Glass),
        resource=_ONE,
    ),
    Row("POST", "/rollbacks", "change:merge", "Take back the last merge of a ref", _roll_back, Move, body=NewRollBack),
)
