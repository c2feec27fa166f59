"""Quorum: whether there are persons enough for what changes of a project may ask for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from remint.core.principal import Principal
from remint.core.review import Rules, is_among


@dataclass(frozen=True, slots=True)
class Needs:
    """What changes may ask for, of all rules together.

    Attributes:
        approvals: how many, by role.
        reviewers: lists, of each of which one must approve.
    """

    approvals: Mapping[str, int]
    reviewers: frozenset[tuple[str, ...]] = frozenset()


def needs_of(default: Mapping[str, int], reviews: Iterable[Rules]) -> Needs:
    """Return what changes may ask for.

    Args:
        default: the setting `approvals`.
        reviews: the rules of the setting `reviews`.
    """
    every = list(reviews)
    tables = [default, *(rules.approvals for rules in every)]
    approvals = {role: max(table.get(role, 0) for table in tables) for table in tables for role in table}
    return Needs(approvals, frozenset(tuple(names) for rules in every for names in rules.reviewers))


def unmet(needs: Needs, principals: Iterable[Principal]) -> frozenset[str]:
    """Return, in words, what the persons there are cannot give, whoever of them made what is proposed.

    Example:
        >>> unmet(Needs({"risk": 1}), [])
        frozenset({'1 approval(s) as risk'})
    """
    able = [one for one in principals if one.may_approve]
    roles = {
        f"{count} approval(s) as {role}"
        for role, count in needs.approvals.items()
        if sum(role in one.roles | {"approver"} for one in able) < count
    }
    lists = {
        f"an approval by {' or '.join(names)}"
        for names in needs.reviewers
        if not any(is_among(names, one.id, (team.team for team in one.teams)) for one in able)
    }
    return frozenset(roles | lists)
