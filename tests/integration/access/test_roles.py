"""Roles are given and taken one by one; who left has none, and no project is left without an owner."""

import sqlite3

import pytest

from remint.core.principal import Principal
from remint.errors import Conflict, Denied, InvalidName, NotFound


def roles_of(app, name):
    return next(one.roles for one in app.principals.list() if one.id == name)


def test_a_role_of_ones_own_naming_may_be_given(app, ana):
    app.principals.grant(ana, "cy", "risk")
    assert roles_of(app, "cy") == {"member", "risk"}


def test_a_principal_may_be_made_with_roles_of_ones_own_naming(app, ana):
    assert app.principals.create(ana, "dee", roles=("member", "glass")).roles == {"member", "glass"}


def test_the_name_of_a_role_is_in_the_grammar_of_names(app, ana):
    with pytest.raises(InvalidName, match="is not a role"):
        app.principals.grant(ana, "cy", "Risk Officer")


def test_a_role_that_was_taken_is_gone_at_once(app, ana, bo):
    app.principals.revoke(ana, "bo", "approver")
    assert roles_of(app, "bo") == frozenset()
    with pytest.raises(Denied, match="rule known-principal: bo has no role here"):
        app.refs.fork(bo, "trial")


def test_what_a_principal_was_made_with_and_each_change_are_entries(app, ana, entries):
    app.principals.grant(ana, "cy", "risk")
    last = entries()[-1]
    assert (last["action"], last["resource"], last["by"]) == ("principal:change", "cy", "ana")
    assert last["facts"] == {"verb": "grant", "role": "risk"}


def test_to_give_a_role_twice_writes_once(app, ana, entries):
    app.principals.grant(ana, "cy", "risk")
    before = len(entries())
    app.principals.grant(ana, "cy", "risk")
    assert len(entries()) == before


def test_roles_of_an_earlier_time_can_be_asked_for(app, ana):
    app.principals.grant(ana, "cy", "risk")
    before_us = app.clock.now_us()
    app.principals.leave(ana, "cy")
    with app.catalog.read() as tx:
        assert tx.principals.get("cy", at_us=before_us).roles == {"member", "risk"}
        assert tx.principals.get("cy").roles == frozenset()


def test_only_an_owner_changes_roles_and_a_refusal_is_an_entry(app, cy, entries):
    with pytest.raises(Denied, match="rule owners-only"):
        app.principals.grant(cy, "cy", "owner")
    last = entries()[-1]
    assert (last["action"], last["resource"], last["decision"]) == ("principal:change", "cy", "deny")


def test_only_an_owner_makes_principals_and_a_refusal_is_an_entry(app, cy, entries):
    with pytest.raises(Denied, match="rule owners-only"):
        app.principals.create(cy, "dee")
    assert (entries()[-1]["action"], entries()[-1]["decision"]) == ("principal:create", "deny")


def test_one_who_left_acts_no_more_and_does_not_come_back(app, ana):
    app.principals.leave(ana, "cy")
    with pytest.raises(Denied, match="cy has left"):
        app.principals.require("cy")
    with pytest.raises(Conflict, match="nobody comes back"):
        app.principals.grant(ana, "cy", "member")
    with pytest.raises(Conflict, match="the name is taken"):
        app.principals.create(ana, "cy")


def test_the_tokens_of_one_who_leaves_end(app, ana, cy):
    app.identity.issue(cy, about="notebook", days=1)
    app.principals.leave(ana, "cy")
    assert [one.revoked_us is None for one in app.identity.list(ana)] == [False]


def test_the_last_owner_can_neither_leave_nor_lose_the_role(app, ana):
    with pytest.raises(Denied, match="rule last-owner"):
        app.principals.leave(ana, "ana")
    with pytest.raises(Denied, match="rule last-owner"):
        app.principals.revoke(ana, "ana", "owner")


def test_a_service_that_is_an_owner_does_not_count_as_the_last(app, ana):
    app.principals.grant(ana, "nightly", "owner")
    with pytest.raises(Denied, match="rule last-owner"):
        app.principals.leave(ana, "ana")


def test_an_owner_may_leave_when_there_is_another(app, ana):
    app.principals.grant(ana, "bo", "owner")
    assert app.principals.leave(ana, "ana").left_us is not None


def test_neither_the_platform_nor_a_stranger_is_changed(app, ana):
    with pytest.raises(NotFound, match="no such principal"):
        app.principals.grant(ana, "remint", "owner")
    with pytest.raises(NotFound, match="no such principal"):
        app.principals.leave(ana, "nobody")


def test_the_database_refuses_to_forget_a_change_of_roles(app, ana, tmp_path):
    app.principals.grant(ana, "cy", "risk")
    app.close()
    opened = sqlite3.connect(tmp_path / ".remint" / "catalog.db")
    with pytest.raises(sqlite3.IntegrityError, match="role_changes is insert-only"):
        opened.execute("DELETE FROM role_changes")
    opened.close()


def test_a_page_of_principals_holds_each_once(app, ana):
    app.principals.grant(ana, "cy", "risk")
    app.principals.grant(ana, "cy", "glass")
    with app.catalog.read() as tx:
        assert [type(one) for one in tx.principals.all(limit=4)] == [Principal] * 4
        assert [one.id for one in tx.principals.all()] == ["remint", "ana", "bo", "cy", "vi", "nightly"]


def test_roles_given_past_the_audit_log_are_found_by_its_verification(app, ana, tmp_path):
    app.principals.grant(ana, "cy", "risk")
    assert app.audit.verify().problems == ()
    opened = sqlite3.connect(tmp_path / ".remint" / "catalog.db")
    opened.execute("INSERT INTO role_changes VALUES (2, 'cy', 'grant', 'owner', 'ana', 5)")
    opened.commit()
    opened.close()
    assert app.audit.verify().problems == ("no entry tells of the change of roles of cy as it is recorded",)
