"""Which adapter a remote needs."""

from pathlib import Path

from remint.adapters.remotes.cached import CachedRemote
from remint.adapters.remotes.folder import FolderRemote
from remint.adapters.remotes.object_store import open_store
from remint.core.remote import Place
from remint.ports.remotes import Remote


def open_remote(place: Place, cache: Path) -> Remote:
    """Return a remote; nothing is asked yet.

    Args:
        place: where it is.
        cache: a folder for its indexes, which may be deleted at any time.

    Raises:
        Invalid: what it needs is not installed, or an option is unknown.
    """
    remote = FolderRemote(place.name, Path(place.rest)) if place.scheme == "file" else open_store(place)
    return CachedRemote(remote, cache)
