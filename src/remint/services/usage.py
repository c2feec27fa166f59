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
from remint.core.tableversion import files_of
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, LogSegment
from remint.ports.clock import Clock
from remint.ports.tables import Tables
from remint.ports.usage import Batch, UsageLogs
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.serving import Sealed
from remint.services.refs import moved_meanwhile
from remint.services.tableparts import TableParts

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
    table_parts: TableParts

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
                with self.blobs.adding():
                    segments = self._segments_of(deployment, same, known)
                    if segments:
                        log = self._append(context, segments)
                        made += [segment for segment, _ in segments]
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

    def _segments_of(self, deployment: str, batches: Sequence[Batch], known: set[str]) -> list[tuple[LogSegment, Artifact]]:
        made: list[tuple[LogSegment, Artifact]] = []
        for file in self.logs.to_segments(deployment, batches, without=known):
            kept = self.artifacts.keep(Kind.TABLE, [(file.path.name, file.path)], {}).artifact
            made.append((LogSegment(deployment, file.first_id, file.last_id, file.rows, kept.digest), kept))
        return made

    def _append(self, context: Context, new: Sequence[tuple[LogSegment, Artifact]]) -> Digest:
        """Record segments, the log with them, and the move of the log's ref: all in one transaction."""
        deployment = new[0][0].deployment
        whole = self._whole(deployment, [kept for _, kept in new])
        ref, at_us = log_ref(deployment), self.clock.now_us()
        rows = sum(segment.rows for segment, _ in new)
        self.blobs.flush()
        with self.catalog.begin() as tx:
            current = tx.refs.get(ref)
            old = current.artifact if current else None
            for artifact in (*(kept for _, kept in new), whole):
                tx.artifacts.add(artifact, at_us=at_us)
            for segment, _ in new:
                tx.log_segments.add(segment)
            reason = f"sealed {rows} predictions of {deployment}"
            if not tx.refs.move(Move(ref, 0, old, whole.digest, context.principal, at_us, reason)):
                raise moved_meanwhile(tx, ref, old)
            facts = {
                "from": old,
                "to": whole.digest,
                "segments": [segment.artifact for segment, _ in new],
                "rows": rows,
                "first": new[0][0].first_id,
                "last": new[-1][0].last_id,
            }
            tx.entries.append(Entry("log:seal", str(ref), context.principal, at_us, facts))
        return whole.digest

    def _whole(self, deployment: str, new: Sequence[Artifact]) -> Artifact:
        """Return the log made of all segments with the columns of the new ones; those with others stay in earlier versions.

        Only the new segments are read where the log there is holds all the earlier ones.
        """
        with self.catalog.read() as tx:
            before = [tx.artifacts.get(one.artifact) for one in tx.log_segments.of(deployment, limit=MOST_SEGMENTS)]
            seen = tx.refs.get(log_ref(deployment))
            log = tx.artifacts.get(seen.artifact) if seen is not None else None
        schema = _plain(new[0].facts["schema"])
        same = [artifact for artifact in before if _plain(artifact.facts["schema"]) == schema]
        held = [part for artifact in same for part in files_of(artifact.parts)]
        if log is not None and log.kind is Kind.TABLE and list(files_of(log.parts)) == held:
            return self.table_parts.followed_by(log, new)
        parts = [*held, *(part for artifact in new for part in files_of(artifact.parts))]
        return self.artifacts.keep(Kind.TABLE, [(part.path, part.blob) for part in parts], {}).artifact


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
