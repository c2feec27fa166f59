"""Tokens show who calls; their limits never widen, and nothing says why one does not count."""

import sqlite3

import pytest

from remint.core.action import SCOPES
from remint.core.ids import PrincipalId
from remint.errors import Denied, Invalid, NotFound
from remint.ports.usecases.context import Context


def test_a_token_shows_its_owner_and_its_limits(app, cy):
    made = app.identity.issue(cy, about="notebook", days=1, scopes=["read"])
    assert app.identity.identify(made.secret) == Context(PrincipalId("cy"), "main", frozenset({"read"}), None, 1)


def test_a_token_without_limits_has_every_scope(app, cy):
    made = app.identity.issue(cy, about="notebook", days=1)
    assert app.identity.identify(made.secret).scopes == frozenset(SCOPES)


def test_the_caller_says_in_which_workspace_it_acts(app, cy):
    made = app.identity.issue(cy, about="notebook", days=1)
    assert app.identity.identify(made.secret, workspace="trial").workspace == "trial"


def test_a_token_bound_to_a_sandbox_acts_in_it_whatever_is_asked(app, cy):
    app.refs.fork(cy, "trial")
    made = app.identity.issue(cy, about="notebook", days=1, sandbox="trial")
    known = app.identity.identify(made.secret, workspace="main")
    assert (known.workspace, known.sandbox) == ("trial", "trial")


def test_the_secret_is_nowhere_in_the_project(app, cy, tmp_path):
    secret = app.identity.issue(cy, about="notebook", days=1).secret
    app.close()
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert [text for text in texts if secret.removeprefix("rmt_").encode() in text] == []


def test_the_entry_of_a_token_says_its_limits_and_never_its_secret(app, cy, entries):
    made = app.identity.issue(cy, about="notebook", days=1, scopes=["read"])
    last = entries()[-1]
    assert (last["action"], last["resource"], last["by"]) == ("token:create", "token 1", "cy")
    assert last["facts"] == {"owner": "cy", "scopes": ["read"], "sandbox": None, "ends_us": made.token.ends_us}


def test_to_be_identified_writes_nothing(app, cy, entries):
    secret = app.identity.issue(cy, about="notebook", days=1).secret
    before = len(entries())
    app.identity.identify(secret)
    assert len(entries()) == before


@pytest.fixture
def refusals(app, ana, cy):
    """The refusal of every kind of token that does not count: unknown, no token at all, revoked, of one who left."""
    revoked = app.identity.issue(cy, about="revoked", days=1)
    app.identity.revoke(cy, revoked.token.number)
    left = app.identity.issue(cy, about="left", days=1)
    app.principals.leave(ana, "cy")
    return [_refusal(app, secret) for secret in ("rmt_" + "A" * 43, "", "no token", revoked.secret, left.secret)]


def _refusal(app, secret):
    with pytest.raises(Denied) as refused:
        app.identity.identify(secret)
    return str(refused.value), refused.value.facts


def test_nothing_says_why_a_token_does_not_count(refusals):
    assert refusals == [refusals[0]] * 5
    assert refusals[0][1] == {"rule": "identity"}


def test_a_token_ends_at_its_time(app, cy, monkeypatch):
    made = app.identity.issue(cy, about="notebook", days=1)
    monkeypatch.setattr(type(app.clock), "now_us", lambda _clock: made.token.ends_us)
    with pytest.raises(Denied, match="rule identity"):
        app.identity.identify(made.secret)


def test_a_token_makes_none_with_more_scopes_than_it_has(app, cy):
    reading = app.identity.identify(app.identity.issue(cy, about="notebook", days=1, scopes=["read"]).secret)
    with pytest.raises(Denied, match="rule token-limits"):
        app.identity.issue(reading, about="wider", days=1, scopes=["read", "write"])


def test_a_token_makes_none_that_lasts_longer_or_has_other_limits_than_it(app, cy):
    app.refs.fork(cy, "trial")
    first = app.identity.issue(cy, about="notebook", days=2, scopes=["read"], sandbox="trial")
    second = app.identity.issue(app.identity.identify(first.secret), about="browser", days=9)
    limits = (second.token.scopes, second.token.sandbox, second.token.ends_us)
    assert limits == (first.token.scopes, "trial", first.token.ends_us)


