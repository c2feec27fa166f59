"""Routes of artifacts: their records, their files, and what is behind and after them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from msgspec import Meta, Struct

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.erasure import Erased
from remint.core.lineage import Lineage
from remint.core.run import Run
from remint.errors import Invalid
from remint.ports.usecases.contents import Content
from remint.ports.usecases.sources import Sourced
from remint.server.paging import PageQuery, following
from remint.server.routes import Answer, Bytes, Call, Limit, NoBody, NoQuery, Row

CHUNK_BYTES = 256 << 10
PARTLY = {"Range": "`bytes=FIRST-LAST`: a part of the file", "If-None-Match": "the ETag of a file that the caller has"}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContentPage:
    """Files of an artifact, by path."""

    files: list[Content]
    next: str | None


class ImpactQuery(Struct, forbid_unknown_fields=True):
    """How many runs."""

    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class Impact:
    """Runs that used an artifact, directly or through others, oldest first."""

    runs: list[Run]


class Named(Struct, forbid_unknown_fields=True):
    """Artifacts."""

    digests: Annotated[list[Digest], Meta(max_length=10_000)]


@dataclass(frozen=True, slots=True)
class ErasedList:
    """Those of some artifacts that an erasure took."""

    erased: list[Erased]


@dataclass(frozen=True, slots=True)
class RegenerationList:
    """How well an artifact was made again, newest first: the level, when, in which run, and by whom."""

    regenerations: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class SourceList:
    """Where a table came from, newest first."""

    sources: list[Sourced]


def _digest(call: Call[Any, NoBody]) -> Digest:
    digest = Digest.parse(call.path["digest"])
    call.app.sight.require_artifact(call.context, digest)
    return digest


def _get(call: Call[NoQuery, NoBody]) -> Artifact:
    return call.app.artifacts.get(_digest(call))


def _files(call: Call[PageQuery, NoBody]) -> ContentPage:
    query = call.query
    found = call.app.contents.list(_digest(call), after=query.after, limit=query.limit)
    return ContentPage(list(found), following(found, query.limit, lambda one: one.path))


def _lineage(call: Call[NoQuery, NoBody]) -> Lineage:
    digest = _digest(call)
    call.app.artifacts.get(digest)
    return call.app.lineage.up(digest)


def _impact(call: Call[ImpactQuery, NoBody]) -> Impact:
    digest = _digest(call)
    call.app.artifacts.get(digest)
    return Impact(list(call.app.lineage.down(digest, limit=call.query.limit)))


def _download(call: Call[NoQuery, NoBody]) -> Answer | Bytes:
    content, opened = call.app.contents.open(call.context, _digest(call), call.path["path"])
    tag = f'"{content.digest}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",  # never shown in a page, whatever it holds
    }
    if call.headers.get("if-none-match") == tag:
        opened.close()
        return Answer(None, {"ETag": tag}, 304)
    asked = call.headers.get("range") if call.headers.get("if-range", tag) == tag else None
    found = _span(asked, content.size_bytes) if asked else None
    if found is None:
        return Bytes(200, content.size_bytes, _chunks(opened, 0, content.size_bytes), headers)
    first, last = found
    if first > last:
        opened.close()
        raise _outside(content.size_bytes)
    headers = {**headers, "Content-Range": f"bytes {first}-{last}/{content.size_bytes}"}
    return Bytes(206, last - first + 1, _chunks(opened, first, last - first + 1), headers)


def _span(asked: str, size_bytes: int) -> tuple[int, int] | None:
    """Return the first and the last byte of a range; None if it is no range of one piece, which counts as none.

    Example:
        >>> _span("bytes=2-", 10), _span("bytes=-3", 10), _span("bytes=0-1,4-5", 10)
        ((2, 9), (7, 9), None)
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size_bytes - int(found[2])), size_bytes - 1
    return int(found[1]), min(int(found[2]), size_bytes - 1) if found[2] else size_bytes - 1


def _outside(size_bytes: int) -> Invalid:
    headers: Mapping[str, str] = {"Content-Range": f"bytes */{size_bytes}"}
    return Invalid(
        "no bytes were sent",
        why=f"the range begins after the last of {size_bytes} bytes",
        next_step="ask for a range inside the file",
        rule="range",
        headers=headers,
    )


def _chunks(opened: BinaryIO, first: int, size_bytes: int) -> Iterator[bytes]:
    with opened:
        opened.seek(first)
        left = size_bytes
        while left and (chunk := opened.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


def _erased(call: Call[NoQuery, Named]) -> ErasedList:
    return ErasedList(list(call.app.erasures.among(call.body.digests).values()))


def _erased_behind(call: Call[NoQuery, Named]) -> ErasedList:
    for digest in call.body.digests:
        call.app.sight.require_artifact(call.context, digest)
    return ErasedList(list(call.app.erasures.behind(call.body.digests)))


def _sources(call: Call[NoQuery, NoBody]) -> SourceList:
    return SourceList(list(call.app.sources.of(_digest(call))))


def _regenerations(call: Call[NoQuery, NoBody]) -> RegenerationList:
    return RegenerationList(list(call.app.regenerations.evidence(_digest(call))))


def _makers(call: Call[NoQuery, NoBody]) -> Impact:
    return Impact(list(call.app.artifacts.makers(_digest(call))))


ONE = "/artifacts/{digest}"
ROWS = (
    Row("GET", ONE, "catalog:read", "Show the record of an artifact", _get, Artifact, resource="artifact {digest}"),
    Row(
        "GET",
        ONE + "/files",
        "catalog:read",
        "List the files of an artifact",
        _files,
        ContentPage,
        PageQuery,
        resource="artifact {digest}",
    ),
    Row(
        "GET",
        ONE + "/files/{path:path}",
        "artifact:read",
        "Download a file",
        _download,
        bytes,
        headers=PARTLY,
        resource="artifact {digest}",
    ),
    Row(
        "GET",
        ONE + "/lineage",
        "catalog:read",
        "Show everything behind an artifact",
        _lineage,
        Lineage,
        resource="artifact {digest}",
    ),
    Row("GET", ONE + "/makers", "catalog:read", "List the runs that made it", _makers, Impact, resource="artifact {digest}"),
    Row("GET", ONE + "/sources", "catalog:read", "Say where it came from", _sources, SourceList, resource="artifact {digest}"),
    Row(
        "GET",
        ONE + "/regenerations",
        "catalog:read",
        "List how well it was made again",
        _regenerations,
        RegenerationList,
        resource="artifact {digest}",
    ),
    Row("POST", "/erased", "catalog:read", "Say which artifacts an erasure took", _erased, ErasedList, body=Named),
    Row(
        "POST",
        "/erased/behind",
        "catalog:read",
        "Say what erasures took of artifacts and of everything behind them",
        _erased_behind,
        ErasedList,
        body=Named,
    ),
    Row(
        "GET",
        ONE + "/impact",
        "catalog:read",
        "List the runs that used an artifact",
        _impact,
        Impact,
        ImpactQuery,
        resource="artifact {digest}",
    ),
)
