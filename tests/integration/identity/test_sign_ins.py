"""Signing in by a provider: who it means follows from issuer and subject alone, and teams follow its groups."""

import sqlite3
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from remint.app import App
from remint.config import load
from remint.errors import Conflict, Denied, Invalid, NotFound, Unavailable

REDIRECT = "http://localhost:8470/login/acme/callback"


def came_back(app, issuer, name="acme", *, claims=None, begun=None, **more):
    """Sign in as whom the claims are about; return who that is here, whether or not it has a role yet."""
    begun = begun or app.sign_ins.begin(name, redirect=REDIRECT)
    issuer.id_token = issuer.sign({**issuer.claims(nonce=begun.nonce), **(claims or {})})
    try:
        return app.sign_ins.finish(name, begun, **{"code": "c", "state": begun.state, "redirect": REDIRECT, **more}).principal
    except Denied as error:
        if error.facts["rule"] != "known-principal":
            raise
        return holder(app, issuer, (claims or {}).get("sub", "7"))


def holder(app, issuer, subject):
    return next(link.principal for link in app.sign_ins.links() if (link.issuer, link.subject) == (issuer.url, subject))


def refused(app, issuer, name="acme", **more):
    """Return why a sign-in is refused; nothing is recorded of it."""
    with app.catalog.read() as tx:
        before = tx.entries.frontier().size
    with pytest.raises(Denied) as error:
        came_back(app, issuer, name, **more)
    with app.catalog.read() as tx:
        assert tx.entries.frontier().size == before
    assert error.value.facts["rule"] == "identity"
    return error.value.facts["reason"]


def named(app, name):
    return next(one for one in app.principals.list() if one.id == name)


def test_the_browser_is_sent_away_with_a_challenge_and_never_with_what_it_is_made_of(app, issuer):
    begun = app.sign_ins.begin("acme", redirect=REDIRECT)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    assert begun.url.startswith(f"{issuer.url}/auth?")
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == ("code", "S256", "openid profile")
    assert (asked["client_id"], asked["redirect_uri"]) == ("remint", REDIRECT)
    assert (asked["state"], asked["nonce"]) == (begun.state, begun.nonce)
    assert begun.verifier not in begun.url
    assert len({begun.state, begun.nonce, begun.verifier, asked["code_challenge"]}) == 4


def test_the_code_goes_back_with_the_verifier(app, issuer):
    begun = app.sign_ins.begin("acme", redirect=REDIRECT)
    came_back(app, issuer, begun=begun)
    sent = {name: values[0] for name, values in parse_qs(issuer.forms[-1]).items()}
    assert (sent["code"], sent["code_verifier"], sent["redirect_uri"]) == ("c", begun.verifier, REDIRECT)


def test_a_first_sign_in_makes_a_principal_without_a_role_of_its_own(app, issuer, entries):
    who = came_back(app, issuer, claims={"preferred_username": "Cleo Lima"})
    found = named(app, who)
    assert (who, found.roles, str(found.kind)) == ("acme-cleo-lima", frozenset(), "person")
    assert came_back(app, issuer, claims={"preferred_username": "renamed"}) == who
    made = [(entry["action"], entry["decision"]) for entry in entries() if entry["resource"] == who]
    assert made == [("principal:create", "allow"), ("principal:link", "allow"), *[("session:begin", "deny")] * 2]
    assert app.audit.verify().problems == ()


def test_who_has_a_role_signs_in_and_that_is_an_entry(app, issuer, ana, entries):
    app.sign_ins.link(ana, "bo", issuer=issuer.url, subject="7")
    assert came_back(app, issuer) == "bo"
    (entry,) = entries("session:begin")
    assert (entry["resource"], entry["by"], entry["facts"]["provider"]) == ("bo", "bo", "acme")


def test_who_has_none_is_told_and_may_sign_in_once_an_owner_gave_one(app, issuer, ana):
    begun = app.sign_ins.begin("acme", redirect=REDIRECT)
    issuer.id_token = issuer.sign(issuer.claims(nonce=begun.nonce, preferred_username="cleo"))
    with pytest.raises(Denied, match="acme-cleo has no role here"):
        app.sign_ins.finish("acme", begun, code="c", state=begun.state, redirect=REDIRECT)
    app.principals.grant(ana, "acme-cleo", "viewer")
    again = app.sign_ins.finish("acme", begun, code="c", state=begun.state, redirect=REDIRECT)
    assert again.principal == "acme-cleo"


def test_nothing_of_a_person_but_the_name_stands_in_the_audit_log(app, issuer, entries):
    came_back(app, issuer, claims={"sub": "s-quokka", "email": "cleo@example.org", "preferred_username": "cleo"})
    assert "quokka" not in str(entries())
    assert "example.org" not in str(entries())


def test_two_issuers_with_one_subject_and_one_mail_address_are_two_principals(app, issuers):
    said = {"sub": "7", "email": "cleo@example.org", "email_verified": True, "preferred_username": "cleo"}
    first, second = came_back(app, issuers[0], claims=said), came_back(app, issuers[1], "other", claims=said)
    assert (first, second) == ("acme-cleo", "other-cleo")


