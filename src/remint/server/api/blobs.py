"""Routes of blobs: bringing the bytes of artifacts in and out, many at once, and recording what is made of them."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.frame import MEDIA
from remint.ports.usecases.blobs import Received, Receiving
from remint.server.routes import Bytes, Call, NoBody, NoQuery, Row

MOST_DIGESTS = 10_000
MOST_ARTIFACTS = 100


class Asked(Struct, forbid_unknown_fields=True):
    """Digests of blobs, and artifacts they may be parts of: those that are made of them, and what these are like."""

    digests: Annotated[list[Digest], Meta(max_length=MOST_DIGESTS)]
    artifacts: Annotated[list[Digest], Meta(max_length=MOST_ARTIFACTS)] = []


@dataclass(frozen=True, slots=True)
class Lacking:
    """Digests of the blobs that must be sent, in the order they were asked about."""

    digests: list[Digest]


class Wanted(Struct, forbid_unknown_fields=True):
    """Blobs, and the artifacts they are parts of."""

    artifacts: Annotated[list[Digest], Meta(min_length=1, max_length=MOST_ARTIFACTS)]
    digests: Annotated[list[Digest], Meta(min_length=1, max_length=MOST_DIGESTS)]


class Records(Struct, forbid_unknown_fields=True):
    """Records of artifacts whose bytes were sent, or are those of artifacts they are like."""

    artifacts: Annotated[list[Artifact], Meta(min_length=1, max_length=MOST_ARTIFACTS)]
    like: Annotated[list[Digest], Meta(max_length=MOST_ARTIFACTS)] = []


@dataclass(frozen=True, slots=True)
class Recorded:
    """Records of artifacts as they stand now."""

    artifacts: list[Artifact]


def _lacking(call: Call[NoQuery, Asked]) -> Lacking:
    return Lacking(list(call.app.carrying.lacking(call.context, call.body.digests, call.body.artifacts)))


def _receive(call: Call[NoQuery, NoBody]) -> Receiving:
    return call.app.carrying.receive(call.context)


def _send(call: Call[NoQuery, Wanted]) -> Bytes:
    size_bytes, chunks = call.app.carrying.send(call.context, call.body.artifacts, call.body.digests)
    return Bytes(200, size_bytes, chunks, {"Content-Type": MEDIA, "Cache-Control": "no-store"})


def _record(call: Call[NoQuery, Records]) -> Recorded:
    return Recorded(list(call.app.carrying.record(call.context, call.body.artifacts, like=call.body.like)))


ROWS = (
    Row("POST", "/blobs/lacking", "artifact:add", "Say which blobs must be sent", _lacking, Lacking, body=Asked),
    Row("PUT", "/blobs", "artifact:add", "Send blobs, as frames", _receive, Received, streamed=True),
    Row("POST", "/blobs/sending", "artifact:read", "Get blobs of artifacts, as frames", _send, bytes, body=Wanted),
    Row("POST", "/records", "artifact:add", "Record artifacts that were sent", _record, Recorded, body=Records, status=201),
)
