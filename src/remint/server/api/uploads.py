"""Routes of uploads: bringing files in piece by piece, and making artifacts of them."""

import re
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.artifact import Artifact
from remint.core.ref import Move
from remint.core.upload import MOST_BYTES, Upload
from remint.errors import Invalid
from remint.ports.usecases.uploads import Named
from remint.server.routes import Call, NoBody, NoQuery, Row, Word

PLACE = {"Content-Range": "`bytes FIRST-LAST/SIZE`: which bytes of the file the body is; FIRST is the offset of the upload"}
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(?:\d{1,15}|\*)", re.ASCII)


class NewUpload(Struct, forbid_unknown_fields=True):
    """An upload to be begun: the BLAKE3 digest of the file, and its size."""

    digest: Word
    size_bytes: Annotated[int, Meta(ge=0, le=MOST_BYTES)]


class UploadedFile(Struct, forbid_unknown_fields=True):
    """A complete upload, and its path in the artifact."""

    path: Annotated[str, Meta(min_length=1, max_length=4096)]
    upload: Word


class Pointed(Struct, forbid_unknown_fields=True):
    """The ref to point at the artifact, and where the caller saw it; null if it saw none."""

    name: Word
    seen: Word | None = None


class NewArtifact(Struct, forbid_unknown_fields=True):
    """A set of files to be made of complete uploads."""

    files: Annotated[list[UploadedFile], Meta(min_length=1, max_length=1000)]
    ref: Pointed | None = None


@dataclass(frozen=True, slots=True)
class AddedArtifact:
    """The artifact, and the move of the ref if one was asked for."""

    artifact: Artifact
    move: Move | None


def _begin(call: Call[NoQuery, NewUpload]) -> Upload:
    return call.app.uploads.begin(call.context, digest=call.body.digest, size_bytes=call.body.size_bytes)


def _get(call: Call[NoQuery, NoBody]) -> Upload:
    return call.app.uploads.get(call.context, call.path["upload"])


def _append(call: Call[NoQuery, NoBody]) -> object:
    found = _RANGE.fullmatch(call.headers.get("content-range", "").strip())
    if found is None:
        raise Invalid(
            "the bytes were refused",
            why="the request does not say which bytes of the file they are",
            next_step="send `Content-Range: bytes FIRST-LAST/SIZE`",
            rule="precondition",
        )
    return call.app.uploads.append(call.context, call.path["upload"], offset=int(found[1]))


def _complete(call: Call[NoQuery, NoBody]) -> Upload:
    return call.app.uploads.complete(call.context, call.path["upload"])


def _remove(call: Call[NoQuery, NoBody]) -> Upload:
    found = call.app.uploads.get(call.context, call.path["upload"])
    call.app.uploads.remove(call.context, found.id)
    return found


def _add(call: Call[NoQuery, NewArtifact]) -> AddedArtifact:
    context, body = call.context, call.body
    artifact = call.app.uploads.add(context, [Named(file.path, file.upload) for file in body.files])
    if body.ref is None:
        return AddedArtifact(artifact, None)
    name = f"{context.workspace}:{body.ref.name}"
    return AddedArtifact(
        artifact, call.app.refs.move(context, name, to=artifact.digest, expect=body.ref.seen, reason="added from uploads")
    )


ONE = "/uploads/{upload}"
ROWS = (
    Row("POST", "/uploads", "artifact:add", "Begin an upload", _begin, Upload, body=NewUpload, status=201),
    Row("GET", ONE, "artifact:add", "Show how far an upload is", _get, Upload, resource="upload {upload}"),
    Row(
        "PUT",
        ONE,
        "artifact:add",
        "Bring the next bytes",
        _append,
        Upload,
        headers=PLACE,
        streamed=True,
        resource="upload {upload}",
    ),
    Row(
        "POST",
        ONE + "/complete",
        "artifact:add",
        "Compare all bytes with the digest",
        _complete,
        Upload,
        resource="upload {upload}",
    ),
    Row("DELETE", ONE, "artifact:add", "Forget an upload", _remove, Upload, resource="upload {upload}"),
    Row(
        "POST",
        "/artifacts",
        "artifact:add",
        "Make a set of files of uploads",
        _add,
        AddedArtifact,
        body=NewArtifact,
        status=201,
    ),
)
