"""Reading samples: many files of a set at once, in any order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from remint.core.artifact import Artifact
from remint.core.manifest import Rows
from remint.ports.blobs import Blobs

Fetch: TypeAlias = Callable[[Sequence[bytes]], Mapping[bytes, bytes]]
"""Returns records, each with its header, by the raw digests of what they give. Raises BlobMissing for what is nowhere."""

Unfold: TypeAlias = Callable[[bytes, bytes, Fetch], bytes]
"""Returns the bytes of a raw digest from its record, with the records of its parts fetched. Raises BlobAltered."""


class ManyBlobs(Blobs, Protocol):
    """A store that reads many blobs in one pass."""

    def get_many(self, raws: Sequence[bytes]) -> list[bytes | None]:
        """Return bytes by their raw digests, verified, in that order; None for what is not in this store.

        They are read in the order in which packs hold them. May be called by several threads. Nothing is brought here.

        Raises:
            BlobAltered: bytes are here but do not hash to their digest.
        """
        ...


class Sampling(Protocol):
    """The files of sets, by their digests."""

    @property
    def is_far(self) -> bool:
        """Whether files may come from a remote, so that reading ahead is worth it."""
        ...

    def rows(self, artifact: Artifact) -> Rows:
        """Return the files of a set.

        Raises:
            Corrupt: the manifest is gone or altered.
        """
        ...

    def chunks(self, artifact: Artifact) -> Iterator[Rows]:
        """Yield the files of a set in parts, one of which is held at a time. Errors as `rows`."""
        ...

    def read(self, raws: Sequence[bytes], sizes: Sequence[int], *, keep: bool = False) -> list[bytes]:
        """Return the content of files, verified, in that order.

        What is not here is brought from the remote in long ranges, several at a time; packs are not brought whole.

        Args:
            raws: the raw digests.
            sizes: of the files, in bytes.
            keep: keep what was brought, so that it is here the next time.

        Raises:
            BlobMissing: one is neither here nor in the remote.
            BlobAltered: bytes do not hash to their digest.
            Unavailable: the remote did not answer.
        """
        ...
