"""Lineage: the graph of runs and artifacts behind one artifact. It is read from the records, never written by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.ids import PrincipalId, RunId


@dataclass(frozen=True, slots=True)
class Maker:
    """The run that made an artifact, as far as lineage needs it."""

    run: RunId
    step: str
    by: PrincipalId
    at_us: int
    guarded: bool
    code: Digest
    environment: Digest
    git: Mapping[str, str]
    inputs: Mapping[str, Digest]


@dataclass(frozen=True, slots=True)
class LineageNode:
    """An artifact in a lineage.

    Attributes:
        maker: the run that made it; None if it came from outside.
        source: who added it from outside, and how, in words; empty if a run made it or nobody knows.
        refs: refs that ever pointed at it, with their serial, oldest first.
    """

    artifact: Digest
    kind: Kind
    maker: Maker | None
    source: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything behind `target`, by digest, in the order of discovery (nearest first)."""

    target: Digest
    nodes: Mapping[Digest, LineageNode]

    def unknown(self) -> list[Digest]:
        """Return the ancestors of which nobody knows where they come from."""
        return [digest for digest, node in self.nodes.items() if node.maker is None and not node.source]

    def people(self) -> frozenset[PrincipalId]:
        """Return everyone whose run is in this lineage."""
        return frozenset(node.maker.by for node in self.nodes.values() if node.maker is not None)

    def sources(self) -> list[LineageNode]:
        """Return the artifacts that came from outside."""
        return [node for node in self.nodes.values() if node.maker is None]
