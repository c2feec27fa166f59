"""Refs and workspaces on a server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from remint.adapters.remote.connection import AT, Connection, words
from remint.core.artifact import Artifact
from remint.core.digest import SHORT, Digest
from remint.core.ref import Move, Ref, RefName, parse_ref
from remint.core.workspace import Workspace
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class _Moves:
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class _Refs:
    refs: list[Ref]


@dataclass(frozen=True, slots=True)
class _Workspaces:
    workspaces: list[Workspace]


@dataclass(frozen=True, slots=True)
class _Meant:
    artifact: Artifact


@dataclass(frozen=True)
class RemoteRefs:
    """See ports.usecases.refs.Refs.

    Attributes:
        on_artifact: told of each artifact whose record was read.
    """

    connection: Connection
    on_artifact: Callable[[Digest], None]

    def resolve(self, context: Context, text: str) -> tuple[RefName, Artifact]:
        """Return the ref a text names and the artifact it means."""
        name, _ = parse_ref(text, workspace=context.workspace)
        return name, self.artifact(context, text)

    def artifact(self, context: Context, text: str) -> Artifact:
        """Return the artifact that a ref or a digest means."""
        is_digest = text.startswith("b3:") and len(text) >= 3 + SHORT
        if not is_digest:
            parse_ref(text, workspace=context.workspace)
        meant = self.connection.call("GET", "/meaning", _Meant, query={"text": text}, headers=_at(context)).artifact
        self.on_artifact(meant.digest)
        return meant

    def move(self, context: Context, text: str, *, to: str, expect: str | None, reason: str) -> Move:
        """Point a ref at an artifact if it still points at what the caller saw."""
        name, _ = parse_ref(text, workspace=context.workspace)
        saw: Mapping[str, str] = {"If-None-Match": "*"} if expect is None else {"If-Match": f'"{Digest.parse(expect)}"'}
        return self.connection.call(
            "PUT", _path("refs", name), Move, body={"to": to, "reason": reason}, headers={AT: name.workspace, **saw}
        )

    def get(self, context: Context, text: str) -> Ref:
        """Return where a ref points."""
        name, selector = parse_ref(text, workspace=context.workspace)
        path = _path("refs", name) + ("" if selector is None else quote("@" + text.partition("@")[2], safe="@:"))
        return self.connection.call("GET", path, Ref, headers={AT: name.workspace})

    def log(self, context: Context, text: str, *, limit: int = 50, before: int | None = None) -> Sequence[Move]:
        """Return the moves of a ref, newest first."""
        name, _ = parse_ref(text, workspace=context.workspace)
        query = {"limit": limit, "after": before}
        return self.connection.call("GET", _path("moves", name), _Moves, query=query, headers={AT: name.workspace}).moves

    def list(self, context: Context, *, kind: str | None = None, after: str = "", limit: int = 1000) -> Sequence[Ref]:
        """Return the refs of the context's workspace by name."""
        query = {"kind": kind, "after": after, "limit": limit}
        return self.connection.call("GET", "/refs", _Refs, query=query, headers=_at(context)).refs

    def fork(self, context: Context, name: str, *, base: str = "main") -> Workspace:
        """Make a sandbox."""
        return self.connection.call("POST", "/workspaces", Workspace, body={"name": name, "base": base}, headers=_at(context))

    def workspaces(self) -> Sequence[Workspace]:
        """Return all workspaces."""
        return self.connection.call("GET", "/workspaces", _Workspaces).workspaces


def _at(context: Context) -> dict[str, str]:
    return {AT: context.workspace}


def _path(noun: str, name: RefName) -> str:
    return words(noun, name.kind, name.name)
