"""Remotes: places that keep what was pushed, and the side of the local store that packs and unpacks for them."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from remint.core.digest import Digest

OnBytes: TypeAlias = Callable[[int], None]
"""Called with how many bytes more have been carried; by several threads."""


class Remote(Protocol):
    """A store of files by name. What stands in it is never altered, except where `swap` is used, and goes only by `delete`.

    Every method may be called again after any failure, and by several threads and processes at once. Failures that may pass are
    tried again for a while, with growing pauses.

    Raises, every method:
        Unavailable: it did not answer.
        Denied: it does not let us.
        NotFound: the bucket or the folder does not exist.
    """

    def names(self, folder: str) -> Mapping[str, int]:
        """Return name and size in bytes of every file below a folder, given with a slash at its end; one request a thousand."""
        ...

    def get(self, name: str) -> tuple[bytes, str] | None:
        """Return the content of a file and the tag of this content, for `swap`; None if there is none."""
        ...

    def ranges(self, name: str, places: Sequence[tuple[int, int]]) -> list[bytes] | None:
        """Return pieces of a file, given as begin and end; shorter ones where it ends; None if there is no such file.

        Pieces that lie close together are brought by one request.
        """
        ...

    def download(self, name: str, to: Path, on_bytes: OnBytes) -> bool:
        """Write a file to `to`, which exists and is empty; return False if there is no such file.

        Raises:
            OSError: the disk of `to` does not take it.
        """
        ...

    def put(self, name: str, content: bytes) -> bool:
        """Write a file, all of it or nothing; return False, and leave it as it is, if there is one of that name."""
        ...

    def upload(self, name: str, path: Path, on_bytes: OnBytes) -> None:
        """Write the content of a local file, all of it or nothing; a file of that name has the same content and may stay."""
        ...

    def swap(self, name: str, content: bytes, tag: str | None) -> bool:
        """Write a file if its content still has this tag (None: if there is none); return False, and write nothing, otherwise.

        Atomic. After Unavailable it may have been written.
        """
        ...

    def delete(self, names: Sequence[str]) -> None:
        """Remove files; one that is not there is no matter. After an error any of them may be gone, and any may be there."""
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file of the local store to be carried as it is.

    Attributes:
        name: where it is in a remote.
        path: where it is here.
        index: of a pack; None of a whole file.
    """

    name: str
    path: Path
    size_bytes: int
    index: bytes | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is here of some blobs.

    Attributes:
        found: raw digests of the blobs and of the parts they are kept in.
        absent: those of them that are not here.
        large: those that are kept in parts. Each part was verified, not that they make the blob.
    """

    found: set[bytes]
    absent: set[bytes]
    large: set[bytes]


class Exchange(Protocol):
    """The packs and whole files of a store. To be used inside `Blobs.adding`, and not after it."""

    def survey(self, wanted: Iterable[bytes]) -> Survey:
        """Look for blobs, by their raw digests, and for the parts they are kept in, as far as these are known here."""
        ...

    def parcels(self, wanted: set[bytes]) -> list[Parcel]:
        """Return sealed packs and whole files that hold these blobs, verified. Open packs are sealed for it.

        Raises:
            BlobMissing, BlobAltered: one of them is gone or damaged.
            Unavailable: the disk is full.
        """
        ...

    def arriving(self) -> AbstractContextManager[Path]:
        """Give an empty file on the disk of the store, which is gone after the block.

        Raises:
            Unavailable: the disk is full.
        """
        ...

    def receive_pack(self, name: str, path: Path) -> None:
        """Keep a pack, which is moved.

        Raises:
            BlobAltered: it is not the pack of that name, or a record in it is damaged; nothing is kept.
        """
        ...

    def receive_records(self, pack: str, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep records of a pack, given as raw digest and all bytes. Errors as `receive_pack`."""
        ...

    def pieces(self, pack: str, places: Sequence[tuple[int, int]]) -> list[bytes] | None:
        """Return pieces of a sealed pack that is here, given as begin and end; None if it is not here."""
        ...

    def parts(self, raw: bytes, record: bytes, *, depth: int | None = None) -> tuple[int, list[bytes]] | None:
        """Return how many levels of groups are below a record, and the digests of its parts; 0 and none of a whole blob.

        Args:
            raw: the digest it stands under.
            record: all bytes of it.
            depth: of a group: how many levels are below it; None of a blob.

        Returns:
            None if the record is damaged.

        Raises:
            Invalid: it is of a later version.
        """
        ...

    def packed(self, records: Iterable[tuple[bytes, bytes]]) -> Generator[Parcel, None, None]:
        """Yield new packs of records, given as raw digest and all bytes; each is gone when the next is asked for.

        Nothing is kept here. The same records make the same packs.

        Raises:
            Unavailable: the disk is full.
        """
        ...

    def receive_object(self, digest: Digest, path: Path) -> None:
        """Keep a whole file, which is moved.

        Raises:
            BlobAltered: its bytes are others; nothing is kept.
        """
        ...
