"""Every way to write asks first: a viewer may do none of it, a token no more than its limits, and each refusal is an entry."""

from dataclasses import replace

import pytest

from remint.core.origin import parse_address
from remint.core.pipeline import Graph
from remint.errors import Denied
from remint.ports.sources import Wanted

WRITES = {
    "ref:move": lambda app, who: app.refs.move(who, "data/x", to="data/kept", expect=None, reason="x"),
    "sandbox:create": lambda app, who: app.refs.fork(who, "trial"),
    "artifact:add": lambda app, who: app.artifacts.add(who, "data/x", app.settings.root / "remint.toml"),
    "store:collect": lambda app, who: app.storage.collect(who, dry_run=False),
    "hold:release": lambda app, who: app.storage.release(who, 1, reason="x"),
    "run:start": lambda app, who: app.pipelines.run(who, Graph("data/x", (), ())),
    "remote:push": lambda app, who: app.remotes.push(who, ["data/x"]),
    "remote:pull": lambda app, who: app.remotes.pull(who, ["data/x"]),
    "remote:collect": lambda app, who: app.remotes.clear(who),
    "principal:create": lambda app, who: app.principals.create(who, "dee"),
    "principal:change": lambda app, who: app.principals.leave(who, "cy"),
    "token:grant": lambda app, who: app.identity.issue(who, about="x", days=1, owner="nightly"),
    "model:regenerate": lambda app, who: app.regenerations.regenerate(who, "b3:" + "0" * 64),
    "source:read": lambda app, who: app.sources.add(who, "data/x", Wanted(parse_address("delta:lake"))),
}


@pytest.fixture(autouse=True)
def kept(app, ana):
    """An artifact of ana's in main."""
    app.artifacts.add(ana, "data/kept", app.settings.root / "remint.toml")


@pytest.mark.parametrize("action", WRITES)
def test_a_viewer_writes_nothing_and_each_refusal_is_an_entry(app, vi, entries, action):
    with pytest.raises(Denied) as refused:
        WRITES[action](app, vi)
    last = entries()[-1]
    assert (last["action"], last["by"], last["decision"]) == (action, "vi", "deny")
    assert last["facts"]["rule"] == refused.value.facts["rule"]


@pytest.mark.parametrize("action", WRITES)
def test_a_token_that_only_reads_writes_nothing_not_even_for_an_owner(app, ana, entries, action):
    reading = app.identity.identify(app.identity.issue(ana, about="dashboard", days=1, scopes=["read"]).secret)
    with pytest.raises(Denied, match="rule token-scope"):
        WRITES[action](app, reading)
    assert entries()[-1]["facts"] == {"rule": "token-scope", "token": 1}


LEAVING = sorted(WRITES.keys() - {"run:start", "model:regenerate"})


@pytest.mark.parametrize("action", LEAVING)
def test_a_token_bound_to_a_sandbox_moves_nothing_outside_it(app, ana, entries, action):
    app.refs.fork(ana, "lab")
    made = app.identity.issue(ana, about="lab", days=1, sandbox="lab")
    outside = replace(app.identity.identify(made.secret), workspace="main")
    with pytest.raises(Denied, match="rule sandbox-wall"):
        WRITES[action](app, outside)
    assert entries()[-1]["facts"] == {"rule": "sandbox-wall", "token": 1}


def test_a_token_bound_to_a_sandbox_may_write_in_it(app, ana):
    app.refs.fork(ana, "lab")
    bound = app.identity.identify(app.identity.issue(ana, about="lab", days=1, sandbox="lab").secret)
    added = app.artifacts.add(bound, "data/x", app.settings.root / "remint.toml")
    assert (added.moved, [str(one.name) for one in app.refs.list(ana)]) == (True, ["main:data/kept"])


def test_a_member_may_do_what_members_do(app, cy):
    assert app.artifacts.add(cy, "data/x", app.settings.root / "remint.toml").moved


def test_a_refused_write_leaves_everything_as_it_was(app, vi):
    with app.catalog.read() as tx:
        before = (tx.refs.order(), list(tx.reach.artifacts()))
    with pytest.raises(Denied):
        app.artifacts.add(vi, "data/x", app.settings.root / ".gitignore")
    with app.catalog.read() as tx:
        assert (tx.refs.order(), list(tx.reach.artifacts())) == before


def test_pipelines_run_no_step_for_one_who_may_not(app, vi, entries):
    with pytest.raises(Denied, match="vi may not do run:start on pipeline data/x"):
        app.pipelines.run(vi, Graph("data/x", (), ()))
    assert [one for one in entries() if one["action"] == "run:end"] == []


@pytest.mark.parametrize(
    "write",
    [
        lambda app, who: app.refs.move(who, "model/x", to="data/kept", expect=None, reason="quickly"),
        lambda app, who: app.artifacts.add(who, "model/x", app.settings.root / "remint.toml"),
        lambda app, who: app.table_versions.add(who, "model/x", []),
    ],
)
def test_to_move_a_protected_ref_without_a_change_is_refused_to_an_owner_too_and_is_an_entry(app, ana, entries, write):
    with pytest.raises(Denied, match="rule protected-ref"):
        write(app, ana)
    last = entries()[-1]
    assert (last["action"], last["resource"], last["decision"]) == ("ref:move", "main:model/x", "deny")
    assert last["facts"] == {"rule": "protected-ref"}
