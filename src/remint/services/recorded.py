"""Recorded settings: what they say, how those in force depart from them, and that no change is merged while they do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core import canonical
from remint.core.artifact import Kind
from remint.core.change import PlannedMove
from remint.core.digest import Digest
from remint.core.governing import RECORDED, Judging, departures, judging_of
from remint.errors import Denied, Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, Transaction


@dataclass(frozen=True)
class RecordedSettings:
    """The settings behind the ref `policy/settings`, if there is one.

    Attributes:
        now: the shared settings in force, without those that are as by default.
        defaults: all settings by default.
        read: returns the settings of an artifact.
    """

    now: Mapping[str, Any]
    defaults: Mapping[str, Any]
    read: Callable[[Digest], Mapping[str, Any]]

    def of(self, tx: Transaction) -> Mapping[str, Any] | None:
        """Return the settings that were recorded; None if none were."""
        found = tx.refs.get(RECORDED)
        return None if found is None else self.read(found.artifact)

    def departures(self, tx: Transaction) -> tuple[str, ...]:
        """Return, in words, how the settings in force depart from those recorded."""
        recorded = self.of(tx)
        return () if recorded is None else departures(recorded, self.now)

    def judging(self, tx: Transaction, moves: Sequence[PlannedMove]) -> Judging | None:
        """Return what a change of the recorded settings is judged by: what they say before it. None for any other change."""
        recorded = self.of(tx) if any(move.ref == RECORDED for move in moves) else None
        return None if recorded is None else judging_of({**self.defaults, **recorded})

    def require(self, tx: Transaction, moves: Sequence[PlannedMove], *, doing: str) -> None:
        """Refuse to merge a change that was not judged by what is recorded.

        A change of the recorded settings themselves may be merged if it records those in force.

        Raises:
            Denied: rule `recorded-settings`.
        """
        new = next((move.new for move in moves if move.ref == RECORDED), None)
        found = self.departures(tx) if new is None else departures(self.read(new), self.now)
        if found:
            what = "the settings in force depart from those recorded" if new is None else "it does not record those in force"
            raise Denied(
                doing,
                why=f"rule recorded-settings: {what}: {'; '.join(found[:5])}",
                next_step="put them back, or propose them: `remint config propose`; see `remint config check`",
                rule="recorded-settings",
            )


def read_settings(catalog: Catalog, blobs: Blobs, digest: Digest) -> Mapping[str, Any]:
    """Return the settings that an artifact holds, verified.

    Raises:
        Invalid: it holds none.
    """
    with catalog.read() as tx:
        artifact = tx.artifacts.get(digest)
    value: Any = (
        canonical.decode_value(canonical.loads(blobs.get(artifact.parts[0].blob))) if artifact.kind is Kind.VALUE else None
    )
    if not isinstance(value, dict):
        raise Invalid(
            f"{digest.short} holds no settings",
            why=f"it is of the kind {artifact.kind}, and settings are a table of values",
            next_step="record settings with `remint config propose`",
        )
    return value
