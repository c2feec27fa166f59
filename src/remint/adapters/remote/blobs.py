"""The bytes of artifacts, to and from a server."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Final, TypeVar

from remint.adapters.remote.connection import Connection
from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, from_raw
from remint.core.frame import MOST_BYTES, Frame
from remint.errors import BlobMissing, Conflict
from remint.ports.blobs import Blobs, Taking
from remint.ports.usecases.blobs import Received

AT_ONCE: Final = 5_000
"""So many blobs are asked about in one request."""

SENT_BYTES: Final = 64 << 20
"""About so many bytes are sent in one request; a larger blob goes alone."""

ARTIFACTS_AT_ONCE: Final = 100
WHOLE_FROM: Final = 1 << 20
PIECE_BYTES: Final = 1 << 20
TRIES: Final = 3

OnBytes = Callable[[int, int], None]
Told = TypeVar("Told")
RawsOf = Callable[[Artifact], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class _Lacking:
    digests: list[Digest]


@dataclass(frozen=True, slots=True)
class _Recorded:
    artifacts: list[Artifact]


class Needed:
    """Artifacts of which blobs may be asked for: those whose records were read."""

    def __init__(self) -> None:
        self._digests: dict[Digest, None] = {}

    def add(self, artifact: Digest) -> None:
        """Say that blobs of an artifact may be asked for."""
        self._digests.pop(artifact, None)
        self._digests[artifact] = None

    def newest_first(self) -> Sequence[Digest]:
        """Return them; what was read last is likely to be meant."""
        return list(reversed(self._digests))


class RemoteBlobs:
    """Carries blobs between a store here and a server.

    Args:
        connection: to the server.
        needed: what blobs are brought of.
        take: begins to take frames into a store.
        files: returns the raw digests of the files of a set, whose manifest is in the store.
    """

    def __init__(self, connection: Connection, needed: Needed, take: Callable[[Blobs], Taking], files: RawsOf) -> None:
        self._connection = connection
        self._needed = needed
        self._take = take
        self._files = files

    # ---- here

    def bring(self, store: Blobs, raws: set[bytes]) -> None:
        """Bring blobs into a store.

        Raises:
            BlobMissing: one is a part of no artifact that is needed.
        """
        wanted = {from_raw(raw) for raw in raws}
        newest = self._needed.newest_first()
        for start in range(0, len(newest), ARTIFACTS_AT_ONCE):
            self._bring(store, newest[start : start + ARTIFACTS_AT_ONCE], wanted)
            if not wanted:
                return
        if wanted:
            raise BlobMissing(
                f"blob {min(wanted).short} is not on the server",
                why="it is a part of no artifact that is read here",
                next_step="look at the artifact on the server: `remint show`",
                digest=min(wanted),
            )

    def _bring(self, store: Blobs, artifacts: Sequence[Digest], wanted: set[Digest]) -> None:
        """Bring those of some blobs that are parts of some artifacts, and take them out of what is wanted."""
        pending = iter(sorted(wanted))
        while window := list(islice(pending, AT_ONCE)):
            with store.adding():
                taking = self._take(store)
                try:
                    for piece in self._connection.fetch("/blobs/sending", body={"artifacts": artifacts, "digests": window}):
                        taking.write(piece)
                finally:
                    wanted.difference_update(frame.digest for frame in taking.close())
                store.flush()

    # ---- there

    def record(self, store: Blobs, artifact: Artifact, *, like: Digest | None = None, on_bytes: OnBytes | None = None) -> None:
        """Send the bytes of an artifact, as far as the server lacks them, and have it record it. Safe to call again.

        Args:
            store: where they are.
            artifact: of which the bytes are sent.
            like: an artifact on the server of whose bytes it may have many.
            on_bytes: told of how many were sent, of how many in all.

        Raises:
            RemintError: the server refused them.
        """
        others = [] if like is None else [like]
        body = {"artifacts": [artifact], "like": others}
        told = partial(self._connection.call, "POST", "/records", _Recorded, body=body)
        self._told(told, lambda: self._send(store, artifact, others, on_bytes))

    def told_of(self, store: Blobs, artifacts: Sequence[Artifact], tell: Callable[[], Told]) -> Told:
        """Send the bytes of artifacts, as far as the server lacks them, then tell it of them; return what it answers."""

        def send() -> None:
            for artifact in artifacts:
                self._send(store, artifact, (), None)

        return self._told(tell, send)

    def _told(self, tell: Callable[[], Told], send: Callable[[], None]) -> Told:
        attempt = 0
        while True:
            send()
            try:
                return tell()
            except Conflict as error:  # swept meanwhile, because nothing referred to them yet
                attempt += 1
                if error.facts.get("rule") != "lacking" or attempt == TRIES:
                    raise

    def _send(self, store: Blobs, artifact: Artifact, like: Sequence[Digest], on_bytes: OnBytes | None) -> None:
        whole_from = WHOLE_FROM if artifact.kind in {Kind.TABLE, Kind.MODEL} else MOST_BYTES
        files = map(from_raw, self._files(artifact)) if artifact.kind is Kind.FILES else ()
        pending = iter(dict.fromkeys(chain(files, (part.blob for part in artifact.parts))))
        while window := list(islice(pending, AT_ONCE)):
            body = {"digests": window, "artifacts": [artifact.digest, *like]}
            lacking = self._connection.call("POST", "/blobs/lacking", _Lacking, body=body).digests
            frames = [
                Frame(digest, size, size >= whole_from) for digest, size in zip(lacking, map(store.size, lacking), strict=True)
            ]
            total, done = sum(frame.size_bytes for frame in frames), 0
            for group in _groups(frames):
                size_bytes = sum(len(frame.header()) + frame.size_bytes for frame in group)
                self._connection.send("/blobs", _stream(store, group), size_bytes, Received)
                done += sum(frame.size_bytes for frame in group)
                if on_bytes is not None:
                    on_bytes(done, total)


def _groups(frames: Sequence[Frame]) -> Iterator[list[Frame]]:
    group: list[Frame] = []
    held = 0
    for frame in frames:
        if group and held + frame.size_bytes > SENT_BYTES:
            yield group
            group, held = [], 0
        group.append(frame)
        held += frame.size_bytes
    if group:
        yield group


def _stream(store: Blobs, frames: Sequence[Frame]) -> Iterator[bytes]:
    for frame in frames:
        yield frame.header()
        with store.open(frame.digest) as opened:
            while piece := opened.read(PIECE_BYTES):
                yield piece
