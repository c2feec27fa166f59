"""Altering what a remote holds, as only its owner can."""

from pathlib import Path

import obstore

from remint.adapters.remotes.object_store import open_store
from remint.core.remote import Place


def replace(place: Place, name: str, content: bytes | None) -> None:
    """Put something else under a name, or remove it."""
    if place.scheme == "file":
        path = Path(place.rest) / name
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        return
    store = open_store(place)._store
    if content is None:
        obstore.delete(store, name)
    else:
        obstore.put(store, name, content)
