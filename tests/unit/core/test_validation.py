"""Validations: what follows from their steps, and from time."""

from dataclasses import replace

import pytest

from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId, RunId
from remint.core.validation import (
    CONCLUDE,
    DAY_US,
    FIND,
    OPEN,
    WAIVE,
    Validation,
    ValidationFacts,
    ValidationFinding,
    ValidationStep,
    fitness_words,
    folded,
    require_conclusion,
    step_payload,
    validated,
)
from remint.errors import Invalid

VI, MODEL = PrincipalId("vi"), digest_bytes(b"model")
LEANS = ValidationFinding(1, "high", 10 * DAY_US, "it leans")
PASSED = Validation(1, MODEL, "main:model/late", "all", VI, 0, (RunId("r1"),), result="pass", concluded_us=0)


def step(verb, at_us, **facts):
    return ValidationStep(0, 1, MODEL, verb, VI, at_us, step_payload(1, MODEL, verb, facts, by=VI, at_us=at_us), b"")


def test_a_validation_is_what_its_steps_make():
    (one,) = folded(
        [
            step(OPEN, 1, ref="main:model/late", scope="all"),
            step(FIND, 2, severity="high", due_us=10 * DAY_US, text="it leans"),
            step(WAIVE, 3, finding=1, until_us=50, reason="no other data"),
            step(CONCLUDE, 4, result="fail", condition="", over="b3:"),
        ]
    )
    waived = replace(LEANS, waived_until_us=50, waiver="vi: no other data")
    assert one == Validation(1, MODEL, "main:model/late", "all", VI, 1, (), (waived,), "fail", "", 4)


def test_a_waiver_that_has_passed_lets_the_finding_count_again():
    waived = replace(PASSED, findings=(replace(LEANS, waived_until_us=50),))
    assert validated({}, [waived], now_us=49)[0]
    assert validated({}, [waived], now_us=50) == (False, "validation 1 by vi: pass; 1 finding(s) are open: it leans")


def test_a_finding_below_the_severity_of_the_gate_does_not_hold_it_up():
    found = replace(PASSED, findings=(LEANS,))
    assert validated({"severity": "critical"}, [found], now_us=1)[0]
    assert not validated({"severity": "high"}, [found], now_us=1)[0]


def test_an_old_validation_does_not_pass():
    assert validated({"max_days": "30"}, [PASSED], now_us=30 * DAY_US)[0]
    assert validated({"max_days": "30"}, [PASSED], now_us=31 * DAY_US) == (
        False,
        "validation 1 by vi: pass, 31 days ago, more than 30",
    )


def test_the_last_result_counts():
    failed = replace(PASSED, number=2, result="fail", concluded_us=5)
    assert not validated({}, [failed, PASSED], now_us=6)[0]
    assert validated({}, [failed, replace(PASSED, concluded_us=6)], now_us=6)[0]


def test_an_open_finding_of_another_validation_counts_too():
    other = Validation(2, MODEL, "main:model/late", "more", VI, 1, findings=(LEANS,))
    assert not validated({}, [PASSED, other], now_us=2)[0]


@pytest.mark.parametrize(
    ("facts", "now_us", "state"),
    [
        (ValidationFacts((), None), 0, ""),
        (ValidationFacts((), 30), 0, "overdue"),
        (ValidationFacts((PASSED,), 30), 30 * DAY_US, ""),
        (ValidationFacts((PASSED,), 30), 31 * DAY_US, "overdue"),
        (ValidationFacts((replace(PASSED, findings=(LEANS,)),), 30), 9 * DAY_US, ""),
        (ValidationFacts((replace(PASSED, findings=(LEANS,)),), None), 10 * DAY_US, "findings open"),
        (ValidationFacts((replace(PASSED, findings=(replace(LEANS, closed_us=1),)),), None), 10 * DAY_US, ""),
        (ValidationFacts((replace(PASSED, result="fail"),), 30), 0, "overdue"),
    ],
)
def test_fitness_follows_from_age_and_due_dates(facts, now_us, state):
    assert fitness_words(facts, now_us=now_us)[0] == state


@pytest.mark.parametrize(
    ("held", "result", "condition", "why"),
    [
        (replace(PASSED, runs=()), "pass", "", "nothing was tried"),
        (replace(PASSED, runs=()), "pass-with-conditions", "one airport", "nothing was tried"),
        (replace(PASSED, findings=(LEANS,)), "pass", "", "1 finding"),
        (PASSED, "pass-with-conditions", " ", "has a condition"),
        (PASSED, "pass", "one airport", "has a condition"),
    ],
)
def test_a_result_that_does_not_follow_is_refused(held, result, condition, why):
    with pytest.raises(Invalid, match="was not concluded") as told:
        require_conclusion(held, result, condition, now_us=1)
    assert why in str(told.value.why)