def test_a_token_bound_to_a_sandbox_makes_none_bound_to_another(app, cy):
    app.refs.fork(cy, "trial")
    app.refs.fork(cy, "other")
    bound = app.identity.identify(app.identity.issue(cy, about="notebook", days=1, sandbox="trial").secret)
    with pytest.raises(Denied, match="rule token-limits"):
        app.identity.issue(bound, about="other", days=1, sandbox="other")


def test_a_token_may_end_itself_but_no_wider_one(app, cy):
    wide = app.identity.issue(cy, about="wide", days=1)
    narrow = app.identity.issue(cy, about="narrow", days=1, scopes=["read"])
    known = app.identity.identify(narrow.secret)
    with pytest.raises(Denied, match="rule token-limits"):
        app.identity.revoke(known, wide.token.number)
    assert app.identity.revoke(known, narrow.token.number).revoked_us is not None


def test_only_an_owner_makes_the_token_of_a_service(app, ana, cy):
    assert app.identity.issue(ana, about="nights", days=1, owner="nightly").token.owner == "nightly"
    with pytest.raises(Denied, match="rule owners-only: cy is not owner"):
        app.identity.issue(cy, about="nights", days=1, owner="nightly")


def test_nobody_makes_the_token_of_another_person(app, ana):
    with pytest.raises(Denied, match="bo is a person"):
        app.identity.issue(ana, about="as bo", days=1, owner="bo")


def test_a_refusal_to_make_a_token_is_an_entry(app, cy, entries):
    with pytest.raises(Denied):
        app.identity.issue(cy, about="nights", days=1, owner="nightly")
    last = entries()[-1]
    assert (last["action"], last["decision"], last["facts"]["rule"]) == ("token:grant", "deny", "owners-only")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"about": "x", "days": 0}, "it would last 0 days"),
        ({"about": "x", "days": 367}, "it would last 367 days"),
        ({"about": " ", "days": 1}, "does not say what it is for"),
        ({"about": "x", "days": 1, "scopes": ["all"]}, "there is no scope all"),
    ],
)
def test_a_token_outside_the_limits_is_not_made(app, cy, asked, why):
    with pytest.raises(Invalid, match=why):
        app.identity.issue(cy, **asked)


def test_a_token_cannot_be_bound_to_a_sandbox_that_does_not_exist(app, cy):
    with pytest.raises(NotFound, match="no sandbox nowhere"):
        app.identity.issue(cy, about="x", days=1, sandbox="nowhere")


def test_everyone_sees_ones_own_tokens_and_an_owner_all(app, ana, bo, cy):
    app.identity.issue(bo, about="first", days=1)
    app.identity.issue(cy, about="second", days=1)
    assert [one.about for one in app.identity.list(cy)] == ["second"]
    assert [one.about for one in app.identity.list(ana)] == ["second", "first"]


def test_an_owners_token_that_only_reads_sees_only_its_owners(app, ana, cy):
    app.identity.issue(cy, about="of cy", days=1)
    made = app.identity.issue(ana, about="of ana", days=1, scopes=["read"])
    assert [one.about for one in app.identity.list(app.identity.identify(made.secret))] == ["of ana"]


def test_one_does_not_learn_that_a_token_of_another_exists(app, bo, cy):
    app.identity.issue(bo, about="of bo", days=1)
    with pytest.raises(NotFound) as hers:
        app.identity.revoke(cy, 1)
    with pytest.raises(NotFound) as nobodys:
        app.identity.revoke(cy, 2)
    assert (hers.value.why, hers.value.next_step) == (nobodys.value.why, nobodys.value.next_step)


def test_an_owner_may_end_any_token_and_again_without_harm(app, ana, cy, entries):
    made = app.identity.issue(cy, about="of cy", days=1)
    first = app.identity.revoke(ana, made.token.number)
    before = len(entries())
    assert app.identity.revoke(ana, made.token.number) == first
    assert len(entries()) == before


def test_the_database_refuses_to_alter_or_forget_a_token(app, cy, tmp_path):
    app.identity.issue(cy, about="notebook", days=1)
    app.close()
    opened = sqlite3.connect(tmp_path / ".remint" / "catalog.db")
    with pytest.raises(sqlite3.IntegrityError, match="tokens is insert-only"):
        opened.execute("UPDATE tokens SET ends_us = ends_us + 1")
    opened.close()
