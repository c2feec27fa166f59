"""Profiles: what a run may use, and who may use so much."""

import pytest

from remint.core.ids import PrincipalId
from remint.core.pipeline import StepSpec
from remint.core.profile import Bounds, Profile, bounds, parse_profiles
from remint.errors import Invalid

ANA = PrincipalId("ana")


def step(**limits):
    return StepSpec("pipeline", "train", {}, {}, **limits)


def test_a_profile_is_read_as_it_was_written():
    said = {"cpus": 2, "memory_gb": 4, "wall_minutes": 30, "roles": ["trainer"], "principals": ["ana"], "budget": "research"}
    made = Profile("large", 2, 4, 30, frozenset({"trainer"}), frozenset({"ana"}), "research")
    assert parse_profiles({"large": said, "any": {}}) == {"large": made, "any": Profile("any")}


@pytest.mark.parametrize(
    "said",
    [
        *(
            {"cpus": 0},
            {"cpus": -1},
            {"cpus": 1.5},
            {"cpus": True},
            {"cpus": "2"},
            {"memory_gb": 10**6},
            {"wall_minutes": 10**6},
        ),
        *(
            {"gpus": 1},
            {"roles": "trainer"},
            {"roles": [1]},
            {"principals": [""]},
            {"budget": 1},
            {"budget": "A B"},
            3,
            "large",
        ),
    ],
)
def test_a_profile_that_is_not_understood_is_refused(said):
    with pytest.raises(Invalid):
        parse_profiles({"large": said})


def test_a_name_outside_the_grammar_is_refused():
    with pytest.raises(Invalid, match="is not a profile"):
        parse_profiles({"Large one": {}})


@pytest.mark.parametrize(
    ("roles", "principals", "allowed"),
    [((), (), True), (("trainer",), (), False), (("member",), (), True), ((), ("ana",), True), (("trainer",), ("bo",), False)],
)
def test_a_profile_is_for_whom_it_names_or_for_all(roles, principals, allowed):
    profile = Profile("large", roles=frozenset(roles), principals=frozenset(principals))
    assert profile.is_for(ANA, frozenset({"member"})) is allowed


def test_without_a_profile_the_limits_are_those_of_the_step():
    assert bounds(step(memory_bytes=5, cpu_s=6), None) == Bounds(5, 6, None)


def test_of_two_limits_the_smaller_counts():
    profile = Profile("small", cpus=2, memory_gb=1, wall_minutes=1)
    assert bounds(step(memory_bytes=5, cpu_s=999, wall_s=7), profile) == Bounds(5, 120, 7)


def test_processors_without_a_time_limit_nothing():
    assert bounds(step(), Profile("wide", cpus=2)) == Bounds()
