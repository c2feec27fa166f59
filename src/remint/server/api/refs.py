"""Routes of refs: where they point, where they pointed, and moving those that are not protected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.ref import Move, Ref
from remint.errors import Invalid
from remint.server.paging import PageQuery, following
from remint.server.routes import Answer, Call, Limit, NoBody, NoQuery, Row, Word

OLD = {
    "If-Match": "the digest that the ref points at, in quotes; it moves only from there",
    "If-None-Match": "`*`: make the ref, which must not exist",
}


class RefsQuery(PageQuery, forbid_unknown_fields=True):
    """Which refs."""

    kind: Word | None = None


@dataclass(frozen=True, slots=True)
class RefPage:
    """Refs of a workspace, by name."""

    refs: list[Ref]
    next: str | None


class MovesQuery(Struct, forbid_unknown_fields=True):
    """Which moves."""

    limit: Limit = 50
    after: Annotated[int, Meta(ge=0, le=1 << 53, description="`next` of the page before")] = 0


@dataclass(frozen=True, slots=True)
class MovePage:
    """Moves of a ref, newest first."""

    moves: list[Move]
    next: int | None


class MeaningQuery(Struct, forbid_unknown_fields=True):
    """A ref, with or without a version, or a digest or its first 12 digits or more."""

    text: Word


@dataclass(frozen=True, slots=True)
class Meaning:
    """The artifact that is meant."""

    artifact: Artifact


class Target(Struct, forbid_unknown_fields=True):
    """Where a ref is to point: a digest, or another ref with or without a version."""

    to: Word
    reason: Annotated[str, Meta(max_length=2000)] = ""


def _text(call: Call[Any, Any]) -> str:
    """Return the ref of an address; it is in the workspace of the request, whatever the address says."""
    return f"{call.context.workspace}:{call.path['kind']}/{call.path['name']}"


def _tag(digest: Digest) -> dict[str, str]:
    return {"ETag": f'"{digest}"'}


def _list(call: Call[RefsQuery, NoBody]) -> RefPage:
    query = call.query
    refs = call.app.refs.list(call.context, kind=query.kind, after=query.after, limit=query.limit)
    return RefPage(list(refs), following(refs, query.limit, lambda ref: ref.name.path))


def _get(call: Call[NoQuery, NoBody]) -> Answer:
    ref = call.app.refs.get(call.context, _text(call))
    tag = _tag(ref.artifact)
    return Answer(ref, tag, 304 if call.headers.get("if-none-match") == tag["ETag"] else None)


def _log(call: Call[MovesQuery, NoBody]) -> MovePage:
    query = call.query
    moves = call.app.refs.log(call.context, _text(call), limit=query.limit, before=query.after or None)
    return MovePage(list(moves), moves[-1].order if len(moves) >= query.limit else None)


def _meaning(call: Call[MeaningQuery, NoBody]) -> Meaning:
    return Meaning(call.app.refs.artifact(call.context, call.query.text))


def _move(call: Call[NoQuery, Target]) -> Answer:
    expect, body = _expected(call.headers), call.body
    move = call.app.refs.move(call.context, _text(call), to=body.to, expect=expect, reason=body.reason)
    return Answer(move, _tag(move.new))


def _expected(headers: Mapping[str, str]) -> str | None:
    """Return what the caller saw the ref at; None if it saw that there is none."""
    match, none_match = headers.get("if-match", "").strip(), headers.get("if-none-match", "").strip()
    if none_match == "*" and not match:
        return None
    if match and not none_match:
        return Digest.parse(match.strip('"'))
    raise Invalid(
        "the ref was not moved",
        why="the request does not say what it saw the ref at",
        next_step='send `If-Match: "b3:…"` with where it points, or `If-None-Match: *` if it does not exist',
        rule="precondition",
    )


REF = "{workspace}:{kind}/{name}"
ROWS = (
    Row("GET", "/refs", "catalog:read", "List the refs of a workspace", _list, RefPage, RefsQuery),
    Row("GET", "/refs/{kind}/{name:path}", "catalog:read", "Show where a ref points", _get, Ref, resource=REF),
    Row("GET", "/meaning", "catalog:read", "Show the artifact that a text means", _meaning, Meaning, MeaningQuery),
    Row("PUT", "/refs/{kind}/{name:path}", "ref:move", "Move a ref", _move, Move, body=Target, headers=OLD, resource=REF),
    Row(
        "GET", "/moves/{kind}/{name:path}", "catalog:read", "List the moves of a ref", _log, MovePage, MovesQuery, resource=REF
    ),
)
