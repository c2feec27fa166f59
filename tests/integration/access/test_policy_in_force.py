"""A policy comes into force by an approved change of its ref, is judged by the one before, and only ever refuses."""

import shutil

import pytest

from remint.app import App
from remint.config import load
from remint.core.ref import RefName
from remint.errors import Denied, Unavailable
from tests.support.policies import ALLOW_ALL, NO_MODELS_WITHOUT_RISK

NO_SANDBOXES = ALLOW_ALL + '@id("no-sandboxes") forbid (principal, action == Action::"sandbox:create", resource);\n'
BROKEN = "permit (principal, action, resource) when { context.purpose };"


@pytest.fixture
def write(app):
    """Returns what adds a text as a file to a ref of a sandbox, which is made if need be."""

    def added(context, text, ref="draft:policy/main", name="policy.cedar"):
        workspace = ref.partition(":")[0]
        if workspace not in {one.name for one in app.refs.workspaces()}:
            app.refs.fork(context, workspace)
        place = app.settings.root / name
        place.write_text(text, encoding="utf-8")
        app.artifacts.add(context, ref, place, again=True)

    return added


@pytest.fixture
def put_into_force(app, ana, bo, write):
    """Returns what puts a policy into force: ana proposes, bo approves, ana merges."""

    def merged(text):
        write(ana, text)
        change = app.changes.propose(ana, ["draft:policy/main"]).change
        app.changes.approve(bo, change.id)
        app.changes.merge(ana, change.id)

    return merged


@pytest.fixture
def opened(app, cy, bo, write):
    """A change of a model by cy, approved by bo."""
    write(cy, "weights", "lab:model/delay", "model.bin")
    change = app.changes.propose(cy, ["lab:model/delay"]).change
    app.changes.approve(bo, change.id)
    return change.id


def test_nobody_moves_the_ref_of_the_policy_without_a_change(app, ana, write):
    write(ana, ALLOW_ALL)
    with pytest.raises(Denied, match="rule protected-ref"):
        app.refs.move(ana, "policy/main", to="draft:policy/main", expect=None, reason="quickly")


def test_the_ref_of_the_policy_is_protected_whatever_the_settings_say(app, ana, write):
    (app.settings.root / "remint.toml").write_text("protected = []\n")
    again = App(load(app.settings.root, environment={}))
    write(ana, ALLOW_ALL)
    with pytest.raises(Denied, match="rule protected-ref"):
        again.refs.move(ana, "policy/main", to="draft:policy/main", expect=None, reason="quickly")
    again.close()


def test_a_policy_refuses_by_the_name_of_its_statement(app, ana, put_into_force):
    put_into_force(NO_SANDBOXES)
    with pytest.raises(Denied, match="rule policy:no-sandboxes: no-sandboxes forbids it"):
        app.refs.fork(ana, "another")


def test_the_entry_of_a_refusal_names_the_policy_by_its_digest(app, ana, put_into_force, entries):
    put_into_force(NO_SANDBOXES)
    with pytest.raises(Denied):
        app.refs.fork(ana, "another")
    with app.catalog.read() as tx:
        digest = tx.refs.get(RefName("main", "policy", "main")).artifact
    assert entries()[-1]["facts"] == {"rule": "policy:no-sandboxes", "policy": digest}


def test_a_policy_allows_nothing_that_the_kernel_refuses(app, vi, put_into_force):
    put_into_force(ALLOW_ALL)
    with pytest.raises(Denied, match="rule role"):
        app.refs.fork(vi, "another")


def test_a_policy_knows_the_refs_that_a_change_moves(app, ana, cy, opened, put_into_force):
    put_into_force(NO_MODELS_WITHOUT_RISK)
    with pytest.raises(Denied, match="rule policy:models-need-risk"):
        app.changes.merge(cy, opened)
    app.principals.grant(ana, "cy", "risk")
    assert app.changes.merge(cy, opened) is not None


