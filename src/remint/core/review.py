"""Review: the rules that changes of a ref are judged by, as the settings say them and as a change keeps them.

Every pattern that matches a ref of a change counts, and the strictest wins. What a change is judged by is fixed when it is
opened and is part of what an approval signs.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from remint.core.ids import PrincipalId
from remint.core.recipe import Recipe, difference
from remint.core.ref import require_name
from remint.core.window import parse_window
from remint.errors import Invalid

CODE, ENVIRONMENT, PARAMS, CONDITIONS, DATA, CHANCE = "code", "environment", "params", "conditions", "data", "chance"
KINDS = (CODE, ENVIRONMENT, PARAMS, CONDITIONS, DATA, CHANCE)
"""Kinds of difference between two artifacts. Chance: the same recipe of the same inputs came out otherwise."""

AUTO = "auto"
"""The role of an approval that a service gives because the conditions of a rule hold."""

AUTO_TIER = 3
"""The lowest tier, as a number the first, in which such an approval counts."""

TEAM = "team:"
"""What stands before the name of a team in a list of reviewers; no principal has such a name."""

LOWEST_TIER, HIGHEST_TIER = 1, 4
DEFAULT_TIER = 2
REVIEW_HOURS = 72


@dataclass(frozen=True, slots=True)
class Auto:
    """When a service may approve.

    Attributes:
        by: the service.
        kinds: the only kinds of difference there may be.
        gates: what the change must have and pass.
    """

    by: PrincipalId
    kinds: frozenset[str]
    gates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a change is judged by, beside its gates.

    Attributes:
        approvals: how many are needed, by role.
        reviewers: lists of principals and, as `team:NAME`, of teams; one of each list must have approved.
        tier: 1 for what matters most.
        expires_days: after the opening or the last approval; None for never.
        freeze: windows in which nothing is merged.
        watch_hours: after a merge, until it counts as settled; 0 if it is not watched.
        review_hours: within which a merge in an emergency must be reviewed.
        auto: when a service may approve; None if never.
    """

    approvals: Mapping[str, int]
    reviewers: tuple[tuple[PrincipalId, ...], ...] = ()
    tier: int = DEFAULT_TIER
    expires_days: int | None = None
    freeze: tuple[str, ...] = ()
    watch_hours: int = 0
    review_hours: int = REVIEW_HOURS
    auto: Auto | None = None

    def record(self) -> dict[str, Any]:
        """Return the canonical form."""
        auto = self.auto and {"by": self.auto.by, "kinds": sorted(self.auto.kinds), "gates": sorted(self.auto.gates)}
        return {
            "approvals": dict(self.approvals),
            "reviewers": [list(names) for names in self.reviewers],
            "tier": self.tier,
            "expires_days": self.expires_days,
            "freeze": list(self.freeze),
            "watch_hours": self.watch_hours,
            "review_hours": self.review_hours,
            "auto": auto,
        }


def rules_from(record: Mapping[str, Any]) -> Rules:
    """Return the rules of a record that `Rules.record` made."""
    auto = record["auto"]
    return Rules(
        approvals=dict(record["approvals"]),
        reviewers=tuple(tuple(PrincipalId(name) for name in names) for names in record["reviewers"]),
        tier=record["tier"],
        expires_days=record["expires_days"],
        freeze=tuple(record["freeze"]),
        watch_hours=record["watch_hours"],
        review_hours=record["review_hours"],
        auto=auto and Auto(PrincipalId(auto["by"]), frozenset(auto["kinds"]), frozenset(auto["gates"])),
    )


def parse_reviews(table: Mapping[str, Any], *, default: Mapping[str, int]) -> dict[str, Rules]:
    """Return the rules of the setting `reviews`, by pattern of ref.

    Args:
        table: the setting.
        default: approvals where a pattern says none: the setting `approvals`.

    Raises:
        Invalid: a rule is not known, or has a value it cannot have.

    Example:
        >>> parse_reviews({"model/*": {"tier": 1}}, default={"approver": 1})["model/*"].tier
        1
    """
    return {pattern: _parsed(pattern, said, default) for pattern, said in table.items()}


def rules_for(
    paths: Iterable[str],
    reviews: Mapping[str, Rules],
    *,
    default: Mapping[str, int],
    besides: Mapping[str, Rules] | None = None,
) -> Rules | None:
    """Return the strictest of all rules that match; None if no pattern matches any of the refs.

    Args:
        paths: of the refs of a change.
        reviews: rules by pattern.
        default: approvals for a ref that no pattern matches.
        besides: further rules of single refs, by path: those of their materiality.

    Example:
        >>> two = {"model/*": Rules({"approver": 1}), "model/risky": Rules({"risk": 1}, tier=1)}
        >>> found = rules_for(["model/risky"], two, default={"approver": 1})
        >>> found.tier, dict(found.approvals)
        (1, {'approver': 1, 'risk': 1})
    """
    own = besides or {}
    each = [
        [*(rules for pattern, rules in reviews.items() if fnmatchcase(path, pattern)), *([own[path]] if path in own else [])]
        for path in paths
    ]
    if not any(each):
        return None
    return strictest([rules for found in each for rules in (found or [Rules(default, tier=HIGHEST_TIER)])])


