"""Runs on a server, and what is known of where things came from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from remint.adapters.remote.connection import Connection, words
from remint.adapters.remote.refusals import Part
from remint.core.control import ModelStatus
from remint.core.digest import Digest
from remint.core.lineage import Lineage
from remint.core.recipe import Recipe
from remint.core.run import End, Run, Start, State
from remint.ports.usecases.regenerations import Regenerations


@dataclass(frozen=True, slots=True)
class _Record:
    run: Run
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class _Records:
    runs: list[_Record]


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


@dataclass(frozen=True, slots=True)
class _Words:
    differences: list[str]


@dataclass(frozen=True, slots=True)
class _Runs:
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class _Unended:
    runs: list[Start]


@dataclass(frozen=True, slots=True)
class _Models:
    models: list[ModelStatus]


@dataclass(frozen=True)
class RemoteRuns:
    """See ports.usecases.runs.Runs.

    Attributes:
        is_alive: returns whether the process that carries out a run, by its place, still runs on this machine; True if that
            cannot be known.
    """

    connection: Connection
    is_alive: Callable[[Mapping[str, Any]], bool]

    def list(self, *, limit: int = 50, before: str | None = None, step: str | None = None) -> Sequence[tuple[Run, Recipe]]:
        """Return runs with their recipes, newest first."""
        query = {"limit": limit, "after": before, "step": step}
        found = self.connection.call("GET", "/run-records", _Records, query=query).runs
        return [(one.run, one.recipe) for one in found]

    def show(self, text: str) -> tuple[Run, Recipe]:
        """Return the run that an id, or the start of one, means."""
        found = self.connection.call("GET", words("runs", text), _Record)
        return found.run, found.recipe

    def log(self, text: str) -> str:
        """Return what a run printed."""
        return self.connection.call("GET", words("runs", text, "log"), _Text).text

    def compare(self, left: str, right: str) -> Sequence[str]:
        """Return, in words, how two runs differ."""
        return self.connection.call("GET", words("runs", left, "differences", right), _Words).differences

    def close_lost(self) -> int:
        """Tell the server of one's own runs that were carried out here by processes that are gone."""
        runs = self.connection.call("GET", "/recording/unended", _Unended).runs
        gone = [start for start in runs if not self.is_alive(start.place)]
        why = {"what": "its process ended before it did", "why": "it was killed"}
        for start in gone:
            end = End(start.id, State.LOST, start.at_us, error=why)
            self.connection.call("POST", words("runs", start.id, "end"), End, body={"end": end, "made": []})
        return len(gone)


@dataclass(frozen=True)
class RemoteLineages:
    """See ports.usecases.lineage.Lineages."""

    connection: Connection

    def up(self, digest: Digest) -> Lineage:
        """Return everything behind an artifact."""
        return self.connection.call("GET", words("artifacts", digest, "lineage"), Lineage)

    def down(self, digest: Digest, *, limit: int = 1000) -> Sequence[Run]:
        """Return runs that used an artifact, oldest first."""
        return self.connection.call("GET", words("artifacts", digest, "impact"), _Runs, query={"limit": limit}).runs


@dataclass(frozen=True)
class RemoteControl:
    """See ports.usecases.control.Control."""

    connection: Connection

    def models(self) -> Sequence[ModelStatus]:
        """Return the status of every production model."""
        return self.connection.call("GET", "/control", _Models).models


@dataclass(frozen=True, slots=True)
class _Again:
    regenerations: list[dict[str, str]]


@dataclass(frozen=True)
class RemoteRegenerations(Part):
    """What clients do of ports.usecases.regenerations.Regenerations."""

    whole: ClassVar[type] = Regenerations
    connection: Connection

    def evidence(self, digest: Digest) -> Sequence[dict[str, str]]:
        """Return what is known of earlier regenerations, newest first."""
        return self.connection.call("GET", words("artifacts", digest, "regenerations"), _Again).regenerations
