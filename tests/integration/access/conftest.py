import pytest

from remint.app import App, initialise
from remint.config import load
from remint.core import canonical
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context


@pytest.fixture
def app(tmp_path):
    """A project of ana, its owner, with bo, an approver, cy, a member, vi, a viewer, and the service nightly."""
    initialise(tmp_path, owner="ana")
    opened = App(load(tmp_path, environment={}))
    ana = Context(PrincipalId("ana"), "main")
    opened.principals.create(ana, "bo", roles=("approver",))
    opened.principals.create(ana, "cy", roles=("member",))
    opened.principals.create(ana, "vi", roles=("viewer",))
    opened.principals.create(ana, "nightly", kind="service", roles=("member",))
    yield opened
    opened.close()


@pytest.fixture
def ana():
    return Context(PrincipalId("ana"), "main")


@pytest.fixture
def bo():
    return Context(PrincipalId("bo"), "main")


@pytest.fixture
def cy():
    return Context(PrincipalId("cy"), "main")


@pytest.fixture
def vi():
    return Context(PrincipalId("vi"), "main")


@pytest.fixture
def entries(app):
    """Returns the leaves of the audit log as they are now."""

    def read():
        with app.catalog.read() as tx:
            return [canonical.loads(leaf) for leaf in tx.entries.leaves()]

    return read
