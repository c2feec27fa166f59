"""Whose records a database holds: a URL can name another project's, and then `gc` here would find nothing needed."""

import os
from pathlib import Path

from remint.adapters.catalog.engine import SqlCatalog
from remint.errors import Conflict, Unavailable

MARK = "installation"
"""A file in the project's folder of state with the id of the installation whose records it goes with."""


def require_own(catalog: SqlCatalog, state: Path) -> None:
    """Refuse a catalog that does not go with a project's store and keys; remember the first that has records.

    Raises:
        Conflict: it goes with others.
        Unavailable: the disk does not say or does not keep which.
    """
    with catalog.read() as tx:
        found = tx.facts.get("installation")
    own = _remembered(state / MARK)
    if own is None and found is not None:
        remember(found, state)
    elif own is not None and own != found:
        raise Conflict(
            "the catalog was not opened",
            why="it holds no records"
            if found is None
            else "it holds the records of another project than this store and these keys",
            next_step=f"mend the setting `catalog`; if it is right, remove {state.name}/{MARK}",
        )


def remember(installation: str, state: Path) -> None:
    """Write down whose records go with a project's store and keys."""
    part = state / f"{MARK}.{os.getpid()}.part"
    try:
        part.write_text(f"{installation}\n", encoding="utf-8")
        part.replace(state / MARK)
    except OSError as error:
        raise Unavailable(
            "the catalog was not opened",
            why=f"{state.name}/{MARK} was not written: {error.strerror or error}",
            next_step="make room or mend the permissions, and try again",
        ) from error


def _remembered(mark: Path) -> str | None:
    try:
        return mark.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            "the catalog was not opened",
            why=f"{mark.parent.name}/{mark.name} cannot be read: {error}",
            next_step="mend its permissions, or remove it if the setting `catalog` is right",
        ) from error
