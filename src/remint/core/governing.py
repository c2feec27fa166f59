"""Settings as an artifact: what a project agreed on, and how what its settings say now departs from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remint.core.ref import PRODUCTION, RefName
from remint.core.review import Rules, parse_reviews

RECORDED = RefName(PRODUCTION, "policy", "settings")
"""The ref of the settings that are in force by agreement; only an approved change moves it."""

OF_A_PERSON = frozenset({"principal", "workspace", "jobs", "catalog"})
"""Settings that may differ from machine to machine."""


def shared(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a project shares and that are not as they are by default.

    Example:
        >>> shared(
        ...     {"principal": "ana", "budget": "", "protected": ["model/*"]}, {"principal": "", "budget": "", "protected": []}
        ... )
        {'protected': ['model/*']}
    """
    return {
        name: value for name, value in sorted(values.items()) if name not in OF_A_PERSON and value != defaults.get(name, value)
    }


def departures(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return, in words, how settings depart from those that were recorded; both as `shared` returns them.

    Example:
        >>> departures({"gates": {"model/*": {"better": {}}}}, {"gates": {"model/x": {}}, "budget": "team"})
        ('budget is set', 'gates: model/* is gone', 'gates: model/x is new')
    """
    found: list[str] = []
    for name in sorted(recorded.keys() | now.keys()):
        before, after = recorded.get(name), now.get(name)
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += [f"{name}: {words}" for words in _entries(before, after)]
        elif before is None or after is None:
            found.append(f"{name} is {'set' if before is None else 'as by default'}")
        else:
            found.append(f"{name} is another")
    return tuple(found)


def _entries(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    words = []
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            words.append(f"{key} is gone")
        elif key not in before:
            words.append(f"{key} is new")
        elif before[key] != after[key]:
            words.append(f"{key} is another")
    return words


@dataclass(frozen=True, slots=True)
class Judging:
    """What changes are judged by.

    Attributes:
        required: approvals by role, where no rule matches.
        gates: by pattern of ref.
        reviews: rules by pattern of ref.
    """

    required: Mapping[str, int]
    gates: Mapping[str, Mapping[str, Mapping[str, Any]]]
    reviews: Mapping[str, Rules]


def judging_of(settings: Mapping[str, Any]) -> Judging:
    """Return what whole settings say about changes.

    Raises:
        Invalid: a rule is not understood.
    """
    required = {str(role): int(count) for role, count in settings["approvals"].items()}
    return Judging(required, settings["gates"], parse_reviews(settings["reviews"], default=required))
