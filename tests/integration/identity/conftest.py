import pytest

from remint.app import App, initialise
from remint.config import load
from remint.core import canonical
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.issuer import LocalIssuer

SETTINGS = """
[oidc.acme]
issuer = "{issuer}"
client_id = "remint"
create = true
groups = {{ml = "builders", risk = "risk-board"}}

[oidc.other]
issuer = "{other}"
client_id = "remint"
create = true

[oidc.closed]
issuer = "{issuer}"
client_id = "remint"

[workload.ci]
issuer = "{issuer}"
audience = "remint"
claims = {{repository = "acme/models", ref = "refs/heads/main"}}
principal = "nightly"
scopes = ["read", "write"]
minutes = 10
"""


@pytest.fixture(scope="module")
def issuers():
    """Two issuers that know the same subjects."""
    both = LocalIssuer(), LocalIssuer()
    yield both
    for one in both:
        one.close()


@pytest.fixture
def issuer(issuers):
    return issuers[0]


@pytest.fixture(autouse=True)
def as_at_first(issuers):
    """Let issuers answer as they do when nothing was changed."""
    for one in issuers:
        one.document, one.id_token, one.userinfo = {}, "", None


@pytest.fixture
def app(tmp_path, issuers):
    """A project of ana, its owner, bo, an approver, and the service nightly, a member, that knows both issuers."""
    initialise(tmp_path, owner="ana")
    (tmp_path / "remint.toml").write_text(SETTINGS.format(issuer=issuers[0].url, other=issuers[1].url), encoding="utf-8")
    opened = App(load(tmp_path, environment={}))
    ana = Context(PrincipalId("ana"), "main")
    opened.principals.create(ana, "bo", roles=("approver",))
    opened.principals.create(ana, "nightly", kind="service", roles=("member",))
    yield opened
    opened.close()


@pytest.fixture
def ana():
    return Context(PrincipalId("ana"), "main")


@pytest.fixture
def entries(app):
    """Returns the leaves of the audit log as they are now, of one action if given."""

    def read(action=None):
        with app.catalog.read() as tx:
            found = [canonical.loads(leaf) for leaf in tx.entries.leaves()]
        return [entry for entry in found if action in {None, entry["action"]}]

    return read
