"""Compute profiles: what a run may use, and who may use so much."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remint.core.ids import PrincipalId
from remint.core.isolation import LEVELS, NONE
from remint.core.pipeline import StepSpec
from remint.core.price import GB
from remint.core.ref import require_name
from remint.errors import Invalid

_NUMBERS = {"cpus": 4096, "memory_gb": 65536, "wall_minutes": 60 * 24 * 366}
_LISTS = ("roles", "principals")


@dataclass(frozen=True, slots=True)
class Profile:
    """A named size of runs.

    Attributes:
        cpus: processors; with `wall_minutes` they limit the CPU time.
        memory_gb: memory, in gigabytes of 10^9 bytes.
        wall_minutes: how long a run may take.
        roles, principals: who may use it; whoever may run, if both are empty.
        budget: what its runs are charged to; the setting `budget` if empty.
        isolation: the least level of isolation of its runs (core.isolation).
    """

    name: str
    cpus: int | None = None
    memory_gb: int | None = None
    wall_minutes: int | None = None
    roles: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()
    budget: str = ""
    isolation: int = NONE

    def is_for(self, principal: PrincipalId, roles: frozenset[str]) -> bool:
        """Return whether a principal with these roles may use it.

        Example:
            >>> Profile("large", roles=frozenset({"trainer"})).is_for(PrincipalId("ana"), frozenset({"member"}))
            False
        """
        return not (self.roles or self.principals) or principal in self.principals or not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may use at most; None is no limit."""

    memory_bytes: int | None = None
    cpu_s: int | None = None
    wall_s: int | None = None


def bounds(step: StepSpec, profile: Profile | None) -> Bounds:
    """Return what a run of a step may use: the smaller of what the step declares and what its profile allows.

    Example:
        >>> step = StepSpec("pipeline", "train", {}, {}, wall_s=90)
        >>> bounds(step, Profile("small", cpus=2, memory_gb=4, wall_minutes=1))
        Bounds(memory_bytes=4000000000, cpu_s=120, wall_s=60)
    """
    if profile is None:
        return Bounds(step.memory_bytes, step.cpu_s, step.wall_s)
    wall_s = None if profile.wall_minutes is None else profile.wall_minutes * 60
    cpu_s = None if profile.cpus is None or wall_s is None else profile.cpus * wall_s
    memory_bytes = None if profile.memory_gb is None else profile.memory_gb * GB
    return Bounds(_smaller(step.memory_bytes, memory_bytes), _smaller(step.cpu_s, cpu_s), _smaller(step.wall_s, wall_s))


def _smaller(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


def parse_profiles(table: Mapping[str, Any]) -> Mapping[str, Profile]:
    """Return the profiles of the setting `profiles`, by name.

    Raises:
        Invalid: a key is unknown, or a value is not what it must be.
        InvalidName: a name is outside the grammar of names.

    Example:
        >>> parse_profiles({"small": {"cpus": 1}})["small"].cpus
        1
    """
    return {name: _profile(require_name(name, what="profile"), said) for name, said in table.items()}


def _profile(name: str, said: Any) -> Profile:  # noqa: ANN401 - as it stands in the file
    keys = {*_NUMBERS, *_LISTS, "budget", "isolation"}
    if not isinstance(said, Mapping) or set(said) - keys:
        odd = min(set(said) - keys) if isinstance(said, Mapping) else said
        raise _refused(name, f"has {odd!r}, and its keys are {', '.join(sorted(keys))}")
    for key, most in _NUMBERS.items():
        number = said.get(key, 1)
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
            raise _refused(name, f"has {key} = {number!r}, and that is a whole number from 1 to {most:,}")
    for key in _LISTS:
        words = said.get(key, [])
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            raise _refused(name, f"has {key} = {words!r}, and that is a list of names")
    budget = said.get("budget", "")
    if not isinstance(budget, str):
        raise _refused(name, f"has budget = {budget!r}, and that is the name of one")
    isolation = said.get("isolation", NONE)
    if isinstance(isolation, bool) or isolation not in range(len(LEVELS)):
        raise _refused(name, f"has isolation = {isolation!r}, and that is a level from 0 to {len(LEVELS) - 1}")
    return Profile(
        name,
        said.get("cpus"),
        said.get("memory_gb"),
        said.get("wall_minutes"),
        frozenset(said.get("roles", [])),
        frozenset(said.get("principals", [])),
        require_name(budget, what="budget") if budget else "",
        isolation,
    )


def _refused(name: str, why: str) -> Invalid:
    return Invalid(f"the profile {name} is not understood", why=f"it {why}", next_step=f"mend [profiles.{name}]")
