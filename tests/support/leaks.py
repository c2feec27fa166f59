"""Finds what must be gone: every byte of a project's state is looked at, packed, extracted, columnar or in the catalog."""

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from remint.adapters.blobs.local import LocalBlobs
from remint.errors import Corrupt


def places_of(state: Path, *words: str) -> list[str]:
    """Return where one of some words stands in a folder of state; empty if nowhere."""
    wanted = [word.encode() for word in words]
    return sorted({where for where, content in _contents(state) if any(word in content for word in wanted)})


def _contents(state: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(state.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path.relative_to(state)), content
            yield str(path.relative_to(state)), _rows(content)
    blobs = LocalBlobs(state / "store")
    for digest in blobs.digests():
        try:
            content = blobs.get(digest)
        except Corrupt:  # a damaged record holds nothing that can be read
            continue
        yield digest, content
        yield digest, _rows(content)
    database = sqlite3.connect(state / "catalog.db")
    yield "catalog", "\n".join(database.iterdump()).encode()
    database.close()


def _rows(content: bytes) -> bytes:
    if content[:4] != b"PAR1" or content[-4:] != b"PAR1":
        return b""
    return repr(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