def test_nobody_takes_a_name_by_calling_himself_so_elsewhere(app, issuer):
    assert came_back(app, issuer, claims={"sub": "1", "preferred_username": "ana"}) == "acme-ana"
    other = came_back(app, issuer, claims={"sub": "2", "preferred_username": "ana"})
    assert other.startswith("acme-ana-")
    assert len(other) == len("acme-ana-") + 12


@pytest.mark.parametrize("wanted", [None, 7, "", "///", "…", ["ana"]])
def test_a_name_that_is_none_is_replaced(app, issuer, wanted):
    assert came_back(app, issuer, claims={"preferred_username": wanted}).startswith("acme-")


def test_groups_become_teams_and_teams_give_roles(app, issuer, ana):
    who = came_back(app, issuer, claims={"groups": ["ml", "chess"]})
    assert app.teams.get("builders").members == {who: (issuer.url,)}
    assert named(app, who).roles == frozenset()
    app.teams.grant(ana, "builders", "member")
    assert named(app, who).roles == {"member"}


def test_teams_follow_the_groups_at_each_sign_in(app, issuer, ana, entries):
    app.teams.create(ana, "builders")
    who = came_back(app, issuer, claims={"groups": ["ml"]})
    app.teams.add(ana, "builders", "bo")
    came_back(app, issuer, claims={"groups": ["risk"]})
    assert list(app.teams.get("builders").members) == ["bo"]
    assert list(app.teams.get("risk-board").members) == [who]
    came_back(app, issuer, claims={"groups": []})
    told = [entry["facts"] for entry in entries("team:change") if entry["facts"].get("source")]
    assert [(facts["verb"], facts["source"]) for facts in told] == [(v, issuer.url) for v in ("join", "part", "join", "part")]
    assert app.audit.verify().problems == ()


def test_who_was_put_into_a_team_here_stays_whatever_the_groups_say(app, issuer, ana):
    who = came_back(app, issuer, claims={"groups": ["ml"]})
    app.teams.add(ana, "builders", who)
    came_back(app, issuer, claims={"groups": []})
    assert app.teams.get("builders").members == {who: ("",)}


def test_groups_that_the_id_token_does_not_say_are_asked_for(app, issuer):
    issuer.userinfo = {"sub": "7", "groups": ["risk"]}
    who = came_back(app, issuer)
    assert list(app.teams.get("risk-board").members) == [who]


def test_groups_of_somebody_else_are_not_taken(app, issuer):
    issuer.userinfo = {"sub": "8", "groups": ["risk"]}
    assert refused(app, issuer) == "subject"
    issuer.userinfo = None


@pytest.mark.parametrize("groups", [{"ml": True}, [7], [["ml"]], 7])
def test_groups_that_are_no_names_are_refused(app, issuer, groups):
    assert refused(app, issuer, claims={"groups": groups}) == "groups"


def test_an_owner_links_a_principal_that_was_here_before(app, issuer, ana, entries):
    app.sign_ins.link(ana, "bo", issuer=issuer.url, subject="7")
    assert came_back(app, issuer, "closed", claims={"preferred_username": "whoever"}) == "bo"
    assert [(link.principal, link.subject) for link in app.sign_ins.links()] == [("bo", "7")]
    before = len(entries())
    app.sign_ins.link(ana, "bo", issuer=issuer.url, subject="7")
    assert len(entries()) == before
    with pytest.raises(Conflict, match="means bo by that subject"):
        app.sign_ins.link(ana, "ana", issuer=issuer.url, subject="7")
    assert app.audit.verify().problems == ()


def test_only_an_owner_links(app, issuer, ana, entries):
    with pytest.raises(Denied, match="rule owners-only"):
        app.sign_ins.link(replace(ana, principal="bo"), "bo", issuer=issuer.url, subject="7")
    assert (entries()[-1]["action"], entries()[-1]["decision"]) == ("principal:link", "deny")


def test_what_cannot_be_linked_is_refused(app, issuer, ana):
    with pytest.raises(NotFound, match="no such principal"):
        app.sign_ins.link(ana, "remint", issuer=issuer.url, subject="7")
    with pytest.raises(Denied, match="a service does not sign in"):
        app.sign_ins.link(ana, "nightly", issuer=issuer.url, subject="7")
    with pytest.raises(Invalid, match="an issuer is an address"):
        app.sign_ins.link(ana, "bo", issuer="company", subject="7")
    with pytest.raises(Invalid, match="of 255 letters at most"):
        app.sign_ins.link(ana, "bo", issuer=issuer.url, subject="")


def test_where_nobody_is_made_only_those_that_are_linked_sign_in(app, issuer):
    assert refused(app, issuer, "closed") == "unknown"


def test_one_who_left_does_not_come_back(app, issuer, ana):
    who = came_back(app, issuer)
    app.principals.leave(ana, who)
    assert refused(app, issuer) == "left"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another"}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": 1}, "expired"),
        ({"sub": ["7"]}, "subject"),
    ],
)
def test_an_id_token_that_does_not_count_is_refused(app, issuer, claims, reason):
    assert refused(app, issuer, claims=claims) == reason