def test_a_change_of_the_policy_is_judged_by_the_one_in_force(app, ana, bo, write, put_into_force):
    put_into_force(ALLOW_ALL + '@id("frozen") forbid (principal, action == Action::"change:merge", resource);\n')
    write(ana, ALLOW_ALL)
    change = app.changes.propose(ana, ["draft:policy/main"]).change
    app.changes.approve(bo, change.id)
    with pytest.raises(Denied, match="rule policy:frozen"):
        app.changes.merge(ana, change.id)


def test_a_policy_in_force_at_once_decides_in_another_process(app, ana, put_into_force):
    other = App(load(app.settings.root, environment={}))
    other.refs.fork(ana, "before")
    put_into_force(NO_SANDBOXES)
    with pytest.raises(Denied, match="rule policy:no-sandboxes"):
        other.refs.fork(ana, "after")
    other.close()


@pytest.mark.parametrize("text", [BROKEN, "no policy at all"])
def test_what_does_not_keep_to_the_schema_does_not_come_into_force(app, ana, put_into_force, text):
    with pytest.raises(Denied, match="rule policy-unreadable"):
        put_into_force(text)
    assert app.refs.fork(ana, "another").name == "another"


def test_a_policy_that_cannot_be_read_any_more_refuses_everything(app, ana, put_into_force):
    put_into_force(ALLOW_ALL)
    shutil.rmtree(app.settings.state / "store")
    fresh = App(load(app.settings.root, environment={}))
    with pytest.raises(Denied, match="rule policy-unreadable"):
        fresh.refs.fork(ana, "another")
    fresh.close()


def test_the_way_out_is_the_setting(app, ana, put_into_force):
    put_into_force(NO_SANDBOXES)
    (app.settings.root / "remint.toml").write_text('policy = ""\n')
    again = App(load(app.settings.root, environment={}))
    assert again.refs.fork(ana, "another").name == "another"
    again.close()


def test_with_a_policy_in_force_and_nothing_to_read_it_nothing_is_written(app, ana, put_into_force, monkeypatch):
    put_into_force(ALLOW_ALL)
    fresh = App(load(app.settings.root, environment={}))
    monkeypatch.setitem(__import__("sys").modules, "cedarpy", None)
    with pytest.raises(Unavailable, match="remint\\[cedar\\]"):
        fresh.refs.fork(ana, "another")
    fresh.close()


def test_what_if_lists_what_would_have_been_refused(app, ana, cy, write):
    app.refs.fork(cy, "first")
    found = app.policies.what_if(NO_SANDBOXES)
    assert [(one.principal, one.resource, one.was, one.now, one.rule) for one in found.changed] == [
        ("cy", "first", "allow", "deny", "policy:no-sandboxes")
    ]
    assert found.replayed > len(found.changed)


def test_what_if_lists_what_a_policy_refused_and_another_would_not(app, ana, put_into_force):
    put_into_force(NO_SANDBOXES)
    with pytest.raises(Denied):
        app.refs.fork(ana, "another")
    found = app.policies.what_if(ALLOW_ALL)
    assert [(one.resource, one.was, one.now) for one in found.changed] == [("another", "deny", "allow")]


def test_what_if_never_allows_what_the_kernel_refused(app, vi):
    with pytest.raises(Denied):
        app.refs.fork(vi, "another")
    assert app.policies.what_if(ALLOW_ALL).changed == ()


def test_what_if_asks_with_the_roles_of_then(app, ana, cy):
    app.refs.fork(cy, "first")
    app.principals.leave(ana, "cy")
    members = '@id("members") permit (principal, action, resource) when { context.roles.contains("member") };'
    assert [one for one in app.policies.what_if(members).changed if one.resource == "first"] == []


def test_what_if_replays_only_the_newest_entries(app, ana):
    app.refs.fork(ana, "first")
    app.refs.fork(ana, "second")
    assert [one.resource for one in app.policies.what_if(NO_SANDBOXES, last=1).changed] == ["second"]
