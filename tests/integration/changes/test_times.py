"""What time does to changes: they expire, settle and thaw, emergencies end, and reviews fall due."""

import pytest

from remint.adapters.clock.fixed import FixedClock
from remint.app import App
from remint.config import load
from remint.core.ids import PrincipalId
from remint.core.ref import parse_ref
from remint.core.window import DAY_US, HOUR_US, MINUTE_US
from remint.errors import Conflict, Denied
from remint.ports.usecases.context import Context
from tests.support.projects import ModelProject

GUS, HAL = (Context(PrincipalId(name), "main") for name in ("gus", "hal"))
RULES = '[reviews."model/*"]\nexpires_days = 7\nwatch_hours = 24\nreview_hours = 48\nfreeze = ["2030-01-01/2030-01-03"]\n'
NEW_YEAR_US = 1_893_456_000_000_000
X = parse_ref("model/x")[0]


@pytest.fixture
def project(tmp_path):
    """A project with rules, two models that were kept, and a clock that is told the time."""
    made = ModelProject(tmp_path)
    for name in ("gus", "hal"):
        made.app.principals.create(made.ana, name, roles=("member", "glass"))
    made.models = [made.keep(made.fit(seed), seed) for seed in (1, 2)]
    made.close()
    settings = tmp_path / "remint.toml"
    settings.write_text(settings.read_text() + RULES)
    made.app = at(tmp_path, made.app.clock.now_us())
    yield made
    made.close()


def at(root, now_us):
    app = App(load(root, environment={}))
    app.__dict__["clock"] = FixedClock(now_us)
    return app


def proposed(project, model=0):
    return project.app.changes.propose(project.ana, [f"model/x={project.models[model]}"]).change.id


def state(project, change_id):
    return str(project.app.changes.review(change_id).state)


def merged_in_an_emergency(project):
    change_id = proposed(project)
    project.app.glasses.open(GUS, ["model/x"], reason="it fails", ttl="30m")
    project.app.glasses.confirm(HAL, 1)
    project.app.changes.merge(GUS, change_id, glass=1)
    return change_id


def test_a_change_expires_days_after_it_was_opened(project):
    change_id = proposed(project)
    project.app.clock.advance(7 * DAY_US - HOUR_US)
    assert state(project, change_id) == "open"
    project.app.clock.advance(HOUR_US)
    assert state(project, change_id) == "expired"
    with pytest.raises(Conflict, match="not approved"):
        project.app.changes.approve(project.bo, change_id)
    assert proposed(project) != change_id


def test_an_approval_puts_the_expiry_off(project):
    change_id = proposed(project)
    project.app.clock.advance(6 * DAY_US)
    project.app.changes.approve(project.bo, change_id)
    project.app.clock.advance(6 * DAY_US)
    assert state(project, change_id) == "approved"
    project.app.clock.advance(DAY_US)
    with pytest.raises(Conflict, match="not merged"):
        project.app.changes.merge(project.ana, change_id)


def test_a_draft_does_not_expire_before_it_is_opened(project):
    review = project.app.changes.propose(project.ana, [f"model/x={project.models[0]}"], draft=True)
    project.app.clock.advance(30 * DAY_US)
    assert state(project, review.change.id) == "draft"
    assert str(project.app.changes.open(project.ana, review.change.id).state) == "open"


def test_a_merged_change_settles_after_its_watch(project):
    change_id = project.promote(project.models[0])
    assert state(project, change_id) == "merged"
    project.app.clock.advance(24 * HOUR_US)
    assert state(project, change_id) == "settled"


def test_a_freeze_begins_and_ends_by_the_clock(project):
    project.app.clock.advance(NEW_YEAR_US - 2 * DAY_US - project.app.clock.now_us())
    change_id = proposed(project)
    project.app.changes.approve(project.bo, change_id)
    project.app.clock.advance(3 * DAY_US)
    with pytest.raises(Denied, match="rule frozen: nothing is merged before 2030-01-04 00:00 UTC"):
        project.app.changes.merge(project.ana, change_id)
    assert not project.app.changes.review(change_id).mergeable
    project.app.clock.advance(3 * DAY_US)
    assert project.app.changes.review(change_id).mergeable
    project.app.changes.merge(project.ana, change_id)


def test_a_clock_that_was_set_back_merges_nothing(project, tmp_path):
    change_id = proposed(project)
    project.app.changes.approve(project.bo, change_id)
    early = at(tmp_path, project.app.clock.now_us() - DAY_US)
    with pytest.raises(Denied, match="clock-set-back"):
        early.changes.merge(project.ana, change_id)
    early.close()


def test_who_lost_the_role_meanwhile_does_not_count_before_the_merge_and_does_after_it(project):
    open_id = proposed(project)
    project.app.changes.approve(project.bo, open_id)
    project.app.principals.revoke(project.ana, "bo", "approver")
    assert state(project, open_id) == "open"
    project.app.principals.grant(project.ana, "bo", "approver")
    project.app.changes.merge(project.ana, open_id)
    project.app.principals.revoke(project.ana, "bo", "approver")
    assert str(project.app.serving.load(X).change) == open_id


def test_what_was_rolled_back_to_is_served(project):
    project.promote(project.models[0])
    project.promote(project.models[1])
    project.app.roll_backs.roll_back(project.ana, "model/x", reason="worse")
    assert project.app.serving.load(X).ref.artifact == project.models[0]


def test_an_emergency_ends_by_itself(project):
    change_id = proposed(project)
    project.app.glasses.open(GUS, ["model/x"], reason="it fails", ttl="30m")
    project.app.glasses.confirm(HAL, 1)
    project.app.clock.advance(30 * MINUTE_US)
    with pytest.raises(Denied, match="rule glass: it ended"):
        project.app.changes.merge(GUS, change_id, glass=1)


def test_an_emergency_that_ended_is_not_confirmed(project):
    project.app.glasses.open(GUS, ["model/x"], reason="it fails", ttl="30m")
    project.app.clock.advance(30 * MINUTE_US)
    with pytest.raises(Denied, match="its time is over"):
        project.app.glasses.confirm(HAL, 1)


def test_what_was_merged_in_an_emergency_is_served(project):
    change_id = merged_in_an_emergency(project)
    assert str(project.app.serving.load(X).change) == change_id


def test_an_overdue_review_locks_the_ref_until_it_is_done(project):
    first = merged_in_an_emergency(project)
    project.app.clock.advance(48 * HOUR_US)
    second = proposed(project, 1)
    project.app.changes.approve(project.bo, second)
    with pytest.raises(Denied, match="review-overdue"):
        project.app.changes.merge(project.ana, second)
    project.app.changes.look_back(project.bo, first, note="it was right")
    project.app.changes.merge(project.ana, second)


def test_a_review_that_is_not_due_yet_locks_nothing(project):
    merged_in_an_emergency(project)
    project.app.clock.advance(47 * HOUR_US)
    project.promote(project.models[1])


def test_a_ref_that_is_locked_is_rolled_back_all_the_same(project):
    project.promote(project.models[1])
    merged_in_an_emergency(project)
    project.app.clock.advance(48 * HOUR_US)
    assert project.app.roll_backs.roll_back(project.ana, "model/x").new == project.models[1]
