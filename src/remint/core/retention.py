"""Retention: which earlier versions of refs are kept, and which may go.

A version that may go is still in the log of its ref; only its bytes are given up, and only if nothing else needs them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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


def parse_rules(table: Mapping[str, Any], classes: Mapping[str, Any] | None = None) -> tuple[Rule, ...]:
    """Return the rules of the setting `retention`, in its order.

    Args:
        table: by pattern of ref, `versions`, `days` or both; or `class` alone.
        classes: the setting `retention_classes`: by name, `versions`, `days` or both.

    Raises:
        Invalid: a rule or a class says nothing, says something else, or keeps fewer than one version; no class has that name.

    Example:
        >>> parse_rules({"data/landing/*": {"versions": 3}})
        (Rule(pattern='data/landing/*', versions=3, days=None),)
        >>> parse_rules({"model/*": {"class": "ten-years"}}, {"ten-years": {"days": 3650}})
        (Rule(pattern='model/*', versions=None, days=3650),)
    """
    named = {name: _rule("", said, f"retention_classes.{name}") for name, said in (classes or {}).items()}
    rules = []
    for pattern, said in table.items():
        if not isinstance(said, Mapping) or "class" not in said:
            rules.append(_rule(pattern, said, f'retention."{pattern}"'))
        elif len(said) == 1 and str(said["class"]) in named:
            rules.append(replace(named[str(said["class"])], pattern=pattern))
        else:
            raise Invalid(
                f"the retention of {pattern!r} is not understood",
                why=f"`class` stands alone, and is one of: {', '.join(named) or 'none, for there are no retention_classes'}",
                next_step=f"name one of them, or write [retention_classes.{said['class']}] with days = 3650",
            )
    return tuple(rules)


def _rule(pattern: str, said: Any, place: str) -> Rule:  # noqa: ANN401 - a setting, of any type
    known = isinstance(said, Mapping) and said and set(said) <= {"versions", "days"}
    numbers = list(said.values()) if known else []
    if not known or any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in numbers):
        raise Invalid(
            f"the setting {place} is not understood",
            why="a rule has `versions`, `days` or both, each a whole number from 1 on",
            next_step=f"write for example [{place}] with versions = 10",
        )
    return Rule(pattern, said.get("versions"), said.get("days"))


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