def strictest(every: Sequence[Rules]) -> Rules:
    """Return rules that hold a change to all of the given ones."""
    roles = sorted({role for rules in every for role in rules.approvals})
    tier = min(rules.tier for rules in every)
    return Rules(
        approvals={role: max(rules.approvals.get(role, 0) for rules in every) for role in roles},
        reviewers=tuple(sorted({names for rules in every for names in rules.reviewers})),
        tier=tier,
        expires_days=min((rules.expires_days for rules in every if rules.expires_days is not None), default=None),
        freeze=tuple(sorted({window for rules in every for window in rules.freeze})),
        watch_hours=max(rules.watch_hours for rules in every),
        review_hours=min(rules.review_hours for rules in every),
        auto=_auto_of_all([rules.auto for rules in every]) if tier >= AUTO_TIER else None,
    )


def _auto_of_all(autos: Sequence[Auto | None]) -> Auto | None:
    named = [auto for auto in autos if auto is not None]
    if len(named) < len(autos) or len({auto.by for auto in named}) != 1:
        return None
    kinds, gates = [auto.kinds for auto in named], [auto.gates for auto in named]
    return Auto(named[0].by, frozenset.intersection(*kinds), frozenset.union(*gates))


def is_among(names: Collection[str], principal: PrincipalId, teams: Iterable[str]) -> bool:
    """Return whether a principal, or one of its teams, is in a list of reviewers.

    Example:
        >>> is_among(("cleo", "team:risk"), PrincipalId("ana"), ["risk"])
        True
    """
    return principal in names or any(f"{TEAM}{team}" in names for team in teams)


def kinds_between(old: Recipe, new: Recipe) -> set[str]:
    """Return in what kinds two recipes differ; inputs that differ count as data."""
    prefixes = {"argument ": PARAMS, "input ": DATA, "condition ": CONDITIONS, "the environment ": ENVIRONMENT}
    return {
        next((kind for prefix, kind in prefixes.items() if reason.startswith(prefix)), CODE) for reason in difference(old, new)
    }


# ---- the setting


def _parsed(pattern: str, said: object, default: Mapping[str, int]) -> Rules:
    if not isinstance(said, Mapping):
        raise _invalid(pattern, "it is a table")
    unknown = sorted(set(said) - set(_READERS))
    if unknown:
        raise _invalid(pattern, f"there is no rule {unknown[0]}; rules are {', '.join(sorted(_READERS))}")
    found: dict[str, Any] = {"approvals": default}
    for name, value in said.items():
        found[name] = _READERS[name](pattern, name, value)
    rules = Rules(**found)
    if rules.auto is not None and rules.tier < AUTO_TIER:
        raise _invalid(pattern, f"`auto` needs a tier of {AUTO_TIER} or more")
    return rules


def _whole(lowest: int, highest: int) -> Callable[[str, str, object], int]:
    def read(pattern: str, name: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise _invalid(pattern, f"`{name}` is a whole number from {lowest} to {highest}")
        return value

    return read


def _approvals(pattern: str, name: str, value: object) -> dict[str, int]:
    numbers = list(value.values()) if isinstance(value, Mapping) else []
    if not numbers or any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in numbers):
        raise _invalid(pattern, f"`{name}` gives roles a whole number from 1 on, as in {{approver = 1, risk = 1}}")
    if isinstance(value, Mapping) and AUTO in value:
        raise _invalid(pattern, f"the role {AUTO} is that of a service; see the rule `auto`")
    return dict(value) if isinstance(value, Mapping) else {}


def _names(pattern: str, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise _invalid(pattern, f"`{name}` is a list of names")
    return tuple(sorted(set(value)))


def _reviewers(pattern: str, name: str, value: object) -> tuple[tuple[str, ...], ...]:
    names = _names(pattern, name, value)
    for one in names:
        if one.startswith(TEAM):
            require_name(one.removeprefix(TEAM), what="team")
    return (names,)


def _freeze(pattern: str, name: str, value: object) -> tuple[str, ...]:
    windows = _names(pattern, name, value)
    for window in windows:
        parse_window(window)
    return windows


def _auto(pattern: str, name: str, value: object) -> Auto:
    if not isinstance(value, Mapping) or set(value) != {"by", "kinds", "gates"} or not isinstance(value["by"], str):
        raise _invalid(pattern, f"`{name}` has `by`, the name of a service, `kinds` and `gates`")
    kinds = frozenset(_names(pattern, f"{name}.kinds", value["kinds"]))
    if not kinds <= set(KINDS):
        raise _invalid(pattern, f"`{name}.kinds` are of {', '.join(KINDS)}")
    return Auto(PrincipalId(value["by"]), kinds, frozenset(_names(pattern, f"{name}.gates", value["gates"])))


_READERS: dict[str, Callable[[str, str, object], object]] = {
    "approvals": _approvals,
    "auto": _auto,
    "expires_days": _whole(1, 3650),
    "freeze": _freeze,
    "review_hours": _whole(1, 8760),
    "reviewers": _reviewers,
    "tier": _whole(LOWEST_TIER, HIGHEST_TIER),
    "watch_hours": _whole(0, 8760),
}


def _invalid(pattern: str, why: str) -> Invalid:
    return Invalid(f"the rules of reviews.{pattern!r} are not understood", why=why, next_step="mend [reviews] in remint.toml")
