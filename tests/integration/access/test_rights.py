"""Who may do what is answered by the rules that decide when it is done."""

import pytest

from remint.errors import Invalid, NotFound


def test_can_says_yes_and_no_with_the_rule(app, bo, cy):
    assert (app.rights.can(bo, "change:approve", "change 1").allowed, app.rights.can(cy, "change:approve").rule) == (
        True,
        "role",
    )


def test_one_may_ask_about_another(app, cy):
    assert app.rights.can(cy, "change:approve", principal="bo").allowed


def test_can_answers_within_the_limits_of_the_token_used(app, ana):
    reading = app.identity.identify(app.identity.issue(ana, about="x", days=1, scopes=["read"]).secret)
    assert app.rights.can(reading, "ref:move", "data/x").rule == "token-scope"


def test_can_knows_refs_that_only_changes_move(app, ana):
    assert app.rights.can(ana, "ref:move", "model/delay").rule == "protected-ref"
    assert app.rights.can(ana, "ref:move", "lab:model/delay").allowed


def test_who_can_lists_all_who_may_and_nobody_else(app, cy):
    assert [one.principal for one in app.rights.who_can(cy, "change:approve")] == ["ana", "bo"]
    assert [one.principal for one in app.rights.who_can(cy, "subject:erase")] == ["ana"]
    assert [one.principal for one in app.rights.who_can(cy, "ref:move", "model/delay")] == []


@pytest.mark.parametrize("ask", ["can", "who_can"])
def test_an_action_that_is_not_there_is_refused(app, ana, ask):
    with pytest.raises(Invalid, match="there is no such action"):
        getattr(app.rights, ask)(ana, "ref:burn")


def test_nothing_is_known_of_a_stranger(app, ana):
    with pytest.raises(NotFound, match="no such principal"):
        app.rights.can(ana, "ref:move", principal="dee")


def test_to_ask_writes_nothing(app, ana, entries):
    before = len(entries())
    app.rights.can(ana, "ref:move", principal="vi")
    app.rights.who_can(ana, "ref:move")
    app.rights.review()
    assert len(entries()) == before


def test_a_review_shows_roles_tokens_and_what_was_done_last(app, ana, cy):
    app.refs.fork(cy, "lab")
    app.identity.issue(cy, about="notebook", days=1)
    found = {one.principal.id: one for one in app.rights.review()}
    assert (found["cy"].last_action, len(found["cy"].tokens), found["cy"].unused) == ("token:create", 1, False)
    assert (found["vi"].last_action, found["vi"].last_us, found["vi"].unused) == ("", None, False)
    assert "remint" not in found


def test_a_review_shows_who_did_nothing_for_ninety_days(app, ana, monkeypatch):
    app.principals.leave(ana, "cy")
    later_us = app.clock.now_us() + 91 * 86_400_000_000
    monkeypatch.setattr(type(app.clock), "now_us", lambda _clock: later_us)
    unused = {one.principal.id for one in app.rights.review() if one.unused}
    assert unused == {"ana", "bo", "vi", "nightly"}


def test_a_token_that_ended_is_not_in_a_review(app, cy):
    app.identity.revoke(cy, app.identity.issue(cy, about="notebook", days=1).token.number)
    assert [one.tokens for one in app.rights.review() if one.principal.id == "cy"] == [()]
