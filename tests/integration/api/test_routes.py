"""Every route has one gate in front of it: each is tried by whom it must refuse."""

import re

import pytest
from starlette.routing import Route

from remint.core.action import ACTIONS
from remint.server.api.exchange import EXCHANGE
from remint.server.api.table import ROWS
from remint.server.app import OPEN
from remint.server.door import Door
from remint.server.pages.router import router_of
from remint.server.routes import SAFE, Row

NAMES = [f"{row.method} {row.path}" for row in ROWS]
UNSAFE = [row for row in ROWS if row.method not in SAFE]
OTHER_SCOPE = {"read": "write", "write": "review", "review": "write", "own": "write"}


def address(row):
    return re.sub(r"\{\w+(:path)?\}", "1", row.path)


@pytest.fixture(scope="module")
def narrow(api):
    """Secrets of bo that are limited to one scope each."""
    return {scope: api.secret(api.project.bo, scopes=[scope]) for scope in ("read", "write", "review")}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_without_a_token_nothing_is_answered(api, row):
    answer = api.client.request(row.method, row.address.replace("{", "").replace("}", ""))
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (401, "identity")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_token_of_another_scope_is_refused_and_that_is_recorded(api, narrow, row):
    before = len(api.entries(row.action))
    token = narrow[OTHER_SCOPE[ACTIONS[row.action].scope]]
    answer = api.ask(row.method, address(row), token, **({"json": {}} if row.takes_json else {}))
    refused = api.entries(row.action)[before:]
    assert answer.status_code == 403
    assert [(entry["decision"], entry["by"]) for entry in refused] == [("deny", "bo")]


@pytest.mark.parametrize("row", UNSAFE, ids=[f"{row.method} {row.path}" for row in UNSAFE])
@pytest.mark.parametrize("sent", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_page_of_another_site_changes_nothing(api, row, sent):
    answer = api.ask(row.method, address(row), headers=sent)
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (403, "own-origin")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1"])
def test_another_host_is_not_answered(api, host):
    answer = api.ask("GET", "/whoami", headers={"Host": host})
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (421, "known-host")


def test_the_application_has_no_route_that_is_not_in_the_table(api):
    found = {(route.path, method) for route in api.application.routes if isinstance(route, Route) for method in route.methods}
    of_pages = {(route.path, method) for route in router_of(api.app, Door(api.app)).routes for method in route.methods}
    told = {(row.address, method) for row in ROWS for method in ({"GET", "HEAD"} if row.method == "GET" else {row.method})}
    open_ = {(path, method) for path in (*OPEN, "/metrics") for method in SAFE}
    assert found - of_pages == told | open_ | {(EXCHANGE, "POST")}


def test_a_route_without_an_action_cannot_be_made():
    with pytest.raises(ValueError, match="not in the table of actions"):
        Row("GET", "/secrets", "secrets:leak", "Show secrets", lambda call: call, dict)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/refs", 401),
        ("OPTIONS", "/refs", 405),
        ("GET", "/refs/", 404),
        ("GET", "//refs", 404),
        ("GET", "/REFS", 404),
        ("GET", "/refs;x=1", 404),
        ("GET", "/%72efs", 401),
        ("TRACE", "/refs", 405),
        ("PATCH", "/refs/data/x", 405),
        ("GET", "/../v1/refs", 401),
    ],
)
def test_an_address_that_is_written_otherwise_is_no_way_around(api, method, path, status):
    assert api.client.request(method, "/api/remint/v1" + path).status_code == status


def test_head_of_a_list_passes_the_gate_as_well(api):
    answer = api.ask("HEAD", "/refs")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_token_that_does_not_count_is_refused(api):
    answer = api.ask("GET", "/whoami", "rmt_" + "A" * 43)
    assert (answer.status_code, answer.json()["code"]) == (401, "denied")


def test_a_revoked_token_is_refused_at_once(api):
    secret = api.secret(api.project.bo)
    number = api.ask("GET", "/whoami", secret).json()["token"]
    assert api.ask("DELETE", f"/tokens/{number}").status_code == 200
    assert api.ask("GET", "/whoami", secret).status_code == 401


def test_metrics_need_a_token(api):
    assert api.client.get("/metrics").status_code == api.client.get("/api/remint/v1/refs").status_code == 401
    answer = api.client.get("/metrics", headers={"Authorization": f"Bearer {api.ana}"})
    assert 'remint_requests_total{route="GET /refs",status="401"}' in answer.text


def test_what_is_open_says_nothing_of_the_project(api):
    assert api.client.get("/healthz").json() == {"live": True}
    assert api.client.get("/readyz").json() == {"live": True, "ready": True}
    assert api.client.get("/openapi.json").json()["openapi"] == "3.1.0"


def test_the_pages_are_there_and_send_who_is_not_signed_in_to_the_form(api):
    answer = api.client.get("/changes")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/changes")
