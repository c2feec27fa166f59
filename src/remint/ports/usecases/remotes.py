"""Use cases of remotes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.ports.usecases.artifacts import Progress
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Carried:
    """One artifact that was pushed or pulled.

    Attributes:
        ref: it was named by; None for an artifact that was named by its digest or with a version.
        moved: whether the ref was moved on the other side, or would be.
        protected: the ref is one of `main` that only an approved change moves, so it was left where it is.
    """

    artifact: Digest
    ref: str | None
    moved: bool
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was carried, or would be.

    Attributes:
        remote: its name.
        packs: how many whole packs.
        objects: how many whole files.
        pieces: how many blobs were taken out of packs.
        size_bytes: of all of it.
        dry_run: nothing was changed.
    """

    remote: str
    artifacts: tuple[Carried, ...]
    packs: int
    objects: int
    pieces: int
    size_bytes: int
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An artifact that a remote does not keep any more.

    Attributes:
        size_bytes: of its parts; others may share them.
        refs: the versions of refs it is there, as `main:data/flights@3`.
        erased: an erasure took it here.
    """

    digest: Digest
    kind: Kind
    size_bytes: int
    refs: tuple[str, ...]
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a collection in a remote did, or would do.

    Attributes:
        remote: its name.
        kept: artifacts that stay.
        given: artifacts that go, largest first.
        packs: removed whole.
        rewritten: packs of which the rest was written anew.
        objects: whole files removed.
        size_bytes: of all that went.
        dry_run: nothing was changed.
    """

    remote: str
    kept: int
    given: Sequence[GivenUp]
    packs: int
    rewritten: int
    objects: int
    size_bytes: int
    dry_run: bool = False


class Remotes(Protocol):
    """Sharing artifacts and refs through a remote."""

    def push(
        self,
        context: Context,
        names: Sequence[str],
        *,
        to: str | None = None,
        dry_run: bool = False,
        on_progress: Progress | None = None,
    ) -> Transfer:
        """Bring artifacts to a remote, and move the refs there that were named without a version.

        Idempotent; only what is missing there is carried. A crash at any point leaves at most bytes there that nothing names;
        the same call goes on from them.

        Args:
            context: who acts, and where.
            names: refs, with or without a version, and digests; none for every ref of the workspace.
            to: the remote; the one of the settings if not given.
            dry_run: say what would be carried.
            on_progress: called with bytes.

        Raises:
            Invalid: there is no such remote.
            RefMoved: a ref was pushed by somebody else since it was pulled; nothing there was moved.
            Conflict: it took more than a day, so it was taken for dead.
            Corrupt: bytes here are gone or damaged.
            Unavailable, Denied, NotFound: as the remote; and Unavailable if somebody collected there all the time.
        """
        ...

    def pull(
        self,
        context: Context,
        names: Sequence[str],
        *,
        source: str | None = None,
        lazy: bool = False,
        theirs: bool = False,
        on_progress: Progress | None = None,
    ) -> Transfer:
        """Bring artifacts from a remote, and move the refs here that were named without a version and are not protected.

        Every byte is verified before anything refers to it. Idempotent; only what is missing here is carried. A crash at any
        point leaves at most bytes here that nothing names; the same call goes on from them.

        Args:
            context: who acts, and where.
            names: as for `push`; none for every ref of the workspace that was pushed.
            source: the remote; the one of the settings if not given.
            lazy: leave out the files of sets of files; each is brought when it is first read.
            theirs: move a ref here also if both sides moved it; what is here stays in its log.
            on_progress: called with bytes.

        Raises:
            Invalid: there is no such remote; or lazily from another than the one of the settings.
            RefNotFound, ArtifactNotFound: it was not pushed.
            RefMoved: a ref was moved on both sides; nothing was carried.
            Corrupt: what the remote holds is not what it says; nothing of it is kept.
            Unavailable, Denied, NotFound: as the remote, or the disk is full.
        """
        ...

    def clear(
        self,
        context: Context,
        name: str | None = None,
        *,
        dry_run: bool = False,
        unused_days: int | None = None,
        on_progress: Progress | None = None,
    ) -> Cleared:
        """Give up in a remote the versions of refs that nothing needs, what erasures took, and bytes that nothing names.

        A version is needed if the retention of this project keeps it by the list of versions there, or if it is needed here
        (see ports.usecases.storage.Storage.collect). What was pushed by its digest alone stays. The lists of versions stay as
        they are. Nobody pushes meanwhile. A crash at any point leaves at most bytes there that nothing names; the same call
        goes on from them.

        Args:
            context: who asks.
            name: of the remote; that of the settings if not given.
            dry_run: change nothing, and say what would go.
            unused_days: instead of the setting.
            on_progress: called with bytes that are read and written.

        Raises:
            Denied: the principal is no owner; or as the remote.
            Invalid: there is no such remote.
            Corrupt: a record, an index or a list there cannot be read, so that what is needed cannot be told; nothing went.
            Unavailable: others kept pushing, or collect there; or as the remote.
        """
        ...
