"""Artifacts: immutable values, named by a digest of their content."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.errors import ArtifactNotFound, InvalidName


class Kind(StrEnum):
    """What an artifact is; it decides how its digest is made (docs/format/records.md)."""

    TABLE = "table"
    FILES = "files"
    MODEL = "model"
    METRICS = "metrics"
    REPORT = "report"
    ENVIRONMENT = "environment"
    CODE = "code"
    LOG = "log"
    DEFINITION = "definition"
    VALUE = "value"

    @property
    def noun(self) -> str:
        """What one of it is called in a sentence, with its article.

        Example:
            >>> Kind.TABLE.noun, Kind.FILES.noun, Kind.ENVIRONMENT.noun
            ('a table', 'a set of files', 'an environment')
        """
        words = {"files": "set of files", "metrics": "record of metrics", "code": "snapshot of code"}.get(
            self.value, self.value
        )
        return f"an {words}" if words[0] in "aeiou" else f"a {words}"


NONE_HAS_IT = "no artifact has it"
RECORDED_AS_FILES = frozenset({Kind.CODE, Kind.REPORT, Kind.LOG})
"""Kinds made of a few files, each of them a part. Sets of files proper have a manifest (core/manifest.py)."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One stored piece of an artifact: a path inside it, the blob that holds its bytes, and their size.

    Of a set of files it is a segment of the manifest: the path of its first file, and the size of its files together.
    """

    path: str
    blob: Digest
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact as it is recorded.

    Attributes:
        digest: its name: made from its content alone.
        kind: how to read it.
        parts: where its bytes are; for a table the segments in row order, else sorted by path. Those of a set of files are
            read by services/manifests.py alone.
        facts: what can be said without opening it (rows, schema, format); JSON. Not part of the name, but checked on load.
    """

    digest: Digest
    kind: Kind
    parts: tuple[Part, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """The size of its stored bytes, before any sharing with other artifacts."""
        return sum(part.size_bytes for part in self.parts)


def files_digest(kind: Kind, parts: Iterable[Part]) -> Digest:
    """Return the digest of a few files: sorted paths, blob digests and sizes.

    Example:
        >>> files_digest(Kind.CODE, []).short
        'b3:9b530460f064'
    """
    return _parts_digest(f"{kind} v1", parts)


def stored_digest(parts: Iterable[Part]) -> Digest:
    """Return the digest of an artifact's bytes as they are stored: equal for two only if every stored byte is."""
    return _parts_digest("stored v1", parts)


def _parts_digest(kind: str, parts: Iterable[Part]) -> Digest:
    return digest_record(kind, [canonical.dumps([[part.path, part.blob, part.size_bytes] for part in sorted(parts)])])


def record_digest(kind: Kind, value: object) -> Digest:
    """Return the digest of a small record (metrics, value, definition, environment) with this canonical JSON value."""
    return digest_record(f"{kind} v1", [canonical.dumps(value)])


def require_path(path: str) -> str:
    """Return `path` if it may name a file inside an artifact.

    Raises:
        InvalidName: it is absolute, climbs out, is empty, or holds a NUL.
    """
    words = path.split("/")
    if not path or path.startswith("/") or "\0" in path or any(word in {"", ".", ".."} for word in words):
        raise InvalidName(
            f"{path[:80]!r} cannot be a file of an artifact",
            why="paths are relative, use / between words, and never hold an empty word, a dot or two dots alone",
            next_step="rename the file, or add its folder instead",
        )
    return path


def not_found(what: str, why: str = "no artifact of that digest is recorded here") -> ArtifactNotFound:
    """Return the error of an artifact that is not there."""
    return ArtifactNotFound(f"artifact {what} was not found", why=why, next_step="list what there is with `remint log REF`")
