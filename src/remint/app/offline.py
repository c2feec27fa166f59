"""What is checked without a project: an exported audit log, and proofs from it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from remint.adapters.checkpoints.files import CheckpointFiles
from remint.adapters.signing.files import FileKeys
from remint.core.log import Checkpoint, Proof
from remint.ports.usecases.audit import Verified
from remint.services.logchecks import Kept, check_log, read_kept

_PAGE_BYTES = 1 << 20


def verify_export(export: Path, checkpoints: Sequence[Path], public_key: bytes) -> Verified:
    """Return what a check of an exported log finds.

    Args:
        export: entries as `remint audit export` writes them.
        checkpoints: files with checkpoints.
        public_key: of the platform that signed them.
    """
    return check_log(_pages(export), _kept(checkpoints, public_key))


def checkpoint_of(proof: Proof, checkpoints: Sequence[Path], public_key: bytes) -> Checkpoint | None:
    """Return a sound checkpoint whose root the proof leads to; None if there is none."""
    root = proof.root()
    for one in _kept(checkpoints, public_key).sound:
        if (one.size, one.root) == (proof.size, root):
            return one
    return None


def _kept(checkpoints: Sequence[Path], public_key: bytes) -> Kept:
    files = CheckpointFiles(Path(), [str(path) for path in checkpoints])
    named = [(place, files.lines(place)) for place in files.places()]
    return read_kept(named, public_key=public_key, is_signed=FileKeys(Path()).verify)


def _pages(export: Path) -> Iterator[Sequence[bytes]]:
    with export.open("rb") as file:
        while lines := file.readlines(_PAGE_BYTES):
            yield [line.rstrip(b"\n") for line in lines]
