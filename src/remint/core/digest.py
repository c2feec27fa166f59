"""Digests: the only place that hashes.

A file's digest is plain BLAKE3 of its bytes, so any BLAKE3 tool can check it. A record's digest is BLAKE3 in key-derivation
mode with a context of its own, so a record can never be mistaken for a file or for a record of another kind.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

from blake3 import blake3

from remint.errors import InvalidDigest

SHORT = 12
_FORM = re.compile(r"b3:[0-9a-f]{64}")


class Digest(str):
    """A BLAKE3-256 digest, written `b3:` and 64 hex digits.

    Example:
        >>> digest_bytes(b"").short
        'b3:af1349b9f5f9'
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` as a digest.

        Raises:
            InvalidDigest: `text` is not `b3:` followed by 64 lower-case hex digits.
        """
        if not _FORM.fullmatch(text):
            raise InvalidDigest(
                f"{text[:80]!r} is not a digest",
                why="a digest is b3: and 64 lower-case hex digits",
                next_step="copy it from `remint log` or `remint show`",
            )
        return cls(text)

    @property
    def hex(self) -> str:
        """The 64 hex digits."""
        return self[3:]

    @property
    def raw(self) -> bytes:
        """The 32 bytes."""
        return bytes.fromhex(self[3:])

    @property
    def short(self) -> str:
        """The form shown to people: `b3:` and the first 12 digits."""
        return self[: 3 + SHORT]


def from_raw(raw: bytes) -> Digest:
    """Return the digest whose 32 bytes are `raw`."""
    return Digest("b3:" + raw.hex())


def raw_digest(content: bytes | memoryview) -> bytes:
    """Return the 32 bytes of the digest of a file with this content; for loops over many files."""
    return blake3(content).digest()


def digest_bytes(content: bytes | memoryview) -> Digest:
    """Return the digest of a file with this content."""
    return Digest("b3:" + blake3(content).hexdigest())


def digest_file(path: Path) -> Digest:
    """Return the digest of the file at `path`, read through a memory map."""
    hasher = blake3()
    if path.stat().st_size:
        hasher.update_mmap(path)
    return Digest("b3:" + hasher.hexdigest())


def digest_record(kind: str, parts: Iterable[bytes | memoryview]) -> Digest:
    """Return the digest of a record: its parts, one after the other, under the context of its kind.

    The caller's encoding must make the parts self-delimiting.

    Args:
        kind: what is hashed and the version of its encoding, for example `recipe v1`.
        parts: the canonical bytes, in order.
    """
    hasher = blake3(derive_key_context=f"remint 2026 {kind}")
    for part in parts:
        hasher.update(part)
    return Digest("b3:" + hasher.hexdigest())


def record_hasher(kind: str) -> Callable[[bytes], bytes]:
    """Return a function from the parts of a record, in one piece, to the 32 bytes of `digest_record`; for loops over many."""
    begun = blake3(derive_key_context=f"remint 2026 {kind}").copy

    def raw(content: bytes) -> bytes:
        hasher = begun()
        hasher.update(content)
        return hasher.digest()

    return raw


class FileHasher:
    """The digest of a file that arrives in pieces."""

    def __init__(self) -> None:
        self._hasher = blake3()
        self.size_bytes = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next bytes of the file."""
        self._hasher.update(piece)
        self.size_bytes += len(piece)

    def digest(self) -> Digest:
        """Return the digest of all bytes so far."""
        return Digest("b3:" + self._hasher.hexdigest())
