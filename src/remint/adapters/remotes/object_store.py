"""Remotes in S3, Google Cloud Storage and Azure, through obstore."""

import contextlib
import mmap
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remint.core.remote import Place
from remint.errors import Denied, Invalid, NotFound, RemintError, Unavailable
from remint.ports.remotes import OnBytes

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PIECE_BYTES = 4 << 20
PART_BYTES = 16 << 20
WHOLE_BYTES = 128 << 20
"""A file up to this size goes up in one request, which writes nothing if the file is there."""

GAP_BYTES = 64 << 10
"""So much that is not wanted is brought rather than asking twice."""

RETRIES = 5
_SAID = re.compile(r"<Code>([^<]*)</Code>.*?<Message>([^<]*)</Message>", re.DOTALL)
_MISSING = ("NoSuchBucket", "The specified bucket does not exist", "ContainerNotFound")

_ASKED_IN: set[int] = set()
"""The processes, this one or those it was forked from, that asked an object store: its threads are not there in a fork."""


def open_store(place: Place) -> "ObjectStoreRemote":
    """Return a remote of an object store. Nothing is asked yet.

    Raises:
        Invalid: obstore is not installed, or an option is unknown to it.
        Unavailable: this process was forked from one that used an object store, so an answer would never come.
    """
    if _ASKED_IN - {os.getpid()}:
        raise Unavailable(
            f"the remote {place.name} cannot be used in this process",
            why="it was forked from a process that had used an object store, whose threads are not there in a fork",
            next_step='start processes with spawn, for example `DataLoader(…, multiprocessing_context="spawn")`',
        )
    try:
        from obstore.exceptions import BaseError
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError as error:
        raise Invalid(
            f"the remote {place.name} cannot be used",
            why=f"{place.scheme}:// needs obstore, which is not installed",
            next_step='install it: `pip install "remint[remote]"`',
        ) from error
    kind: Any = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[place.scheme]
    bucket, _, prefix = place.rest.partition("/")
    client = {"connect_timeout": "10s", "timeout": "15min"}
    plain = str(place.options.get("endpoint", "")).startswith("http://")
    try:
        store = kind(
            bucket,
            prefix=prefix or None,
            config=dict(place.options),
            client_options={**client, "allow_http": plain},
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(minutes=3)},
        )
    except (BaseError, TypeError, ValueError) as error:
        raise Invalid(
            f"the remote {place.name} cannot be used",
            why=str(error).partition("\n")[0],
            next_step=f"mend [remotes.{place.name}]; options are those of obstore's {kind.__name__}",
        ) from error
    return ObjectStoreRemote(place.name, bucket, store)


class ObjectStoreRemote:
    """Files in a bucket by name (see ports.remotes.Remote).

    Args:
        name: of the remote, for errors.
        bucket: likewise.
        store: what reads and writes; it tries again by itself what may pass.
    """

    def __init__(self, name: str, bucket: str, store: "ObjectStore") -> None:
        self._name = name
        self._bucket = bucket
        self._store = store

    def names(self, folder: str) -> Mapping[str, int]:
        """Return name and size of every file below a folder."""
        import obstore

        with self._asking():
            return {one["path"]: one["size"] for page in obstore.list(self._store, folder) for one in page}

    def get(self, name: str) -> tuple[bytes, str] | None:
        """Return the content of a file and its ETag."""
        import obstore

        with self._asking():
            try:
                found = obstore.get(self._store, name)
                return bytes(found.bytes()), found.meta["e_tag"] or ""
            except FileNotFoundError as error:
                self._require_bucket(error)
        return None

    def ranges(self, name: str, places: Sequence[tuple[int, int]]) -> list[bytes] | None:
        """Return pieces of a file."""
        import obstore

        begins, ends = [begin for begin, _ in places], [end for _, end in places]
        with self._asking():
            try:
                found = obstore.get_ranges(self._store, name, starts=begins, ends=ends, coalesce=GAP_BYTES)
                return [bytes(piece) for piece in found]
            except FileNotFoundError as error:
                self._require_bucket(error)
        return None

    def download(self, name: str, to: Path, on_bytes: OnBytes) -> bool:
        """Write a file to `to`."""
        import obstore

        with self._asking():
            try:
                pieces = iter(obstore.get(self._store, name).stream(PIECE_BYTES))
            except FileNotFoundError as error:
                self._require_bucket(error)
                return False
        with to.open("wb") as target:
            while True:
                with self._asking():
                    piece = next(pieces, None)
                if piece is None:
                    return True
                on_bytes(target.write(piece))

    def put(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one."""
        return self._put_new(name, content)

    def upload(self, name: str, path: Path, on_bytes: OnBytes) -> None:
        """Write the content of a local file; a large one in parts."""
        import obstore

        size_bytes = path.stat().st_size
        if 0 < size_bytes <= WHOLE_BYTES:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                self._put_new(name, mapped)
        else:
            with self._asking():
                obstore.put(self._store, name, path, chunk_size=PART_BYTES, max_concurrency=4)
        on_bytes(size_bytes)

    def _put_new(self, name: str, content: bytes | mmap.mmap) -> bool:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._asking():
            try:
                obstore.put(self._store, name, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def swap(self, name: str, content: bytes, tag: str | None) -> bool:
        """Write a file if it still has this ETag."""
        import obstore
        from obstore.exceptions import PreconditionError

        if tag is None:
            return self._put_new(name, content)
        with self._asking():
            try:
                obstore.put(self._store, name, content, mode={"e_tag": tag}, use_multipart=False)
            except (PreconditionError, FileNotFoundError):
                return False
        return True

    def delete(self, names: Sequence[str]) -> None:
        """Remove files, a thousand with one request where the server can."""
        import obstore

        if not names:
            return
        with self._asking():
            try:
                obstore.delete(self._store, list(names))
            except FileNotFoundError as error:  # only some servers say so of a file that is not there
                self._require_bucket(error)
                for name in names:
                    with contextlib.suppress(FileNotFoundError):
                        obstore.delete(self._store, name)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        _ASKED_IN.add(os.getpid())
        try:
            yield
        except RemintError:
            raise
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise Denied(
                f"the remote {self._name} does not let us",
                why=_words(error),
                next_step="check the credentials in the environment, this machine's clock, and what they may do in the bucket",
            ) from error
        except (BaseError, FileNotFoundError) as error:
            self._require_bucket(error)
            raise Unavailable(
                f"the remote {self._name} does not answer",
                why=_words(error),
                next_step="check the network and the url, then run the same command again: it goes on from where it was",
            ) from error

    def _require_bucket(self, error: Exception) -> None:
        if any(word in str(error) for word in _MISSING):
            raise NotFound(
                f"the remote {self._name} was not found",
                why=f"there is no bucket {self._bucket}",
                next_step=f"make it, or mend the url in [remotes.{self._name}]",
            ) from error


def _words(error: Exception) -> str:
    """Return what a server or a client said, in one line."""
    text = str(error)
    said = _SAID.search(text)
    return f"{said[1]}: {said[2]}" if said else text.partition("\n")[0][:300]
