"""Reading requests: as strictly as they are described, and never more than they may hold."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from remint.core.plain import read_word
from remint.errors import Invalid, LimitReached
from remint.server.protocols.jsontext import read_fast

BODY_BYTES = 1 << 20
"""The largest body of JSON."""

FORM_BYTES = 65_536
FORM_FIELDS = 20
PIECE_BYTES = 1 << 20

Read = TypeVar("Read", bound=msgspec.Struct)


async def body_of(request: Request) -> bytes:
    """Return the body of a request, as it was sent.

    Raises:
        LimitReached: it is larger than BODY_BYTES; no more than that is held in memory.
        Invalid: it is compressed, is not said to be JSON, or broke off.
    """
    require_plain(request.headers)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Invalid(
            "the request was refused",
            why=f"its body is {media[:100] or 'of no kind'}, and not application/json",
            next_step="send the header `Content-Type: application/json`",
            rule="media-type",
        )
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > BODY_BYTES:
                raise LimitReached(
                    "the request was refused",
                    why=f"its body is larger than {BODY_BYTES} bytes",
                    next_step="send less at a time; files go through uploads",
                    rule="body-size",
                )
            parts.append(part)
    except ClientDisconnect:
        raise _broken_off() from None
    return b"".join(parts)


async def form_of(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that was sent.

    Raises:
        LimitReached: it is larger than FORM_BYTES.
        Invalid: it is no form, is compressed, has a field twice or too many, or broke off.
    """
    require_plain(request.headers)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise Invalid(
            "the request was refused",
            why=f"its body is {media[:100] or 'of no kind'}, and not a form",
            next_step="send the header `Content-Type: application/x-www-form-urlencoded`",
            rule="media-type",
        )
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > FORM_BYTES:
                raise LimitReached(
                    "the request was refused",
                    why=f"its form is larger than {FORM_BYTES} bytes",
                    next_step="send less",
                    rule="body-size",
                )
    except ClientDisconnect:
        raise _broken_off() from None
    try:
        fields = parse_qsl(content.decode("utf-8"), keep_blank_values=True, max_num_fields=FORM_FIELDS)
    except ValueError as error:
        raise _refused(f"its form is not readable: {str(error)[:100]}") from error
    if len(fields) != len(dict(fields)):
        raise _refused("its form names a field twice")
    return dict(fields)


async def pieces_of(request: Request) -> AsyncIterator[bytes]:
    """Yield the body of a request in pieces of at least PIECE_BYTES, except for the last one.

    Raises:
        Invalid: it broke off; what arrived was yielded before.
    """
    held, size = list[bytes](), 0
    broken = False
    try:
        async for part in request.stream():
            held.append(part)
            size += len(part)
            if size >= PIECE_BYTES:
                yield b"".join(held)
                held, size = [], 0
    except ClientDisconnect:
        broken = True
    if size:
        yield b"".join(held)
    if broken:
        raise _broken_off()


def _broken_off() -> Invalid:
    return Invalid("the request was not read", why="the client went away", next_step="send it again")


def require_plain(headers: Mapping[str, str]) -> None:
    """Refuse a body that is compressed.

    Raises:
        Invalid: it is.
    """
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Invalid(
            "the request was refused",
            why="compressed bodies are not read",
            next_step="send it without Content-Encoding",
            rule="media-type",
        )


def read_body(content: bytes, kind: type[Read]) -> Read:
    """Return the JSON of a body as what the route takes.

    Raises:
        Invalid: it is not JSON, or not what is described.
    """
    return _as(read_fast(content), kind, strict=True)


def read_query(items: Iterable[tuple[str, str]], kind: type[Read]) -> Read:
    """Return the query of an address as what the route takes.

    Raises:
        Invalid: a name comes twice or is unknown, or a value is not what is described.
    """
    held: dict[str, str] = {}
    for name, value in items:
        if name in held:
            raise _refused(f"the query names {name[:100]!r} twice")
        held[name] = value
    return _as(held, kind, strict=False)


def _as(value: Any, kind: type[Read], *, strict: bool) -> Read:  # noqa: ANN401 - JSON
    try:
        return msgspec.convert(value, kind, strict=strict, dec_hook=read_word, str_keys=True)
    except (msgspec.ValidationError, OverflowError) as error:
        raise _refused(str(error)[:300]) from error


def _refused(why: str) -> Invalid:
    return Invalid("the request was refused", why=why, next_step="see what the route takes in /openapi.json")
