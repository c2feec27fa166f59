"""Break-glass: two principals let changes of some refs be merged without what they lack, for a while, with a reason.

It stands in for approvals, freeze windows and gates about numbers. It never stands in for the exact digests, for refs that are
where the author saw them, for verified bytes, or for a lineage that is not known.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.ids import PrincipalId
from remint.core.ref import RefName
from remint.core.window import HOUR_US, MINUTE_US, in_words
from remint.errors import Denied, Invalid

GLASS = "glass"
"""The role of those who may break it, and of the merge step of a change that was merged by it."""

GATES_PASSED = frozenset({"better", "eval-passed", "not-worse", "reproduced"})
"""Gates that an emergency may leave unmet: those about metrics and about what was measured again."""

LONGEST_US = 24 * HOUR_US
_SPAN = re.compile(r"([1-9]\d{0,3})(m|h)")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """That a second principal confirmed an emergency."""

    by: PrincipalId
    at_us: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Glass:
    """An emergency.

    Attributes:
        refs: those whose changes it concerns.
        until_us: when it ends.
        signature: of the one who opened it, over all of the above.
        confirmed: by a second principal; None if not yet, and then it allows nothing.
    """

    number: int
    refs: tuple[RefName, ...]
    reason: str
    by: PrincipalId
    at_us: int
    until_us: int
    signature: bytes = b""
    confirmed: Confirmation | None = None

    def digest(self) -> Digest:
        """Return what both principals sign."""
        refs = [str(ref) for ref in self.refs]
        said = {"number": self.number, "refs": refs, "reason": self.reason, "until_us": self.until_us}
        return digest_record("glass v1", [canonical.dumps({**said, "by": self.by, "at_us": self.at_us})])


def parse_span(text: str) -> int:
    """Return how long an emergency lasts, in microseconds.

    Raises:
        Invalid: it is no span of minutes or hours, or longer than a day.

    Example:
        >>> parse_span("30m") == 30 * MINUTE_US
        True
    """
    found = _SPAN.fullmatch(text)
    span_us = int(found[1]) * (MINUTE_US if found[2] == "m" else HOUR_US) if found else 0
    if not 0 < span_us <= LONGEST_US:
        raise Invalid(
            f"{text[:40]!r} is not how long an emergency lasts",
            why="it is a number of minutes or hours, of a day at most",
            next_step="give for example 30m",
        )
    return span_us


def require_holds(glass: Glass, refs: Iterable[RefName], *, by: PrincipalId, at_us: int) -> None:
    """Refuse a merge that an emergency does not allow.

    Args:
        glass: the emergency.
        refs: what would be moved.
        by: who would merge.
        at_us: when.

    Raises:
        Denied: rule `glass`.
    """
    why = _refusal(glass, frozenset(refs), by, at_us)
    if why:
        raise Denied(
            f"emergency {glass.number} does not allow this merge",
            why=f"rule glass: {why}",
            next_step=f"see `remint glass show {glass.number}`; open another with `remint glass open`",
            rule="glass",
        )


def _refusal(glass: Glass, refs: frozenset[RefName], by: PrincipalId, at_us: int) -> str:
    if glass.confirmed is None or glass.confirmed.by == glass.by:
        return f"no second principal confirmed it; {glass.by} alone may only roll back"
    if by not in {glass.by, glass.confirmed.by}:
        return f"only {glass.by} and {glass.confirmed.by}, who opened and confirmed it, merge by it"
    if not glass.confirmed.at_us <= at_us < glass.until_us:
        return f"it ended at {in_words(glass.until_us)}, or is not confirmed yet"
    outside = sorted(str(ref) for ref in refs - frozenset(glass.refs))
    return f"it is not about {', '.join(outside)}" if outside else ""
