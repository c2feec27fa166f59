"""Every store of bytes, empty."""

import pytest

from remint.adapters.blobs import refusals
from remint.adapters.blobs.lazy import LazyBlobs
from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.blobs.memory import MemoryBlobs
from remint.core.digest import from_raw


def nowhere(_store, raws):
    """Bring nothing: what is not here is nowhere."""
    raise refusals.missing(from_raw(min(raws)))


STORES = {
    "memory": lambda _folder: MemoryBlobs(),
    "local": lambda folder: LocalBlobs(folder / "store"),
    "lazy": lambda folder: LazyBlobs(folder / "store", nowhere),
}


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
