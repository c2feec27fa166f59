"""Every store of bytes, empty."""

import pytest

from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.blobs.memory import MemoryBlobs

STORES = {"memory": lambda _folder: MemoryBlobs(), "local": lambda folder: LocalBlobs(folder / "store")}


@pytest.fixture(params=STORES)
def blobs(request, tmp_path):
    return STORES[request.param](tmp_path)


@pytest.fixture
def file(tmp_path):
    """A file to keep, in a folder outside the store."""
    path = tmp_path / "outside" / "file"
    path.parent.mkdir()
    path.write_bytes(b"content")
    return path
