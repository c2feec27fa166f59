"""Review: every pattern that matches counts, and the strictest wins."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.core.recipe import Recipe, Source
from remint.core.review import Auto, Rules, kinds_between, parse_reviews, rules_for, rules_from, strictest
from remint.errors import Invalid

ONE = {"approver": 1}
PROMOTER = PrincipalId("promoter")
AUTO = Auto(PROMOTER, frozenset({"data", "params"}), frozenset({"not-worse"}))
WRITTEN = {
    "approvals": {"approver": 1, "risk": 2},
    "reviewers": ["bo", "ana"],
    "tier": 3,
    "expires_days": 14,
    "freeze": ["2026-12-20/2027-01-05", "fri 16:00/mon 08:00"],
    "watch_hours": 24,
    "review_hours": 48,
    "auto": {"by": "promoter", "kinds": ["data"], "gates": ["not-worse"]},
}

names = st.sampled_from([PrincipalId(name) for name in ("ana", "bo", "cleo")])
rules = st.builds(
    Rules,
    approvals=st.dictionaries(st.sampled_from(["approver", "risk", "owner"]), st.integers(1, 3), min_size=1),
    reviewers=st.lists(st.lists(names, min_size=1, unique=True).map(tuple), max_size=2).map(tuple),
    tier=st.integers(1, 4),
    expires_days=st.none() | st.integers(1, 30),
    freeze=st.lists(st.sampled_from(["fri 16:00/mon 08:00", "2026-12-20/2027-01-05"]), unique=True).map(tuple),
    watch_hours=st.integers(0, 48),
    review_hours=st.integers(1, 96),
    auto=st.none() | st.just(AUTO) | st.just(replace(AUTO, kinds=frozenset({"data"}))),
)


def test_rules_are_read_as_they_are_written():
    found = parse_reviews({"model/*": WRITTEN}, default=ONE)["model/*"]
    assert found.approvals == {"approver": 1, "risk": 2}
    assert found.reviewers == (("ana", "bo"),)
    assert (found.tier, found.expires_days, found.watch_hours, found.review_hours) == (3, 14, 24, 48)
    assert found.auto == Auto(PROMOTER, frozenset({"data"}), frozenset({"not-worse"}))


def test_without_approvals_of_its_own_a_pattern_takes_those_of_the_project():
    assert parse_reviews({"model/*": {"tier": 1}}, default={"owner": 2})["model/*"].approvals == {"owner": 2}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("strict", "it is a table"),
        ({"quorum": 2}, "there is no rule quorum"),
        ({"approvals": {}}, "`approvals` gives roles"),
        ({"approvals": {"approver": 0}}, "`approvals` gives roles"),
        ({"approvals": {"approver": True}}, "`approvals` gives roles"),
        ({"approvals": {"auto": 1}}, "that of a service"),
        ({"reviewers": []}, "a list of names"),
        ({"tier": 5}, "from 1 to 4"),
        ({"tier": True}, "from 1 to 4"),
        ({"expires_days": 0}, "from 1 to 3650"),
        ({"auto": {"by": "x"}}, "has `by`"),
        ({"tier": 3, "auto": {"by": "x", "kinds": ["luck"], "gates": ["better"]}}, "are of code"),
        ({"tier": 2, "auto": {"by": "x", "kinds": ["data"], "gates": ["better"]}}, "needs a tier of 3"),
    ],
)
def test_what_is_not_a_rule_is_refused_with_its_pattern(said, why):
    with pytest.raises(Invalid, match=r"reviews.'model/\*'") as refused:
        parse_reviews({"model/*": said}, default=ONE)
    assert why in refused.value.why


def test_what_is_not_a_window_is_refused():
    with pytest.raises(Invalid, match="is not a freeze window"):
        parse_reviews({"model/*": {"freeze": ["always"]}}, default=ONE)


def test_where_no_pattern_matches_there_are_no_rules():
    assert rules_for(["model/late"], {"deployment/*": Rules(ONE)}, default=ONE) is None


def test_a_ref_that_no_pattern_matches_still_needs_the_approvals_of_the_project():
    found = rules_for(["model/late", "policy/x"], {"model/*": Rules({"risk": 1})}, default={"owner": 1})
    assert found is not None
    assert found.approvals == {"risk": 1, "owner": 1}


@given(st.lists(rules, min_size=1, max_size=4))
def test_the_strictest_wins(every):
    found = strictest(every)
    assert all(found.approvals[role] >= count for one in every for role, count in one.approvals.items())
    assert {names for one in every for names in one.reviewers} == set(found.reviewers)
    assert found.tier == min(one.tier for one in every)
    assert found.expires_days == min((one.expires_days for one in every if one.expires_days), default=None)
    assert {window for one in every for window in one.freeze} == set(found.freeze)
    assert found.watch_hours == max(one.watch_hours for one in every)
    assert found.review_hours == min(one.review_hours for one in every)


@given(st.lists(rules, min_size=1, max_size=4))
def test_a_service_approves_only_where_every_rule_says_so_in_a_low_tier(every):
    allowed = all(one.auto for one in every) and min(one.tier for one in every) >= 3
    found = strictest(every).auto
    assert (found is not None) == allowed
    assert found is None or all(found.kinds <= one.auto.kinds for one in every)


@given(st.permutations([Rules({"risk": 2}, tier=3), Rules(ONE, expires_days=7), Rules(ONE, freeze=("fri 16:00/mon 08:00",))]))
def test_the_order_of_patterns_does_not_matter(every):
    assert strictest(every) == strictest(sorted(every, key=repr))


@given(rules)
def test_a_change_keeps_rules_as_they_were(one):
    assert rules_from(one.record()) == replace(one, reviewers=one.reviewers)


RECIPE = Recipe(
    "p:train",
    digest_bytes(b"code"),
    {"c": 1},
    {"data": Source(digest_bytes(b"rows"))},
    digest_bytes(b"lock"),
    {"seed": 7},
    {"result": "model"},
)


@pytest.mark.parametrize(
    ("other", "kinds"),
    [
        (RECIPE, set()),
        (replace(RECIPE, code=digest_bytes(b"other")), {"code"}),
        (replace(RECIPE, step="p:fit"), {"code"}),
        (replace(RECIPE, outputs={"result": "table"}), {"code"}),
        (replace(RECIPE, environment=digest_bytes(b"other")), {"environment"}),
        (replace(RECIPE, arguments={"c": 2}), {"params"}),
        (replace(RECIPE, conditions={"seed": 8}), {"conditions"}),
        (replace(RECIPE, inputs={"data": Source(digest_bytes(b"more"))}), {"data"}),
        (replace(RECIPE, arguments={"c": 2}, inputs={}), {"data", "params"}),
    ],
)
def test_what_two_recipes_differ_in_is_told_by_kind(other, kinds):
    assert kinds_between(RECIPE, other) == kinds
