"""Stories of budgets with the records in Postgres: those of test_budgets, of a project that `remint migrate` brought there."""

import pytest

from tests.scenarios.test_budgets import (  # noqa: F401
    made,
    project,
    test_a_charge_is_forgiven_for_a_reason,
    test_a_hit_costs_nothing_and_is_reported_as_saved,
    test_a_run_is_charged_what_it_used_in_its_budget_and_above,
    test_a_run_that_a_budget_above_cannot_bear_is_not_started,
    test_costs_are_summed_by_whom_and_what,
)
from tests.support.postgres import moved, schema


@pytest.fixture(autouse=True)
def in_postgres(project):  # noqa: F811
    with schema() as url:
        moved(project, url)
        yield
