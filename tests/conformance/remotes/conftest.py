"""Every remote, empty."""

import pytest

from remint.adapters.remotes.cached import CachedRemote
from remint.adapters.remotes.folder import FolderRemote
from remint.adapters.remotes.object_store import open_store
from tests.support import azure, s3

SERVERS = {"s3": s3, "azure": azure}


@pytest.fixture(params=["folder", "cached", *SERVERS])
def remote(request, tmp_path, monkeypatch):
    if request.param in SERVERS:
        server = SERVERS[request.param]
        if not server.ENDPOINT:
            pytest.skip(server.ABSENT)
        for name, value in server.CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        return open_store(server.place())
    folder = FolderRemote("team", tmp_path / "remote")
    return folder if request.param == "folder" else CachedRemote(folder, tmp_path / "cache")
