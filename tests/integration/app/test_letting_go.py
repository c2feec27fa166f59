"""An app that was closed is gone as soon as nobody holds it, so that another command finds its open packs free.

A circle from a service back to the app once kept a pack locked until the collector came by; the next command began another one.
"""

import gc
import weakref

import pytest

from remint.app import App, initialise
from remint.config import load

SERVICES = (
    *(
        "access",
        "artifacts",
        "audit",
        "backups",
        "changes",
        "control",
        "erasures",
        "history",
        "identity",
        "lineage",
        "pipelines",
    ),
    *("principals", "refs", "regenerations", "remotes", "rights", "runs", "sources", "storage", "table_versions", "tracking"),
)


@pytest.fixture
def uncollected():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("remote", ["", 'remote = "team"\n[remotes.team]\nurl = "file:///nowhere"\n'], ids=["alone", "remote"])
@pytest.mark.parametrize("name", SERVICES)
def test_no_service_keeps_the_app_alive(tmp_path, name, remote):
    initialise(tmp_path, owner="ana")
    settings = tmp_path / "remint.toml"
    settings.write_text(settings.read_text() + remote)
    app = App(load(tmp_path, environment={}))
    assert getattr(app, name) is not None
    watched = weakref.ref(app)
    app.close()
    del app
    assert watched() is None
