"""Workspaces as they were, settings, and what is known of artifacts besides, on a server."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from remint.adapters.remote.connection import AT, Connection, words
from remint.adapters.remote.refusals import Part
from remint.core.digest import Digest
from remint.core.erasure import Erased
from remint.core.ref import Move
from remint.ports.usecases.configuration import Compared, Configuration
from remint.ports.usecases.context import Context
from remint.ports.usecases.erasures import Erasures
from remint.ports.usecases.history import RefDifference
from remint.ports.usecases.sources import Sourced, Sources


@dataclass(frozen=True, slots=True)
class _Moves:
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class _Differences:
    differences: list[RefDifference]


@dataclass(frozen=True, slots=True)
class _Erased:
    erased: list[Erased]


@dataclass(frozen=True, slots=True)
class _Sources:
    sources: list[Sourced]


@dataclass(frozen=True)
class RemoteHistory:
    """See ports.usecases.history.History."""

    connection: Connection

    def at(self, context: Context, when: str, *, kind: str | None = None) -> Sequence[Move]:
        """Return the last move of each ref at a time."""
        query = {"when": when, "kind": kind}
        return self.connection.call("GET", "/history", _Moves, query=query, headers={AT: context.workspace}).moves

    def between(self, left: str, right: str) -> Sequence[RefDifference]:
        """Return every ref that differs between two views."""
        return self.connection.call("GET", "/differences", _Differences, query={"left": left, "right": right}).differences


@dataclass(frozen=True)
class RemoteConfiguration(Part):
    """What clients do of ports.usecases.configuration.Configuration."""

    whole: ClassVar[type] = Configuration
    connection: Connection

    def compare(self) -> Compared:
        """Return how the settings in force on the server depart from those recorded."""
        return self.connection.call("GET", "/settings", Compared)


@dataclass(frozen=True)
class RemoteErasures(Part):
    """What clients do of ports.usecases.erasures.Erasures."""

    whole: ClassVar[type] = Erasures
    connection: Connection

    def among(self, artifacts: Iterable[Digest]) -> Mapping[Digest, Erased]:
        """Return those of some artifacts that an erasure took."""
        return {one.artifact: one for one in self._asked("/erased", artifacts)}

    def behind(self, artifacts: Iterable[Digest]) -> Sequence[Erased]:
        """Return what erasures took of some artifacts and of everything behind them."""
        return self._asked("/erased/behind", artifacts)

    def _asked(self, path: str, artifacts: Iterable[Digest]) -> Sequence[Erased]:
        return self.connection.call("POST", path, _Erased, body={"digests": list(artifacts)}).erased


@dataclass(frozen=True)
class RemoteSources(Part):
    """What clients do of ports.usecases.sources.Sources."""

    whole: ClassVar[type] = Sources
    connection: Connection

    def of(self, digest: Digest) -> Sequence[Sourced]:
        """Return where an artifact came from, newest first."""
        return self.connection.call("GET", words("artifacts", digest, "sources"), _Sources).sources
