"""Signing in by a real provider in a browser: away, and back as who one is there."""

import pytest

from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.browser import ABSENT, BROWSER, FAULTS, Tab, chromium
from tests.support.pages import pages_of
from tests.support.providers import ABSENT as NO_PROVIDER
from tests.support.providers import FIRST

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason=ABSENT),
    pytest.mark.skipif(not FIRST, reason=f"not yet: {NO_PROVIDER}"),
]
SETTINGS = f"""
[oidc.acme]
label = "Acme"
issuer = "{FIRST}"
client_id = "remint"
create = true
groups = {{risk = "risk-board"}}
"""


@pytest.fixture
def app(tmp_path):
    """A project that knows a provider, with a team of viewers."""
    initialise(tmp_path, owner="ana")
    (tmp_path / "remint.toml").write_text(SETTINGS, encoding="utf-8")
    opened = App(load(tmp_path, environment={}))
    ana = Context(PrincipalId("ana"), "main")
    opened.teams.create(ana, "risk-board")
    opened.teams.grant(ana, "risk-board", "viewer")
    yield opened
    opened.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_leaves_for_the_provider_and_comes_back_signed_in(app, tmp_path_factory, scripts):
    with chromium(tmp_path_factory.mktemp("browser")) as running, pages_of(app) as address:
        tab = Tab(running, scripts=scripts)
        tab.goto(f"{address}/changes")
        assert tab.value(FAULTS) == []
        tab.click("a[href='/login/acme?next=/changes']")
        tab.value("document.querySelector('input[name=login]').focus()")
        tab.type("cleo+risk")
        tab.value("document.querySelector('input[name=password]').focus()")
        tab.type("any")
        tab.click("button[type=submit]")
        tab.click("button[type=submit]")
        tab.wait_for("location.pathname === '/changes'")
        assert "acme-cleo" in tab.text()
        tab.click("form[action='/signout'] button")
        assert "Sign in with Acme" in tab.text()
        tab.close()
    assert app.teams.get("risk-board").members == {"acme-cleo": (FIRST,)}
