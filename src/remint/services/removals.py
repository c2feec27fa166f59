"""What does not stand any more: refusing to read it, and taking its bytes off the disk."""

from collections.abc import Iterable, Sequence

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, from_raw
from remint.core.entry import Entry
from remint.core.erasure import Erased
from remint.errors import ArtifactErased, Corrupt
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.manifests import Manifests


def require_standing(tx: Transaction, digest: Digest) -> None:
    """Refuse an artifact that an erasure took.

    Raises:
        ArtifactErased: one did; the message names what stands for it.
    """
    found = tx.erasures.of(digest)
    if found is not None:
        raise refusal(found)


def require_kept(tx: Transaction, digest: Digest) -> None:
    """Refuse to take in again an artifact that a successor stands for.

    Raises:
        ArtifactErased: one does.
    """
    found = tx.erasures.of(digest)
    if found is not None and found.successor is not None:
        raise ArtifactErased(
            f"{digest.short} was not taken in again",
            why=f"{found.words}, and it holds them",
            next_step=f"remove the person from what it is made of; {found.successor.short} is the same without the rows",
            erasure=found.number,
            artifact=digest,
            successor=found.successor,
        )


def refusal(found: Erased) -> ArtifactErased:
    """Return the error for an artifact that an erasure took."""
    again = "make it again: run the step that made it"
    stands = f"read {found.successor}, which is the same without them" if found.successor is not None else again
    return ArtifactErased(
        f"{found.artifact.short} cannot be read",
        why=found.words,
        next_step=f"{stands}; see `remint erasures show {found.number}`",
        erasure=found.number,
        artifact=found.artifact,
        successor=found.successor,
    )


def raws_of(blobs: Blobs, artifacts: Iterable[Artifact], given_up: set[Digest]) -> set[bytes]:
    """Return the raw digests of every blob of some artifacts.

    Args:
        blobs: where manifests are read.
        artifacts: that are kept.
        given_up: those of them whose bytes may be gone.

    Raises:
        Corrupt: the list of files of one cannot be read.
    """
    manifests = Manifests(blobs)
    live: set[bytes] = set()
    for artifact in artifacts:
        live.update(part.blob.raw for part in artifact.parts)
        if artifact.kind is Kind.FILES:
            if artifact.digest in given_up and not all(blobs.has(part.blob) for part in artifact.parts):
                continue
            try:
                for rows in manifests.rows(artifact.parts):
                    live.update(rows.raws())
            except Corrupt as error:
                raise _unreadable(artifact, error) from error
    return live


def _unreadable(artifact: Artifact, error: Corrupt) -> Corrupt:
    return Corrupt(
        "nothing was given up",
        why=f"the list of files of {artifact.digest.short} is needed and cannot be read: {error.why}",
        next_step="restore it from a backup of .remint/store; what it lists cannot be told from what nothing needs",
    )


def standing_raws(catalog: Catalog, blobs: Blobs) -> set[bytes]:
    """Return the raw digests of every blob of an artifact that no erasure took, needed or not."""
    with catalog.read() as tx:
        gone = tx.erasures.in_force()
        artifacts = [artifact for artifact, _ in tx.reach.artifacts() if artifact.digest not in gone]
        given_up = tx.holds.given_up()
    return raws_of(blobs, artifacts, given_up)


def record_removal(access: Access, blobs: Blobs, clock: Clock, context: Context, numbers: Sequence[int]) -> None:
    """Record, after a thorough sweep, that what went with some erasures is off the disk.

    Raises:
        Corrupt: bytes of it are still there; nothing was recorded.
    """
    if not numbers:
        return
    live = standing_raws(access.catalog, blobs)
    with access.catalog.read() as tx:
        gone = [tx.artifacts.get(digest) for digest, one in tx.erasures.in_force().items() if one.number in set(numbers)]
    left = sorted({part.blob.raw for artifact in gone for part in artifact.parts if blobs.has(part.blob)} - live)
    if left:
        raise Corrupt(
            f"the bytes of erasure {numbers[0]} are not all gone",
            why=f"{from_raw(left[0]).short} lies in a pack that cannot be written anew: another record in it is damaged",
            next_step="see `remint doctor`, restore what is damaged from a backup, then run `remint gc`",
        )
    at_us = clock.now_us()
    with access.begin(context, "subject:remove", ", ".join(map(str, numbers))) as tx:
        tx.erasures.removed(numbers, at_us=at_us)
        for number in numbers:
            tx.entries.append(Entry("subject:remove", str(number), context.principal, at_us, {}))
