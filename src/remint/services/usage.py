"""Usage logs as data: what was answered becomes versions of a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ids import PredictionId
from remint.core.prediction import log_ref
from remint.core.ref import Move
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, LogSegment, Transaction
from remint.ports.clock import Clock
from remint.ports.tables import Tables
from remint.ports.usage import Batch, UsageLogs
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.serving import Sealed
from remint.services.refs import moved_meanwhile

MOST_SEGMENTS = 10_000_000
MOST_IDS = 1_000_000_000


@dataclass(frozen=True)
class UsageService:
    """See ports.usecases.serving.Usage."""

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    tables: Tables
    logs: UsageLogs
    clock: Clock

    def deployments(self) -> Sequence[str]:
        """Return the deployments with predictions that are not sealed yet."""
        return self.logs.deployments()

    def seal(self, context: Context, deployment: str) -> Sealed:
        """Turn what was logged into table segments and append them to the log's ref."""
        with self.logs.sealing(deployment):
            pieces = self.logs.pieces(deployment)
            batches = [batch for piece in pieces for batch in piece.batches]
            known = self._sealed_ids(deployment, batches)
            made: list[LogSegment] = []
            log: Digest | None = None
            for same in _by_features(batches):
                segment = self._segment(deployment, same, known)
                if segment is not None:
                    log = self._append(context, *segment)
                    made.append(segment[0])
            self.logs.drop(deployment, [piece.name for piece in pieces if piece.complete])
        return Sealed(deployment, sum(segment.rows for segment in made), tuple(segment.artifact for segment in made), log)

    def _sealed_ids(self, deployment: str, batches: Sequence[Batch]) -> set[str]:
        """Return the ids of sealed predictions of the time that the batches are of."""
        ids = [prediction_id for batch in batches for prediction_id in batch.ids]
        if not ids:
            return set()
        first, last = min(ids), max(ids)
        known: set[str] = set()
        for segment in self._segments(deployment):
            if segment.first_id <= last and segment.last_id >= first:
                files = [path for _, path in self.artifacts.files(segment.artifact)]
                _, rows = self.tables.query("select prediction_id from log", {"log": files}, limit=MOST_IDS)
                known |= {row[0] for row in rows}
        return known

    def _segments(self, deployment: str) -> list[LogSegment]:
        with self.catalog.read() as tx:
            return tx.log_segments.of(deployment, limit=MOST_SEGMENTS)

    def _segment(self, deployment: str, batches: Sequence[Batch], known: set[str]) -> tuple[LogSegment, Artifact] | None:
        file = self.logs.to_segment(deployment, batches, without=known)
        if file is None:
            return None
        kept = self.artifacts.keep(Kind.TABLE, [(file.path.name, file.path)], {}).artifact
        return LogSegment(deployment, file.first_id, file.last_id, file.rows, kept.digest), kept

    def _append(self, context: Context, segment: LogSegment, kept: Artifact) -> Digest:
        """Record a segment, the log with it, and the move of the log's ref: all in one transaction."""
        whole = self._whole(segment, kept)
        ref, at_us = log_ref(segment.deployment), self.clock.now_us()
        self.blobs.flush()
        with self.catalog.begin() as tx:
            current = tx.refs.get(ref)
            old = current.artifact if current else None
            for artifact in (kept, whole):
                tx.artifacts.add(artifact, at_us=at_us)
            tx.log_segments.add(segment)
            reason = f"sealed {segment.rows} predictions of {segment.deployment}"
            if not tx.refs.move(Move(ref, 0, old, whole.digest, context.principal, at_us, reason)):
                raise moved_meanwhile(tx, ref, old)
            facts = {
                "from": old,
                "to": whole.digest,
                "segment": segment.artifact,
                "rows": segment.rows,
                "first": segment.first_id,
                "last": segment.last_id,
            }
            tx.entries.append(Entry("log:seal", str(ref), context.principal, at_us, facts))
        return whole.digest

    def _whole(self, segment: LogSegment, kept: Artifact) -> Artifact:
        """Return the log made of all segments with the columns of the new one; those with others stay in earlier versions."""
        with self.catalog.read() as tx:
            before = [tx.artifacts.get(one.artifact) for one in _in_order(tx, segment)]
        schema = _plain(kept.facts["schema"])
        parts = [part for artifact in before if _plain(artifact.facts["schema"]) == schema for part in artifact.parts]
        if not parts:
            return kept
        return self.artifacts.keep(Kind.TABLE, [(part.path, part.blob) for part in [*parts, *kept.parts]], {}).artifact


def _in_order(tx: Transaction, segment: LogSegment) -> list[LogSegment]:
    return [one for one in tx.log_segments.of(segment.deployment, limit=MOST_SEGMENTS) if one.artifact != segment.artifact]


def _plain(schema: Iterable[Any]) -> list[dict[str, Any]]:
    return [dict(column) for column in schema]


def _by_features(batches: Sequence[Batch]) -> list[list[Batch]]:
    """Return the batches in groups of equal features, the group with the oldest prediction first."""
    groups: dict[tuple[str, ...], list[Batch]] = {}
    for batch in batches:
        groups.setdefault(batch.features, []).append(batch)

    def oldest(group: list[Batch]) -> PredictionId:
        return min(prediction_id for batch in group for prediction_id in batch.ids)

    return sorted(groups.values(), key=oldest)
