"""Runs against budgets, through the services: leases, late ends, and what a settlement leaves."""

import pytest

from remint.adapters.clock.fixed import FixedClock
from remint.core.pipeline import StepSpec
from remint.errors import Denied
from tests.support.paid import ANA, SECOND_MICRO, STEP, end, opened, prepare, standing, start

HOUR_US = 3600 * 10**6


@pytest.fixture
def app(tmp_path):
    prepare(tmp_path / "project", limit="25.00")
    made = opened(tmp_path / "project")
    made.__dict__["clock"] = FixedClock(made.clock.now_us())
    yield made
    made.close()


def test_what_a_run_did_not_use_is_free_again(app):
    work = start(app)
    assert standing(app) == (10 * SECOND_MICRO, 0)
    end(app, work, cpu_s=3)
    assert standing(app) == standing(app, "team") == (0, 3 * SECOND_MICRO)


def test_the_last_run_that_fits_starts_and_the_next_does_not(app):
    first, _second = start(app), start(app)
    with pytest.raises(Denied, match="was not run") as refused:
        start(app)
    assert refused.value.facts == {"rule": "budget", "budget": "lab"}
    assert standing(app) == (20 * SECOND_MICRO, 0)
    end(app, first, cpu_s=1)
    start(app)


def test_a_run_that_may_cost_more_than_any_number_holds_is_refused(app):
    endless = StepSpec("pipeline", "train", STEP.outputs, STEP.conditions, cpu_s=10**15)
    with pytest.raises(Denied, match="was not run") as refused:
        start(app, endless)
    assert refused.value.facts["rule"] == "budget"
    assert standing(app) == (0, 0)


def test_a_run_that_was_stopped_late_is_charged_what_was_reserved(app):
    end(app, start(app), cpu_s=10.04, state="stopped")
    assert standing(app) == (0, 10 * SECOND_MICRO)


def test_a_dead_run_is_charged_when_its_lease_is_over_and_not_before(app):
    start(app, STEP)
    app.clock.advance(23 * HOUR_US)
    assert app.budgets.show("lab").standing.balance.reserved == 10 * SECOND_MICRO
    app.clock.advance(2 * HOUR_US)
    assert app.budgets.show("lab").standing.balance.reserved == 0
    assert standing(app) == (0, 10 * SECOND_MICRO)


def test_the_next_reservation_charges_dead_runs_as_well(app):
    start(app, STEP)
    app.clock.advance(25 * HOUR_US)
    start(app)
    assert standing(app) == (10 * SECOND_MICRO, 10 * SECOND_MICRO)


def test_a_limit_of_wall_time_makes_the_lease_short(app):
    start(app, StepSpec("pipeline", "train", STEP.outputs, STEP.conditions, cpu_s=10, wall_s=30))
    app.clock.advance(91 * 10**6)
    assert app.budgets.show("lab").standing.balance.reserved == 0


def test_a_run_that_ends_after_its_lease_is_charged_what_it_used(app):
    work = start(app)
    app.clock.advance(25 * HOUR_US)
    app.budgets.show("lab")
    end(app, work, cpu_s=4)
    assert standing(app) == standing(app, "team") == (0, 4 * SECOND_MICRO)


def test_a_run_that_ends_after_it_was_forgiven_costs_nothing(app):
    work = start(app)
    app.clock.advance(25 * HOUR_US)
    app.budgets.show("lab")
    app.budgets.forgive(ANA, work.start.id, note="it was lost")
    end(app, work, cpu_s=4)
    assert standing(app) == (0, 0)


def test_a_refused_run_leaves_one_entry_and_no_record(app):
    start(app), start(app)
    with app.catalog.read() as tx:
        before = len(tx.runs.newest()), tx.entries.frontier().size
    with pytest.raises(Denied):
        start(app)
    with app.catalog.read() as tx:
        assert (len(tx.runs.newest()), tx.entries.frontier().size) == (before[0], before[1] + 1)
        last = tx.entries.leaves(after=before[1], limit=1)[0]
    assert b'"decision":"deny"' in last
    assert b'"rule":"budget"' in last
