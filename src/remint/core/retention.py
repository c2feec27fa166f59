"""Retention: which earlier versions of refs are kept, and which may go.

A version that may go is still in the log of its ref; only its bytes are given up, and only if nothing else needs them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from remint.core.digest import Digest
from remint.core.ref import Move, RefName
from remint.errors import Invalid

DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How long versions of matching refs are kept.

    Attributes:
        pattern: of the path of a ref, as in `data/landing/*`; in every workspace.
        versions: so many of the newest are kept; None if their number does not matter.
        days: those younger are kept; None if age does not matter.
    """

    pattern: str
    versions: int | None = None
    days: int | None = None


def parse_rules(table: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules of the setting `retention`, in its order.

    Raises:
        Invalid: a rule says nothing, says something else, or keeps fewer than one version.

    Example:
        >>> parse_rules({"data/landing/*": {"versions": 3}})
        (Rule(pattern='data/landing/*', versions=3, days=None),)
    """
    rules = []
    for pattern, said in table.items():
        known = isinstance(said, Mapping) and said and set(said) <= {"versions", "days"}
        numbers = list(said.values()) if known else []
        if not known or any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in numbers):
            raise Invalid(
                f"the retention of {pattern!r} is not understood",
                why="a rule has `versions`, `days` or both, each a whole number from 1 on",
                next_step=f'write for example [retention."{pattern}"] with versions = 10',
            )
        rules.append(Rule(pattern, said.get("versions"), said.get("days")))
    return tuple(rules)


def kept_versions(moves: Iterable[Move], rules: Sequence[Rule], *, now_us: int) -> set[Digest]:
    """Return the artifacts that refs keep.

    Kept are: where each ref points now; what an approved change put there; every version of a ref that no rule matches; and
    under the first rule that matches, versions that are among the newest or young enough.

    Args:
        moves: of all refs, those of one ref oldest first.
        rules: the first that matches a ref holds for it.
        now_us: the time, in microseconds.
    """
    by_ref: dict[RefName, list[Move]] = {}
    for move in moves:
        by_ref.setdefault(move.name, []).append(move)
    kept: set[Digest] = set()
    for name, history in by_ref.items():
        rule = next((one for one in rules if fnmatchcase(name.path, one.pattern)), None)
        for place, move in enumerate(reversed(history)):
            if place == 0 or rule is None or move.change is not None or _keeps(rule, place, now_us - move.at_us):
                kept.add(move.new)
    return kept


def _keeps(rule: Rule, place: int, age_us: int) -> bool:
    is_new = rule.versions is not None and place < rule.versions
    is_young = rule.days is not None and age_us < rule.days * DAY_US
    return is_new or is_young
