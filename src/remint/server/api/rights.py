"""Routes of rights: what principals may do."""

from dataclasses import dataclass

from msgspec import Struct

from remint.ports.usecases.rights import Reviewed, Right
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


class MayQuery(Struct, forbid_unknown_fields=True):
    """An action, and what it would be done to; for who asks, or for another principal."""

    action: Word
    resource: Word = ""
    principal: Word = ""


class WhoQuery(Struct, forbid_unknown_fields=True):
    """An action, and what it would be done to."""

    action: Word
    resource: Word = ""


@dataclass(frozen=True, slots=True)
class RightList:
    """Who may, and who may not, with the rule."""

    rights: list[Right]


@dataclass(frozen=True, slots=True)
class ReviewList:
    """What each principal holds, and when it last used it."""

    principals: list[Reviewed]


def _can(call: Call[MayQuery, NoBody]) -> Right:
    query = call.query
    return call.app.rights.can(call.context, query.action, query.resource, principal=query.principal)


def _who(call: Call[WhoQuery, NoBody]) -> RightList:
    return RightList(list(call.app.rights.who_can(call.context, call.query.action, call.query.resource)))


def _review(call: Call[NoQuery, NoBody]) -> ReviewList:
    return ReviewList(list(call.app.rights.review()))


ROWS = (
    Row("GET", "/rights", "catalog:read", "Say whether somebody may do something", _can, Right, MayQuery),
    Row("GET", "/rights/holders", "catalog:read", "Say who may do something", _who, RightList, WhoQuery),
    Row("GET", "/access", "audit:read", "Review who has access", _review, ReviewList),
)
