"""Use cases of refs and workspaces."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.artifact import Artifact
from remint.core.ref import Move, Ref, RefName
from remint.core.workspace import Workspace
from remint.ports.usecases.context import Context


class Refs(Protocol):
    """Reading refs and moving those that are not protected."""

    def resolve(self, context: Context, text: str) -> tuple[RefName, Artifact]:
        """Return the ref a text names and the artifact it means, at the selector if there is one.

        Raises:
            RefNotFound: there is no such ref or version.
        """
        ...

    def artifact(self, context: Context, text: str) -> Artifact:
        """Return the artifact that a ref or a digest (12 digits or more) means."""
        ...

    def move(self, context: Context, text: str, *, to: str, expect: str | None, reason: str) -> Move:
        """Point a ref at an artifact if it still points at `expect`.

        Raises:
            Denied: the ref is protected; only an approved change moves it.
            RefMoved: it points elsewhere.
        """
        ...

    def get(self, context: Context, text: str) -> Ref:
        """Return where a ref points.

        Raises:
            RefNotFound: it does not exist.
        """
        ...

    def log(self, context: Context, text: str, *, limit: int = 50, before: int | None = None) -> Sequence[Move]:
        """Return the moves of a ref, newest first; `before` is the order of the last move of the page before."""
        ...

    def list(self, context: Context, *, kind: str | None = None, after: str = "", limit: int = 1000) -> Sequence[Ref]:
        """Return the refs of the context's workspace by name; `after` is the `kind/name` of the last of the page before."""
        ...

    def fork(self, context: Context, name: str, *, base: str = "main") -> Workspace:
        """Make a sandbox: a copy-on-write fork of a workspace. Copies no data; one durable commit.

        Raises:
            Conflict: the name is taken.
            NotFound: there is no such base.
        """
        ...

    def workspaces(self) -> Sequence[Workspace]:
        """Return all workspaces."""
        ...
