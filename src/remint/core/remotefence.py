"""What keeps pushing to a remote and collecting in it apart: the records of both (docs/format/remote.md, section 5)."""

import re
from dataclasses import dataclass
from typing import Any

from remint.core import canonical
from remint.core.ids import PrincipalId
from remint.errors import Corrupt, RemintError

FENCE, PUSHING = "fence.json", "pushing/"
LEASE_US = 3_600_000_000
"""A collection has the remote for so long, and longer if it says so in time."""

LEFT_US = LEASE_US // 2
"""With less than this left nothing is removed."""

SKEW_US = 600_000_000
"""So far clocks of machines may differ."""

DEAD_US = 24 * LEASE_US
"""A push that began so long ago was killed."""

_DIGITS = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Who collects, and until when nobody pushes for it, UTC microseconds."""

    by: PrincipalId
    until_us: int


@dataclass(frozen=True, slots=True)
class FenceState:
    """What the fence of a remote says.

    Attributes:
        epoch: how many collections there were.
        sweeper: who has the remote for itself; None if nobody has.
    """

    epoch: int = 0
    sweeper: Sweeper | None = None

    def is_held(self, *, now_us: int) -> bool:
        """Return whether a collection has the remote for itself.

        Example:
            >>> held = FenceState(3, Sweeper(PrincipalId("ana"), until_us=50))
            >>> held.is_held(now_us=49), held.is_held(now_us=50), FenceState(3).is_held(now_us=49)
            (True, False, False)
        """
        return self.sweeper is not None and now_us < self.sweeper.until_us


@dataclass(frozen=True, slots=True)
class Pushing:
    """Who pushes, and since when, UTC microseconds."""

    by: PrincipalId
    at_us: int

    def is_dead(self, *, now_us: int) -> bool:
        """Return whether it began so long ago that it was killed."""
        return now_us - self.at_us >= DEAD_US


def pushing_name(digits: str) -> str:
    """Return where a push says that it goes on.

    Args:
        digits: 32 hex digits, drawn for this push.
    """
    return f"{PUSHING}{digits}.json"


def is_pushing(name: str) -> bool:
    """Return whether a name is that of a push.

    Example:
        >>> is_pushing(pushing_name("0" * 32)), is_pushing("pushing/notes.txt")
        (True, False)
    """
    digits = name.removeprefix(PUSHING).removesuffix(".json")
    return _DIGITS.fullmatch(digits) is not None and pushing_name(digits) == name


def encode_fence(state: FenceState) -> bytes:
    """Return the record of a fence."""
    sweeper = None if state.sweeper is None else {"by": state.sweeper.by, "until_us": state.sweeper.until_us}
    record: dict[str, object] = {"v": 1, "epoch": state.epoch, "sweeper": sweeper}
    return canonical.dumps(record)


def decode_fence(content: bytes) -> FenceState:
    """Return what a fence says.

    Raises:
        Corrupt: the bytes are no such record.
    """
    try:
        held = _fields(content, {"v", "epoch", "sweeper"})
        said = held["sweeper"]
        sweeper = None if said is None else Sweeper(PrincipalId(_text(said["by"])), _count(said["until_us"]))
        state = FenceState(_count(held["epoch"]), sweeper)
        if encode_fence(state) != content:
            raise ValueError("it is not in canonical form")
    except (KeyError, TypeError, ValueError, RecursionError, RemintError) as error:
        raise _damaged(FENCE, error) from error
    return state


def encode_pushing(push: Pushing) -> bytes:
    """Return the record of a push that goes on."""
    record: dict[str, object] = {"v": 1, "by": push.by, "at_us": push.at_us}
    return canonical.dumps(record)


def decode_pushing(name: str, content: bytes) -> Pushing:
    """Return what a push that goes on says.

    Raises:
        Corrupt: the bytes are no such record.
    """
    try:
        held = _fields(content, {"v", "by", "at_us"})
        push = Pushing(PrincipalId(_text(held["by"])), _count(held["at_us"]))
        if encode_pushing(push) != content:
            raise ValueError("it is not in canonical form")
    except (KeyError, TypeError, ValueError, RecursionError, RemintError) as error:
        raise _damaged(name, error) from error
    return push


def _fields(content: bytes, names: set[str]) -> dict[str, Any]:
    held = canonical.loads(content)
    if type(held) is not dict or held.get("v") != 1 or set(held) != names:
        raise ValueError("it is not of format 1")
    return held


def _text(value: object) -> str:
    if type(value) is not str:
        raise ValueError(f"{str(value)[:40]!r} is no text")
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{str(value)[:40]!r} is no count")
    return value


def _damaged(name: str, error: Exception) -> Corrupt:
    why = error.why if isinstance(error, RemintError) else str(error)
    return Corrupt(
        f"{name} of the remote cannot be read",
        why=f"it is not the record it should be: {why[:200]}",
        next_step="make sure that nobody pushes or collects there, then remove it from the remote",
    )
