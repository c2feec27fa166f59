"""Uploads: bringing files in, and making artifacts of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ids import uuid7
from remint.core.upload import DAY_US, MOST_BYTES, MOST_OPEN, Upload
from remint.errors import Conflict, Invalid, LimitReached, NotFound
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.uploads import Appending, Arrivals, Uploads
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.uploads import Named
from remint.services.access import Access
from remint.services.recording import record
from remint.services.sight import sender_of


@dataclass(frozen=True)
class UploadService:
    """See ports.usecases.uploads.Uploading.

    Attributes:
        arrivals: what came from whom, so that a token bound to a sandbox sees what it recorded.
    """

    catalog: Catalog
    uploads: Uploads
    blobs: Blobs
    artifacts: Artifacts
    access: Access
    clock: Clock
    arrivals: Arrivals

    def begin(self, context: Context, *, digest: str, size_bytes: int) -> Upload:
        """Begin an upload of bytes with this digest."""
        if not 0 <= size_bytes <= MOST_BYTES:
            raise Invalid(
                "no upload was begun",
                why=f"{size_bytes} bytes are outside the limits",
                next_step=f"upload up to {MOST_BYTES} bytes",
            )
        now_us = self.clock.now_us()
        self.uploads.sweep(before_us=now_us - DAY_US)
        if len(self.uploads.of(context.principal)) >= MOST_OPEN:
            raise LimitReached(
                "no upload was begun",
                why=f"{context.principal} has {MOST_OPEN} uploads under way",
                next_step="add or remove them first; each is forgotten after a day",
            )
        upload = Upload(uuid7(now_us, self.clock.entropy(8)), context.principal, Digest.parse(digest), size_bytes, now_us)
        self.uploads.add(upload)
        return upload

    def get(self, context: Context, upload_id: str) -> Upload:
        """Return how far an upload is."""
        found = self.uploads.get(upload_id)
        if found is None or found.owner != context.principal:
            raise NotFound(
                f"upload {upload_id[:40]!r} was not found",
                why="you have none of that id, or it is older than a day",
                next_step="begin another one",
            )
        return found

    def append(self, context: Context, upload_id: str, *, offset: int) -> Appending:
        """Hold the end of an upload."""
        return self.uploads.append(self.get(context, upload_id), offset=offset)

    def complete(self, context: Context, upload_id: str) -> Upload:
        """Close an upload whose bytes are all here and are what the digest says."""
        return self.uploads.complete(self.get(context, upload_id))

    def remove(self, context: Context, upload_id: str) -> None:
        """Forget an upload."""
        self.uploads.remove(self.get(context, upload_id).id)

    def add(self, context: Context, files: Sequence[Named]) -> Artifact:
        """Make a set of files of complete uploads, and record it."""
        found = [(file.path, self.get(context, file.upload)) for file in files]
        for path, upload in found:
            if not upload.complete:
                raise Conflict(
                    f"{path[:200]!r} was not added",
                    why=f"upload {upload.id} is not complete",
                    next_step="complete it first",
                    offset=upload.offset,
                )
        with self.blobs.adding():
            made = self.artifacts.keep(Kind.FILES, [(path, self.uploads.path(upload)) for path, upload in found], {}).artifact
            self.blobs.flush()
            at_us, resource = self.clock.now_us(), f"artifact {made.digest}"
            with self.access.recording(context, "artifact:add", resource), self.catalog.begin() as tx:
                self.access.require(tx, context, "artifact:add", resource, workspace=context.workspace)
                tx.entries.append(Entry("artifact:add", resource, context.principal, at_us, {"files": len(found)}))
                kept = record(tx.artifacts, self.blobs, made, at_us=at_us)
        self.arrivals.note(sender_of(context), [made.digest.raw])
        return kept
