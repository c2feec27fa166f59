"""What pushing and pulling have in common: the two sides, and what names mean on each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from remint.core.digest import SHORT, raw_digest
from remint.core.ref import RefName, parse_ref
from remint.core.remote import Place, RemoteVersion, decode_ref, index_name, pack_name, ref_name
from remint.errors import BlobAltered, BlobMissing, Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.remotes import Exchange, Remote
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.refs import Refs
from remint.services.access import Access
from remint.services.manifests import Manifests


class Store(Blobs, Protocol):
    """A store whose packs can be carried."""

    def exchange(self) -> Exchange:
        """Return what packs and unpacks; for use inside `adding`."""
        ...


@dataclass(frozen=True)
class Places:
    """The remotes of a project.

    Attributes:
        all: those of the settings, by name.
        default: the name of the one that is meant where none is named; may be empty.
        opened: opens one.
    """

    all: Mapping[str, Place]
    default: str
    opened: Callable[[Place], Remote]

    def open(self, name: str | None = None) -> tuple[str, Remote]:
        """Return the name of a remote, and the remote.

        Raises:
            Invalid: none is named, or there is none of that name.
        """
        chosen = name or self.default
        if not chosen:
            raise Invalid(
                "no remote is named",
                why="the setting `remote` is empty",
                next_step='write `remote = "NAME"` and [remotes.NAME] with a url into remint.toml',
            )
        if chosen not in self.all:
            raise Invalid(
                f"there is no remote {chosen}",
                why=f"the settings name these: {', '.join(sorted(self.all)) or 'none'}",
                next_step=f"write [remotes.{chosen}] with a url into remint.toml",
            )
        return chosen, self.opened(self.all[chosen])


@dataclass(frozen=True)
class Sides:
    """What both ways need.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    store: Store
    artifacts: Artifacts
    refs: Refs
    manifests: Manifests
    clock: Clock
    protected: tuple[str, ...]
    places: Places
    access: Access


def versions_of(remote: Remote, ref: RefName) -> tuple[tuple[RemoteVersion, ...], str | None]:
    """Return the versions of a ref in a remote, oldest first, and the tag of their record; none and None if it has none."""
    found = remote.get(ref_name(ref))
    return (decode_ref(ref, found[0]), found[1]) if found else ((), None)


def moves_a_ref(context: Context, name: str) -> RefName | None:
    """Return the ref that a name means as a whole; None for a digest and for a version of a ref.

    Raises:
        InvalidName: it is neither.
    """
    if is_digest(name):
        return None
    ref, selector = parse_ref(name, workspace=context.workspace)
    return ref if selector is None else None


def is_digest(name: str) -> bool:
    """Return whether a name is the start of a digest."""
    return name.startswith("b3:") and len(name) >= 3 + SHORT


def verified_index(remote: Remote, pack: str) -> bytes:
    """Return the index of a pack in a remote.

    Raises:
        BlobMissing: it is gone since it was listed.
        BlobAltered: it is not the index of that pack.
    """
    name = index_name(pack)
    found = remote.get(name)
    if found is None:
        raise BlobMissing(f"{name} is gone", why="it was removed from the remote a moment ago", next_step="start again")
    if raw_digest(found[0]).hex() != pack:
        raise BlobAltered(
            f"{name} of the remote was altered",
            why="it does not hash to its name",
            next_step=f"remove it and {pack_name(pack)} from the remote, and push again from a project that has the bytes",
        )
    return found[0]
