"""The errors of a store on disk."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from remint.core.digest import Digest
from remint.errors import BlobAltered, BlobMissing, Conflict, Invalid, Unavailable

REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file there may not grow so large",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "the folder may not be changed",
    errno.EIO: "the disk failed",
}
"""Why a disk does not take what is written, by error number."""


@contextlib.contextmanager
def writing(root: Path) -> Iterator[None]:
    """Turn what a disk refuses into Unavailable."""
    try:
        yield
    except OSError as error:
        if error.errno not in REASONS:
            raise
        raise Unavailable(
            f"nothing was written to the store in {root.name}/",
            why=REASONS[error.errno],
            next_step="make room or mend the permissions, then run the same command again",
        ) from error


def unkept(root: Path) -> Unavailable:
    """Return the error for files whose writing failed when nobody listened any more."""
    return Unavailable(
        f"some files were not written to the store in {root.name}/",
        why="the disk did not take the last of them",
        next_step="make room, then run the same command again",
    )


def changed(path: str) -> Conflict:
    """Return the error for a file that changed while it was read."""
    return Conflict(
        f"{path!a} was not added",
        why="it changed while it was being added",
        next_step="run the command again when nothing writes to it",
    )


def unreadable(path: str, why: str) -> Invalid:
    """Return the error for a file that cannot be read."""
    return Invalid(f"{path!a} was not added", why=why, next_step="mend it or leave it out")


def taken(path: str) -> Conflict:
    """Return the error for a path where something is already."""
    return Conflict(f"{path!a} was not written", why="something is there already", next_step="choose another folder")


def unwritable(path: str, error: OSError) -> Unavailable:
    """Return the error for a file that cannot be made."""
    return Unavailable(
        f"{path!a} was not written",
        why=REASONS.get(error.errno or 0, str(error.strerror)),
        next_step="make room or mend the permissions, then run the same command again",
    )


def missing(digest: Digest) -> BlobMissing:
    """Return the error for bytes that are not here."""
    return BlobMissing(
        f"the bytes of {digest.short} are gone",
        why="the catalog refers to them, but the store does not hold them",
        next_step="restore them from a backup of .remint/store, or make the artifact again with `remint run`",
        digest=digest,
    )


def altered(digest: Digest) -> BlobAltered:
    """Return the error for bytes that do not hash to their name."""
    return BlobAltered(
        f"the bytes of {digest.short} were altered",
        why="what is stored under that digest does not hash to it",
        next_step="restore the file from a backup of .remint/store, or delete it and make the artifact again with `remint run`",
        digest=digest,
    )


def coded(digest: Digest, codec: int) -> Invalid:
    """Return the error for a record of a codec that this version does not know."""
    return Invalid(
        f"the bytes of {digest.short} were not read",
        why=f"they are stored with codec {codec}, which this version of Remint does not know",
        next_step="use the version of Remint that wrote them, or a later one",
    )
