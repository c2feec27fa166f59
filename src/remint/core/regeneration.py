"""Regeneration: made again under the same conditions, at which level does it come out the same?"""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.gate import LEVELS
from remint.core.ids import RunId

NOT_REPRODUCED = "none"


@dataclass(frozen=True, slots=True)
class Compared:
    """One output, made again.

    Attributes:
        level: the best level at which it equals the recorded one: bytes, content, predictions, metrics, or none.
        first_difference: in words, at the first level that failed; empty if the bytes are equal.
    """

    name: str
    kind: Kind
    recorded: Digest
    regenerated: Digest
    level: str
    first_difference: str = ""


@dataclass(frozen=True, slots=True)
class Regeneration:
    """What came of making an artifact again.

    Attributes:
        run: the run that made it again.
        original: the run whose record was followed.
        level: the lowest level among the outputs.
        required: the level asked for.
        causes: likely causes of what differs, most likely first; empty at the top level.
        notes: conditions that were not the same this time, in words.
        guarded: whether the kernel kept the second run to what is declared; without that it does not count.
    """

    subject: Digest
    run: RunId
    original: RunId
    level: str
    required: str
    outputs: tuple[Compared, ...]
    causes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    guarded: bool = True

    @property
    def passed(self) -> bool:
        """Whether the level asked for was reached, by a run that counts."""
        return self.guarded and reaches(self.level, self.required)


def reaches(level: str, required: str) -> bool:
    """Return whether a level is at or above another.

    Example:
        >>> reaches("content", "predictions"), reaches("none", "metrics")
        (True, False)
    """
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(required)


def lowest(levels: Sequence[str]) -> str:
    """Return the lowest of some levels; `none` is below all.

    Example:
        >>> lowest(["bytes", "content"]), lowest(["bytes", "none"])
        ('content', 'none')
    """
    if any(level not in LEVELS for level in levels):
        return NOT_REPRODUCED
    return min(levels, key=LEVELS.index)


def level_of(*, same_bytes: bool, same_content: bool, same_predictions: bool, same_metrics: bool) -> str:
    """Return the best level that holds."""
    held = {"bytes": same_bytes, "content": same_content, "predictions": same_predictions, "metrics": same_metrics}
    return next((level for level in reversed(LEVELS) if held[level]), NOT_REPRODUCED)
