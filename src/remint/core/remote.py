"""What a remote holds under which name, and the records in it (docs/format/remote.md)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import iter_unpack
from typing import Any

from remint.core import canonical
from remint.core.artifact import Artifact, Kind, Part, require_path
from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.origin import PINNED
from remint.core.ref import RefName, Selector, require_name
from remint.errors import Corrupt, Invalid, RefNotFound, RemintError

PACKS, INDEXES, OBJECTS, ARTIFACTS, REFS = "packs/", "index/", "objects/", "artifacts/", "refs/"
SCHEMES = ("s3", "gs", "az", "file")
RECORD_BYTES = 56
"""What stands in a pack before the payload of a record."""

_DIGITS = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"([a-z0-9]+)://(.*)", re.DOTALL)
_SECRET = {"key", "keys", "secret", "token", "password", "credential", "credentials", "sas", "passphrase"}

IndexEntry = tuple[bytes, int, int]
"""The raw digest of a record, where the record begins in its pack, and how long its payload is in bytes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a remote is.

    Attributes:
        name: what people call it.
        scheme: one of SCHEMES.
        rest: bucket and prefix, or the path of a folder.
        options: of the store, for example `endpoint` and `region`.
    """

    name: str
    scheme: str
    rest: str
    options: Mapping[str, str | bool | int]


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """One version of a ref in a remote.

    Attributes:
        serial: counts the versions pushed there, from 1.
        at_us: when the ref was moved there where it was pushed from, UTC microseconds.
        by: who moved it.
        reason: why.
    """

    serial: int
    artifact: Digest
    at_us: int
    by: PrincipalId
    reason: str


# ---- names


def pack_name(name: str) -> str:
    """Return where a pack is."""
    return f"{PACKS}{name}.pack"


def index_name(name: str) -> str:
    """Return where the index of a pack is."""
    return f"{INDEXES}{name}.idx"


def pack_of(index: str) -> str | None:
    """Return the name of the pack that an index belongs to; None for what is no index.

    Example:
        >>> pack_of(index_name("0" * 64)) == "0" * 64, pack_of("index/notes.txt")
        (True, None)
    """
    digits = index.removeprefix(INDEXES).removesuffix(".idx")
    return digits if _DIGITS.fullmatch(digits) and index_name(digits) == index else None


def object_name(digest: Digest) -> str:
    """Return where a whole file is."""
    return f"{OBJECTS}{digest.hex[:2]}/{digest.hex[2:]}"


def artifact_name(digest: Digest) -> str:
    """Return where the record of an artifact is."""
    return f"{ARTIFACTS}{digest.hex}.json"


def artifact_of(name: str) -> Digest | None:
    """Return the artifact whose record stands under a name; None for what is no such record."""
    digits = name.removeprefix(ARTIFACTS).removesuffix(".json")
    return Digest(f"b3:{digits}") if _DIGITS.fullmatch(digits) else None


def ref_name(ref: RefName) -> str:
    """Return where the versions of a ref are; a name of many words stays one file.

    Example:
        >>> ref_name(RefName("main", "data", "raw/flights"))
        'refs/main/data/raw,flights.json'
    """
    return f"{REFS}{ref.workspace}/{ref.kind}/{ref.name.replace('/', ',')}.json"


def ref_of(name: str) -> str | None:
    """Return the ref, as a person writes it, whose versions stand under a name; None for what is no such record."""
    words = name.removeprefix(REFS).removesuffix(".json").split("/")
    return f"{words[0]}:{words[1]}/{words[2].replace(',', '/')}" if len(words) == 3 and name.endswith(".json") else None


# ---- records


def index_entries(index: bytes) -> Iterator[IndexEntry]:
    """Yield what the index of a pack says of its records (docs/format/store.md, section 3); its digest was checked."""
    count = len(index) // 40
    places, stored = iter_unpack("<I", index[32 * count : 36 * count]), iter_unpack("<I", index[36 * count :])
    for at, (place,), (length,) in zip(range(0, 32 * count, 32), places, stored, strict=True):
        yield index[at : at + 32], place, length


def encode_artifact(artifact: Artifact) -> bytes:
    """Return the record of an artifact."""
    parts = [[part.path, part.blob, part.size_bytes] for part in artifact.parts]
    facts = canonical.encode_value(dict(artifact.facts))
    record: dict[str, object] = {"v": 1, "kind": str(artifact.kind), "parts": parts, "facts": facts}
    return canonical.dumps(record)


def decode_artifact(digest: Digest, content: bytes) -> Artifact:
    """Return the artifact of a record; that it makes its digest is not checked.

    Raises:
        Corrupt: the bytes are no such record.
    """
    try:
        held = _versioned(content)
        parts = tuple(Part(require_path(path), Digest.parse(blob), _count(size)) for path, blob, size in held["parts"])
        facts: Any = canonical.decode_value(held["facts"])
        return Artifact(digest, Kind(held["kind"]), parts, {name: fact for name, fact in dict(facts).items() if name != PINNED})
    except (KeyError, TypeError, ValueError, RecursionError, RemintError) as error:
        raise _damaged(artifact_name(digest), error) from error


def encode_ref(ref: RefName, versions: Sequence[RemoteVersion]) -> bytes:
    """Return the record of a ref: every version pushed, oldest first."""
    rows = [[one.serial, one.artifact, one.at_us, one.by, one.reason] for one in versions]
    record: dict[str, object] = {"v": 1, "ref": str(ref), "versions": rows}
    return canonical.dumps(record)


def decode_ref(ref: RefName, content: bytes) -> tuple[RemoteVersion, ...]:
    """Return the versions of a ref, oldest first; there is at least one.

    Raises:
        Corrupt: the bytes are no such record, or that of another ref.
    """
    try:
        held = _versioned(content)
        if held["ref"] != str(ref):
            raise ValueError(f"it is of {str(held['ref'])[:80]}")
        versions = tuple(
            RemoteVersion(_count(serial), Digest.parse(artifact), _count(at_us), PrincipalId(str(by)), str(reason))
            for serial, artifact, at_us, by, reason in held["versions"]
        )
        if [one.serial for one in versions] != list(range(1, len(versions) + 1)) or not versions:
            raise ValueError("its versions are not counted from 1")
    except (KeyError, TypeError, ValueError, RecursionError, RemintError) as error:
        raise _damaged(ref_name(ref), error) from error
    return versions


def select(ref: RefName, versions: Sequence[RemoteVersion], selector: Selector | None) -> RemoteVersion:
    """Return the version of a ref that a selector means; the newest without one.

    Raises:
        RefNotFound: there is none, or a digest means more than one artifact.
    """
    if selector is None:
        return versions[-1]
    if selector.serial is not None:
        found = [one for one in versions if one.serial == selector.serial]
    elif selector.digest is not None:
        found = [one for one in versions if one.artifact.startswith(selector.digest)]
    else:
        found = [one for one in versions if one.at_us <= (selector.at_us or 0)]
    if not found or (selector.digest is not None and len({one.artifact for one in found}) > 1):
        raise RefNotFound(
            f"that version of {ref} was not found in the remote",
            why=f"{len(versions)} versions were pushed there, and no single one of them is meant",
            next_step="give the number of a version, or more digits of its digest",
        )
    return found[-1]


def _versioned(content: bytes) -> dict[str, Any]:
    held = canonical.loads(content)
    if type(held) is not dict or held.get("v") != 1:
        raise ValueError("it is not of format 1")
    if canonical.dumps(held) != content:
        raise ValueError("it is not in canonical form")
    return held


def _count(number: object) -> int:
    if type(number) is not int or number < 0:
        raise ValueError(f"{str(number)[:40]!r} is no count")
    return number


def _damaged(name: str, error: Exception) -> Corrupt:
    why = error.why if isinstance(error, RemintError) else str(error)
    return Corrupt(
        f"{name} of the remote cannot be read",
        why=f"it is not the record it should be: {why[:200]}",
        next_step="remove it from the remote, and push it again from a project that has it",
    )


# ---- settings


def parse_remotes(table: Mapping[str, Any]) -> dict[str, Place]:
    """Return the remotes that a project's settings name.

    Raises:
        Invalid: a remote has no address, or one of an unknown kind, or its settings hold what may be a secret.
    """
    return {name: _place(require_name(name, what="remote"), held) for name, held in table.items()}


def _place(name: str, held: object) -> Place:
    if not isinstance(held, dict) or not isinstance(held.get("url"), str):
        raise _refused(name, "it has no url", f'write `url = "s3://BUCKET/PREFIX"` in [remotes.{name}]')
    found = _URL.fullmatch(held["url"])
    if found is None or found[1] not in SCHEMES or not found[2].strip("/"):
        raise _refused(
            name, f"{held['url'][:80]!r} is no address of a remote", f"use {', '.join(f'{one}://…' for one in SCHEMES)}"
        )
    options = {key: value for key, value in held.items() if key != "url"}
    secret = [key for key in options if _SECRET & set(re.split(r"[^a-z]+", key.lower()))]
    if secret or "@" in found[2].partition("/")[0] or "?" in found[2]:
        raise _refused(
            name,
            f"{secret[0] if secret else 'its url'} may hold a secret, and settings are shared",
            "take it out; credentials come from the environment (AWS_…, GOOGLE_…, AZURE_…)",
        )
    wrong = [key for key, value in options.items() if not isinstance(value, str | bool | int)]
    if wrong:
        raise _refused(name, f"{wrong[0]} is not a text, a number or a boolean", "mend it")
    if found[1] == "file" and (options or not found[2].startswith("/")):
        raise _refused(name, "a folder has an absolute path and no options", 'write `url = "file:///PATH"` and nothing else')
    return Place(name, found[1], found[2].rstrip("/"), options)


def _refused(name: str, why: str, next_step: str) -> Invalid:
    return Invalid(f"the remote {name} cannot be used", why=why, next_step=next_step)
