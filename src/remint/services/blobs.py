"""Blobs: carrying the bytes of artifacts to and from whoever works elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from remint.core.artifact import Artifact, Kind, require_path
from remint.core.digest import Digest, from_raw
from remint.core.entry import Entry
from remint.core.frame import Frame
from remint.core.origin import PINNED
from remint.errors import Conflict, Corrupt, Invalid
from remint.ports.blobs import Blobs, Taking
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.uploads import Arrivals
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.blobs import Received
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.readings import Readings
from remint.services.recording import record
from remint.services.removals import require_kept, require_standing
from remint.services.sight import SightService, is_seen, sender_of

PIECE_BYTES = 1 << 20
READ = "artifact:read"
MOST_TOLD = 100


@dataclass(frozen=True)
class BlobService:
    """See ports.usecases.blobs.Blobs.

    Attributes:
        arrivals: which blobs came from whom.
        take: begins to take frames into the store.
    """

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    access: Access
    sight: SightService
    clock: Clock
    arrivals: Arrivals
    take: Callable[[], Taking]
    readings: Readings

    # ---- in

    def lacking(self, context: Context, digests: Sequence[Digest], artifacts: Sequence[Digest] = ()) -> Sequence[Digest]:
        """Return which of some blobs must be sent."""
        sent = self.arrivals.of(sender_of(context))
        lacking = {digest for digest in digests if digest.raw not in sent or not self.blobs.has(digest)}
        for artifact in self._readable(context, artifacts) if lacking else ():
            with suppress(Corrupt):  # a manifest that is gone vouches for no file
                lacking -= {digest for digest in self._held(artifact, lacking) if self.blobs.has(digest)}
        return [digest for digest in digests if digest in lacking]

    def _readable(self, context: Context, digests: Sequence[Digest]) -> Sequence[Artifact]:
        """Return those of some artifacts that the caller may read."""
        with self.catalog.read() as tx:
            caller, known = self.access.caller(tx, context), tx.artifacts.known(digests)
            return [
                tx.artifacts.get(digest)
                for digest in dict.fromkeys(digests)
                if digest in known
                and is_seen(tx, context, digest)
                and tx.erasures.of(digest) is None
                and self.access.decide(tx, caller, READ, f"artifact {digest}").allowed
            ]

    def receive(self, context: Context) -> "Arriving":
        """Begin to take blobs in."""
        return Arriving(self, context, self.take())

    def record(self, context: Context, artifacts: Sequence[Artifact], *, like: Sequence[Digest] = ()) -> Sequence[Artifact]:
        """Record artifacts whose bytes were sent, or are those of artifacts they are like."""
        with self.blobs.adding():
            for artifact in artifacts:
                self.require_sent(context, artifact, like=like)
            self.blobs.flush()
            at_us, resource = self.clock.now_us(), _resource(artifacts)
            with self.access.begin(context, "artifact:add", resource, workspace=context.workspace) as tx:
                for artifact in artifacts:
                    require_kept(tx, artifact.digest)
                told = [artifact.digest for artifact in artifacts]
                tx.entries.append(Entry("artifact:add", resource, context.principal, at_us, {"artifacts": told}))
                recorded = [record(tx.artifacts, self.blobs, artifact, at_us=at_us) for artifact in artifacts]
            self.arrivals.note(sender_of(context), [artifact.digest.raw for artifact in artifacts])
            return recorded

    def require_sent(self, context: Context, artifact: Artifact, *, like: Sequence[Digest] = ()) -> None:
        """Refuse an artifact whose bytes are not all here, or do not make its digest. Errors as `record`."""
        if PINNED in artifact.facts:
            raise Invalid(
                f"artifact {artifact.digest.short} was not recorded",
                why="that a source keeps it can be said only where the source is read",
                next_step="pin it where the project is; or add its rows",
            )
        known = (artifact.digest, *like)
        self._require_arrived(context, artifact, known, [part.blob for part in artifact.parts])
        for part in artifact.parts:
            require_path(part.path)
            if artifact.kind is not Kind.FILES:
                self._require_size(artifact, part.path, part.blob, part.size_bytes)
        self.artifacts.require_named(artifact)
        if artifact.kind is Kind.FILES:
            for rows in self.artifacts.rows(artifact):
                self._require_arrived(context, artifact, known, [from_raw(raw) for raw in rows.raws()])
                for path, blob, size_bytes in rows.each():
                    self._require_size(artifact, path, blob, size_bytes)

    def _require_size(self, artifact: Artifact, path: str, blob: Digest, size_bytes: int) -> None:
        size = self.blobs.size(blob)
        if size != size_bytes:
            raise Invalid(
                f"artifact {artifact.digest.short} was not recorded",
                why=f"{path[:80]!r} has {size} bytes, and {size_bytes} were said",
                next_step="say how many bytes each file has, and make the digest of that",
            )

    def _require_arrived(
        self, context: Context, artifact: Artifact, known: Sequence[Digest], digests: Sequence[Digest]
    ) -> None:
        lacking = self.lacking(context, digests, known)
        if lacking:
            raise Conflict(
                f"artifact {artifact.digest.short} was not recorded",
                why=f"{len(lacking)} of its blobs did not arrive, {lacking[0].short} first",
                next_step="send them, then record it again",
                rule="lacking",
                lacking=list(lacking[:MOST_TOLD]),
            )

    # ---- out

    def get(self, context: Context, artifact: Digest) -> Artifact:
        """Return the record of an artifact that is about to be read."""
        self.sight.require_artifact(context, artifact)
        self.access.check(context, READ, f"artifact {artifact}")
        with self.catalog.read() as tx:
            require_standing(tx, artifact)
        return self.artifacts.brought(artifact)

    def send(self, context: Context, artifacts: Sequence[Digest], digests: Sequence[Digest]) -> tuple[int, Iterator[bytes]]:
        """Return blobs of artifacts as frames."""
        wanted, found, read = set(digests), set[Digest](), list[Digest]()
        for digest in artifacts:
            held = self._held(self.get(context, digest), wanted - found)
            if held:
                read.append(digest)
            found |= held
        for digest in read:
            self.readings.tell(context, digest)
        frames = [Frame(digest, self.blobs.size(digest)) for digest in dict.fromkeys(digests) if digest in found]
        return sum(len(frame.header()) + frame.size_bytes for frame in frames), self._frames(frames)

    def _frames(self, frames: Sequence[Frame]) -> Iterator[bytes]:
        for frame in frames:
            yield frame.header()
            with self.blobs.open(frame.digest) as opened:
                while piece := opened.read(PIECE_BYTES):
                    yield piece

    def _held(self, artifact: Artifact, wanted: set[Digest]) -> set[Digest]:
        """Return which blobs are a part of an artifact."""
        held = wanted.intersection(part.blob for part in artifact.parts)
        if artifact.kind is Kind.FILES and len(held) < len(wanted):
            raws = {digest.raw for digest in wanted}
            for rows in self.artifacts.rows(artifact):
                held.update(from_raw(raw) for raw in raws.intersection(rows.raws()))
        return held


@dataclass
class Arriving:
    """See ports.usecases.blobs.Receiving."""

    service: BlobService
    context: Context
    taking: Taking

    def write(self, content: bytes) -> None:
        """Take the next bytes."""
        self.taking.write(content)

    def close(self) -> Received:
        """Make what was kept survive a loss of power."""
        taken = self.taking.close()
        self.service.blobs.flush()
        self.service.arrivals.note(sender_of(self.context), [frame.digest.raw for frame in taken])
        return Received(len(taken), sum(frame.size_bytes for frame in taken))


def _resource(artifacts: Sequence[Artifact]) -> str:
    return f"artifact {artifacts[0].digest}" if len(artifacts) == 1 else f"{len(artifacts)} artifacts"
