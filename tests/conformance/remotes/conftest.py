"""Every remote, empty."""

import pytest

from remint.adapters.remotes.cached import CachedRemote
from remint.adapters.remotes.folder import FolderRemote
from remint.adapters.remotes.object_store import open_store
from tests.support import s3


def _s3(monkeypatch):
    if not s3.ENDPOINT:
        pytest.skip(s3.ABSENT)
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return open_store(s3.place())


@pytest.fixture(params=["folder", "s3", "cached"])
def remote(request, tmp_path, monkeypatch):
    if request.param == "s3":
        return _s3(monkeypatch)
    folder = FolderRemote("team", tmp_path / "remote")
    return folder if request.param == "folder" else CachedRemote(folder, tmp_path / "cache")