def test_an_id_token_of_another_provider_is_refused(app, issuers):
    begun = app.sign_ins.begin("acme", redirect=REDIRECT)
    issuers[0].id_token = issuers[1].sign(issuers[1].claims(nonce=begun.nonce))
    with pytest.raises(Denied) as error:
        app.sign_ins.finish("acme", begun, code="c", state=begun.state, redirect=REDIRECT)
    assert error.value.facts["reason"] == "signature"


@pytest.mark.parametrize("state", ["", "another", "é"])
def test_a_sign_in_that_was_begun_in_another_browser_is_refused(app, issuer, state):
    assert refused(app, issuer, state=state) == "state"


def test_what_a_browser_did_not_keep_is_no_state(app, issuer):
    begun = replace(app.sign_ins.begin("acme", redirect=REDIRECT), state="")
    assert refused(app, issuer, begun=begun, state="") == "state"


def test_a_sign_in_begun_for_one_provider_does_not_end_at_another(app, issuers):
    begun = app.sign_ins.begin("acme", redirect=REDIRECT)
    assert refused(app, issuers[1], "other", begun=begun) == "state"


def test_a_sign_in_without_a_code_is_refused(app, issuer):
    assert refused(app, issuer, code="") == "code"


def test_a_code_that_the_provider_does_not_take_is_refused(app, issuer):
    begun = app.sign_ins.begin("acme", redirect=REDIRECT)
    issuer.id_token = ""
    with pytest.raises(Denied, match="does not take the code"):
        app.sign_ins.finish("acme", begun, code="c", state=begun.state, redirect=REDIRECT)


def test_a_provider_that_is_not_in_the_settings_is_none(app):
    with pytest.raises(NotFound, match="no provider"):
        app.sign_ins.begin("nothing", redirect=REDIRECT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[oidc]\nissuer = "https://x.org"\n', "lacks `client_id`"),
        ('[oidc]\nissuer = "http://x.org"\nclient_id = "r"\n', "an address with https"),
        (
            '[oidc]\nissuer = "https://x.org"\nclient_id = "r"\nclient_secret = "s"\n',
            "comes from the variable REMINT_OIDC_SECRET",
        ),
        ('[oidc]\nissuer = "https://x.org"\nclient_id = "r"\nscope = ["email"]\n', "`scope` holds openid"),
        ('[oidc]\nissuer = "https://x.org"\nclient_id = "r"\ncreate = "yes"\n', "`create` is true or false"),
        ('[oidc]\nissuer = "https://x.org"\nclient_id = "r"\ngroups = ["risk"]\n', "`groups` is a table"),
        ('[oidc]\nissuer = "https://x.org"\nclient_id = 7\n', "`client_id` is a text"),
        ('[oidc]\nacme = "https://x.org"\n', "it is a table"),
    ],
)
def test_a_setting_that_is_not_understood_says_why(app, text, why):
    (app.settings.root / "remint.toml").write_text(text, encoding="utf-8")
    opened = App(load(app.settings.root, environment={}))
    with pytest.raises(Invalid, match=why):
        opened.sign_ins.providers()
    opened.close()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("claims = {}", "without it every workload"),
        ('scopes = ["own"]', "`scopes` are of read, write, review"),
        ("scopes = []", "`scopes` are of read, write, review"),
        ("minutes = 61", "from 1 to 60"),
        ("minutes = true", "from 1 to 60"),
        ('subject = "x"', "there is no `subject` in it"),
    ],
)
def test_a_workload_that_is_not_understood_says_why(app, issuer, line, why):
    held = {
        "issuer": '"https://x.org"',
        "audience": '"r"',
        "claims": '{a = "b"}',
        "principal": '"nightly"',
        "scopes": '["read"]',
    }
    name, _, value = line.partition(" = ")
    text = "[workload.ci]\n" + "".join(f"{key} = {one}\n" for key, one in {**held, name: value}.items())
    (app.settings.root / "remint.toml").write_text(text, encoding="utf-8")
    opened = App(load(app.settings.root, environment={}))
    with pytest.raises(Invalid, match=why):
        opened.workloads.exchange(issuer.sign(issuer.claims()))
    opened.close()


def test_a_provider_that_does_not_answer_is_no_refusal(app, issuer):
    issuer.document = {"token_endpoint": "http://127.0.0.1:9/token"}
    begun = app.sign_ins.begin("acme", redirect=REDIRECT)
    with pytest.raises(Unavailable, match="was not asked"):
        app.sign_ins.finish("acme", begun, code="c", state=begun.state, redirect=REDIRECT)
    issuer.document = {}


def test_the_database_refuses_to_forget_whom_an_issuer_means(app, issuer, tmp_path):
    came_back(app, issuer)
    opened = sqlite3.connect(tmp_path / ".remint" / "catalog.db")
    with pytest.raises(sqlite3.IntegrityError, match="identities is insert-only"):
        opened.execute("UPDATE identities SET principal = 'ana'")
    opened.close()
