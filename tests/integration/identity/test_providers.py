"""Real OpenID providers: people sign in on the pages, and programs get tokens by the API."""

import base64
import json

import pytest

from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.api import LiveApi
from tests.support.providers import ABSENT, AUDIENCE, FIRST, SECOND, SECRET, Browser, proof_of_ci

pytestmark = pytest.mark.skipif(not FIRST, reason=f"not yet: {ABSENT}")
SETTINGS = f"""
[oidc.acme]
label = "Acme"
issuer = "{FIRST}"
client_id = "remint"
create = true
groups = {{risk = "risk-board"}}

[oidc.other]
issuer = "{SECOND}"
client_id = "remint-secret"
scope = ["openid", "profile", "email"]
create = true
groups = {{risk = "risk-board"}}

[workload.ci]
issuer = "{FIRST}"
audience = "{AUDIENCE}"
claims = {{repository = "acme/models", ref = "refs/heads/main"}}
principal = "nightly"
scopes = ["read", "write"]
"""
EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
}


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A server of a project with the team risk-board, whose members are viewers."""
    root = tmp_path_factory.mktemp("company")
    initialise(root, owner="ana")
    (root / "remint.toml").write_text(SETTINGS, encoding="utf-8")
    app = App(load(root, environment={}))
    ana = Context(PrincipalId("ana"), "main")
    app.teams.create(ana, "risk-board")
    app.teams.grant(ana, "risk-board", "viewer")
    app.principals.create(ana, "nightly", kind="service", roles=("member",))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("REMINT_OIDC_SECRET_OTHER", SECRET)
        server = LiveApi(root)
    server.app, server.local = app, server.url.replace("127.0.0.1", "localhost")
    yield server
    server.stop()
    app.close()


@pytest.fixture
def browser():
    made = Browser()
    yield made
    made.close()


def teams_of(live, name):
    return [one.team for one in next(one for one in live.app.principals.list() if one.id == name).teams]


def test_the_page_to_sign_in_names_the_providers(live, browser):
    page = browser.get(f"{live.local}/login?next=/changes").text
    assert 'href="/login/acme?next=/changes">Sign in with Acme</a>' in page
    assert 'href="/login/other?next=/changes">Sign in with other</a>' in page


def test_a_person_of_a_group_signs_in_and_reads_until_it_signs_out(live, browser):
    answer = browser.sign_in(f"{live.local}/login/acme?next=/changes", "cleo+risk")
    assert (answer.status_code, 'content="0;url=/changes"' in answer.text) == (200, True)
    assert "You are acme-cleo." in answer.text
    page = browser.get(f"{live.local}/changes")
    assert (page.status_code, "acme-cleo" in page.text) == (200, True)
    assert teams_of(live, "acme-cleo") == ["risk-board"]
    key = page.text.partition('name="key" value="')[2].partition('"')[0]
    browser.client.post(f"{live.local}/signout", data={"key": key})
    assert browser.get(f"{live.local}/changes").headers["location"] == "/login?next=/changes"


def test_a_provider_that_says_groups_only_when_asked_and_knows_a_secret(live, browser):
    answer = browser.sign_in(f"{live.local}/login/other", "cleo+risk")
    assert "You are other-cleo." in answer.text
    assert teams_of(live, "other-cleo") == ["risk-board"]


def test_one_mail_address_at_two_providers_is_two_principals(live, browser):
    names = [browser.sign_in(f"{live.local}/login/{name}", "dora+risk").text for name in ("acme", "other")]
    assert ["acme-dora" in names[0], "other-dora" in names[1]] == [True, True]
    links = {link.principal: (link.issuer, link.subject) for link in live.app.sign_ins.links()}
    assert (links["acme-dora"], links["other-dora"]) == ((FIRST, "dora+risk"), (SECOND, "dora+risk"))


def test_a_person_without_a_role_is_known_and_sees_nothing(live, browser):
    answer = browser.sign_in(f"{live.local}/login/acme", "eve")
    assert (answer.status_code, "acme-eve has no role here" in answer.text) == (403, True)
    assert browser.get(f"{live.local}/changes").status_code == 303


def test_a_code_counts_once(live, browser):
    back = browser.leave_at_the_end(f"{live.local}/login/acme", "finn+risk")
    kept = browser.client.cookies.get("remint_signin")
    assert browser.get(back).status_code == 200
    browser.client.cookies.set("remint_signin", kept, domain="localhost.local", path="/")
    again = browser.client.get(back, headers={"Cookie": f"remint_signin={kept}"})
    assert (again.status_code, "does not take the code" in again.text) == (401, True)


def test_an_address_of_somebody_elses_sign_in_does_not_sign_in(live, browser):
    back = browser.leave_at_the_end(f"{live.local}/login/acme", "gus+risk")
    other = Browser()
    answer = other.get(back)
    other.close()
    assert (answer.status_code, "was not begun in this browser" in answer.text) == (401, True)
    assert "remint_session" not in other.client.cookies
    assert "acme-gus" not in {one.id for one in live.app.principals.list()}


def test_who_turns_back_at_the_provider_is_not_signed_in(live, browser):
    begun = browser.get(f"{live.local}/login/acme")
    state = begun.headers["location"].partition("state=")[2].partition("&")[0]
    answer = browser.get(f"{live.local}/login/acme/callback?error=access_denied&state={state}")
    assert (answer.status_code, "sent no code" in answer.text) == (401, True)


def test_a_provider_that_is_not_in_the_settings_is_not_found(live, browser):
    assert browser.get(f"{live.local}/login/nothing").status_code == 404
    assert browser.get(f"{live.local}/login/nothing/callback?code=x&state=y").status_code == 404


@pytest.mark.parametrize("after", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_after_signing_in(live, browser, after):
    answer = browser.sign_in(f"{live.local}/login/acme?next={after}", "hal+risk")
    assert 'content="0;url=/"' in answer.text


def test_what_the_browser_keeps_meanwhile_is_read_by_no_script_and_not_for_long(live, browser):
    told = browser.get(f"{live.local}/login/acme").headers["set-cookie"]
    kept = next(one for one in told.split(", ") if one.startswith("remint_signin="))
    assert ("HttpOnly" in kept, "SameSite=lax" in kept, "Max-Age=600" in kept) == (True, True, True)


def test_a_program_exchanges_what_the_provider_signed_for_a_token(live):
    client = Browser().client
    asked = {**EXCHANGE, "subject_token": proof_of_ci()}
    answer = client.post(f"{live.url}/api/remint/v1/tokens/exchange", data=asked)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    made = answer.json()
    assert (made["token_type"], made["expires_in"], made["scope"]) == ("Bearer", 900, "read write")
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    assert client.get(f"{live.url}/api/remint/v1/whoami", headers=headers).json()["principal"] == "nightly"
    again = client.post(f"{live.url}/api/remint/v1/tokens/exchange", data=asked)
    client.close()
    assert (again.status_code, again.json()["facts"]["reason"]) == (401, "replayed")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": "x"}, 422),
        ({**EXCHANGE}, 422),
        ({**EXCHANGE, "subject_token": "x"}, 401),
        ({**EXCHANGE, "grant_type": "client_credentials", "subject_token": "x"}, 422),
        ({**EXCHANGE, "subject_token_type": "urn:ietf:params:oauth:token-type:saml2", "subject_token": "x"}, 422),
        ({**EXCHANGE, "subject_token": "x", "scope": "own"}, 422),
    ],
)
def test_an_exchange_that_is_none_is_refused(live, form, status):
    with_client = Browser()
    answer = with_client.client.post(f"{live.url}/api/remint/v1/tokens/exchange", data=form)
    with_client.close()
    assert answer.status_code == status


def test_a_proof_of_another_provider_is_refused_and_that_is_an_entry_soon(live):
    client = Browser().client
    asked = {**EXCHANGE, "subject_token": proof_of_ci(SECOND)}
    answer = client.post(f"{live.url}/api/remint/v1/tokens/exchange", data=asked)
    client.close()
    assert (answer.status_code, answer.json()["facts"]["reason"]) == (401, "unknown")
    with live.app.catalog.read() as tx:
        told = [json.loads(leaf) for leaf in tx.entries.leaves()]
    found = next(one for one in told if one["resource"] == "workload" and one["facts"]["reason"] == "unknown")
    assert (found["action"], found["decision"], found["facts"]["network"]) == ("session:begin", "deny", "127.0.0.0/24")


def test_what_the_provider_signs_for_programs_is_what_is_checked():
    body = proof_of_ci().split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert (said["iss"], said["aud"], said["ref"]) == (FIRST, AUDIENCE, "refs/heads/main")


def test_after_all_of_this_the_audit_log_is_whole(live, browser):
    browser.sign_in(f"{live.local}/login/acme", "ivy+risk")
    assert live.app.audit.verify().problems == ()
