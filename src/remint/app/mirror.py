"""What is held here of a project that a server keeps: bytes, and records of what was read or made here."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from remint.app.facade import App
from remint.config import Settings
from remint.core.ids import PrincipalId
from remint.core.ref import PRODUCTION, Move, RefName, parse_ref
from remint.core.workspace import Workspace
from remint.errors import Invalid, RefNotFound
from remint.ports.usecases.artifacts import Progress
from remint.ports.usecases.context import Context

if TYPE_CHECKING:
    from remint.adapters.blobs.local import LocalBlobs
    from remint.adapters.remote.blobs import Needed, RemoteBlobs
    from remint.adapters.remote.connection import Connection
    from remint.core.artifact import Artifact
    from remint.core.digest import Digest
    from remint.ports.blobs import Blobs, Taking
    from remint.ports.usecases.artifacts import Artifacts
    from remint.ports.usecases.recording import Recording
    from remint.ports.usecases.refs import Refs

SELF = PrincipalId("client")
"""Who owns what is held; the server knows who really acts."""

Told = TypeVar("Told")


class Mirror(App):
    """An app over what is held here; it is a cache, and may be deleted at any time.

    Args:
        settings: of the project, or of the folder it is used in.
        connection: to the server.
        needed: artifacts whose records were read from it.
        refs: on the server.
    """

    def __init__(self, settings: Settings, connection: "Connection", needed: "Needed", refs: "Refs") -> None:
        name = "".join(letter if letter.isalnum() else "-" for letter in connection.place.url.partition("//")[2])
        super().__init__(settings.holding(name))
        self._connection = connection
        self._needed = needed
        self.there = refs
        self.settings.state.mkdir(parents=True, exist_ok=True)
        self.projects.start(SELF)

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._connection.place.url

    @cached_property
    def carried(self) -> "RemoteBlobs":
        """What carries bytes."""
        from remint.adapters.blobs.frames import FrameTaking
        from remint.adapters.remote.blobs import RemoteBlobs

        def take(store: "Blobs") -> "Taking":
            return FrameTaking(store, self.settings.state / "scratch")

        def files(artifact: "Artifact") -> "Sequence[bytes]":
            return [raw for rows in self.artifacts.rows(artifact) for raw in rows.raws()]

        return RemoteBlobs(self._connection, self._needed, take, files)

    @cached_property
    def blobs(self) -> "LocalBlobs":
        """The bytes; what is not here is brought when it is read."""
        from remint.adapters.blobs.lazy import LazyBlobs

        return LazyBlobs(self.settings.state / "store", self.carried.bring)

    @cached_property
    def artifacts(self) -> "Artifacts":
        """Artifacts, whose records are brought when they are read."""
        from remint.services.artifacts import ArtifactService

        made = super().artifacts
        assert isinstance(made, ArtifactService)
        return replace(made, need=self.need)

    @cached_property
    def recording(self) -> "Recording":  # type: ignore[override]  # the server's, of which only the Protocol is used here
        """The records of runs."""
        from remint.adapters.remote.recording import RemoteRecording

        return RemoteRecording(self._connection, self._carry, self.need)

    def _carry(self, artifacts: "Sequence[Artifact]", tell: Callable[[], Told]) -> Told:
        told = self.carried.told_of(self.blobs, artifacts, tell)
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            for artifact in artifacts:
                tx.artifacts.add(artifact, at_us=at_us)
        return told

    def need(self, digest: "Digest") -> None:
        """Bring the record of an artifact, unless it is here.

        Raises:
            ArtifactNotFound: the server has none, or does not show it.
        """
        from remint.adapters.remote.connection import words
        from remint.core.artifact import Artifact

        self._needed.add(digest)
        with self.catalog.read() as tx:
            if tx.artifacts.known([digest]):
                return
        found = self._connection.call("GET", words("artifacts", digest), Artifact)
        with self.catalog.begin() as tx:
            tx.artifacts.add(found, at_us=self.clock.now_us())

    # ---- refs

    def context_of(self, context: Context) -> Context:
        """Return who acts on what is held, in the same workspace."""
        return Context(SELF, context.workspace)

    def follow(self, context: Context, name: str) -> "tuple[RefName, Digest | None]":
        """Point a ref at what it points at on the server; return that, None if there is none."""
        ref, selector = parse_ref(name, workspace=context.workspace)
        if selector is not None:
            raise Invalid(
                f"{name} cannot be changed", why="it is one version, and versions stay", next_step=f"name the ref: {ref.path}"
            )
        try:
            there = self.there.get(context, str(ref)).artifact
        except RefNotFound:
            there = None
        if there is not None:
            self.need(there)
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            if ref.workspace != PRODUCTION:
                tx.workspaces.add(Workspace(ref.workspace, PRODUCTION, 0, SELF, at_us))
            seen = tx.refs.get(ref)
            old = seen.artifact if seen is not None else None
            if there is not None and old != there:
                tx.refs.move(Move(ref, 0, old, there, SELF, at_us, "as on the server"))
        return ref, there

    def publish(
        self, context: Context, ref: RefName, there: "Digest | None", made: "Artifact", on_progress: Progress | None = None
    ) -> bool:
        """Bring an artifact to the server and point the ref at it there; return whether it pointed elsewhere."""
        if there == made.digest:
            return False
        with self.catalog.read() as tx:
            reason = tx.refs.log(ref, limit=1)[0].reason
        with self.blobs.adding():
            self.carried.record(self.blobs, made, like=there, on_bytes=on_progress)
        self.there.move(context, str(ref), to=made.digest, expect=there, reason=reason)
        return True
