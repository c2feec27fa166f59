"""Rules of retention, as settings say them."""

import pytest

from remint.core.retention import Rule, parse_rules
from remint.errors import Invalid

CLASSES = {"ten-years": {"days": 3650}, "newest": {"versions": 2, "days": 7}}


def test_a_class_stands_for_its_rule_in_the_order_of_the_patterns():
    table = {"model/late": {"versions": 1}, "model/*": {"class": "ten-years"}, "data/*": {"class": "newest"}}
    assert parse_rules(table, CLASSES) == (Rule("model/late", 1), Rule("model/*", None, 3650), Rule("data/*", 2, 7))


@pytest.mark.parametrize(
    "said", [{"class": "twenty-years"}, {"class": "newest", "days": 3}, {"class": ["newest"]}, {"class": None}], ids=repr
)
def test_a_rule_with_a_class_that_is_not_there_or_does_not_stand_alone_is_refused(said):
    with pytest.raises(Invalid, match=r"the retention of 'data/\*' is not understood") as error:
        parse_rules({"data/*": said}, CLASSES)
    assert "ten-years, newest" in error.value.why


@pytest.mark.parametrize("said", [{}, {"days": 0}, {"class": "newest"}, 7, {"days": True}], ids=repr)
def test_a_class_that_says_nothing_is_refused_even_if_no_rule_names_it(said):
    with pytest.raises(Invalid, match=r"retention_classes\.odd"):
        parse_rules({}, {"odd": said})
