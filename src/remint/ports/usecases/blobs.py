"""Use cases of blobs: carrying the bytes of artifacts to and from whoever works elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Received:
    """What came in.

    Attributes:
        blobs: how many whole blobs.
        size_bytes: of them together.
    """

    blobs: int
    size_bytes: int


class Receiving(Protocol):
    """Blobs that arrive as a stream of frames (core.frame). For one thread at a time."""

    def write(self, content: bytes) -> None:
        """Take the next bytes. A blob is kept when its last byte came; what was kept stays if the rest breaks off.

        Raises:
            Invalid: they are no frames, or a blob has another digest than was said.
            Unavailable: the disk takes no more.
        """
        ...

    def close(self) -> Received:
        """Make what was kept survive a loss of power, and say how much it is. Idempotent."""
        ...


class Blobs(Protocol):
    """Bytes by digest, and the records of artifacts that are made of them."""

    def lacking(self, context: Context, digests: Sequence[Digest], artifacts: Sequence[Digest] = ()) -> Sequence[Digest]:
        """Return which of some blobs must be sent before an artifact can be recorded that is made of them.

        Bytes count only when the caller sent them lately, or may read one of the artifacts it names and they are a part of
        that: knowing a digest is not having its bytes, and that somebody has them tells nothing to who does not.
        """
        ...

    def receive(self, context: Context) -> Receiving:
        """Begin to take blobs in."""
        ...

    def record(self, context: Context, artifacts: Sequence[Artifact], *, like: Sequence[Digest] = ()) -> Sequence[Artifact]:
        """Record artifacts whose bytes were sent, or are those of artifacts they are like. Idempotent.

        The bytes are read, and make the digest or nothing is recorded.

        Raises:
            Conflict: bytes are missing; the facts have `lacking`.
            Corrupt: they do not make the digest.
            Invalid: the record claims what only a source can say.
            ArtifactErased: an erasure took it.
            Denied: the caller may not add artifacts there.
        """
        ...

    def get(self, context: Context, artifact: Digest) -> Artifact:
        """Return the record of an artifact that is about to be read.

        Raises:
            ArtifactNotFound: there is none that the caller sees.
            ArtifactErased: an erasure took it.
            Denied: a policy keeps it from the caller.
        """
        ...

    def send(self, context: Context, artifacts: Sequence[Digest], digests: Sequence[Digest]) -> tuple[int, Iterator[bytes]]:
        """Return blobs of artifacts as frames, verified: how many bytes, and the bytes. The reading is an entry.

        Blobs that are a part of none of the artifacts are left out.

        Raises:
            ArtifactNotFound: there is an artifact that the caller does not see.
            Corrupt: one is gone or altered.
        """
        ...
