"""Checking a log of entries against its stored root and against checkpoints, wherever the entries come from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from remint.core.digest import Digest
from remint.core.entry import EMPTY_ROOT, Frontier
from remint.core.evidence import pre_authentication
from remint.core.log import Check, Checkpoint, read_checkpoint
from remint.ports.usecases.audit import Verified

CHECKPOINT_TYPE = "application/vnd.remint.checkpoint+json"

IsSigned = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature is right: public key, message, signature."""


@dataclass(frozen=True)
class Kept:
    """Checkpoints as they were found.

    Attributes:
        sound: those that are signed by the expected key, the shortest log first.
        problems: what is wrong with the others, in words.
    """

    sound: tuple[Checkpoint, ...] = ()
    problems: tuple[str, ...] = ()


def read_kept(named: Iterable[tuple[str, Sequence[bytes]]], *, public_key: bytes, is_signed: IsSigned) -> Kept:
    """Return the checkpoints in the lines of places.

    Args:
        named: name and lines of each place.
        public_key: who must have signed them.
        is_signed: checks a signature.
    """
    sound: list[Checkpoint] = []
    problems = []
    for name, lines in named:
        for number, line in enumerate(lines, 1):
            try:
                found = read_checkpoint(line)
            except (KeyError, TypeError, ValueError):  # cut off by a crash; whoever could spoil a line could take it away, too
                continue
            message = pre_authentication(found.payload, payload_type=CHECKPOINT_TYPE)
            if found.public_key == public_key and is_signed(public_key, message, found.signature):
                sound.append(found)
            else:
                problems.append(f"the checkpoint in line {number} of {name} is not signed by the key of this project")
    return Kept(tuple(sorted(sound, key=lambda one: (one.size, one.at_us))), tuple(problems))


def check_log(pages: Iterable[Sequence[bytes]], kept: Kept, *, stored: Frontier | None = None) -> Verified:
    """Return what a check of a log finds.

    Args:
        pages: the leaves, in order, in pieces.
        kept: checkpoints from elsewhere.
        stored: the frontier kept beside the log; None if there is none to compare with.
    """
    check = Check(one.size for one in kept.sound)
    for page in pages:
        if not check.take(page):
            break
    check.end()
    size, root = check.tree.size, check.tree.root()
    problems = list(kept.problems)
    bad: set[int] = set()
    if check.first_bad is not None:
        bad.add(check.first_bad)
        problems.append(f"entry {check.first_bad} is not the one that was written")
    elif stored is not None and stored != check.tree.frontier():
        first = size if stored.size == size else min(size, stored.size) + 1
        bad.add(first)
        problems.append(f"entry {first} does not lead to the root that is stored beside the log")
    if check.first_bad is None:
        _compare(kept.sound, check.roots | {0: EMPTY_ROOT, size: root}, size, problems, bad)
    return Verified(size, root, min(bad) if bad else None, tuple(problems), len(kept.sound))


def _compare(sound: Sequence[Checkpoint], roots: dict[int, Digest], size: int, problems: list[str], bad: set[int]) -> None:
    fitting = 0
    for one in sound:
        if one.size > size:
            bad.add(size + 1)
            problems.append(
                f"a checkpoint says that there were {one.size} entries, and there are {size}: "
                "entries were cut off, or an older catalog was put in its place"
            )
            return
        if roots[one.size] != one.root:
            bad.add(fitting + 1)
            problems.append(f"an entry from {fitting + 1} to {one.size} was altered, and the log made to fit again")
            return
        fitting = one.size
