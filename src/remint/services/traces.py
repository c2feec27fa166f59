"""Traces: from a prediction to the model, the run, the data, the code, the environment and the people behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remint.core.artifact import Kind
from remint.core.change import Change
from remint.core.digest import Digest
from remint.core.ids import PredictionId, parse_id
from remint.core.prediction import Prediction
from remint.core.ref import PRODUCTION, Move, RefName
from remint.errors import Corrupt, Denied, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.signing import Keys
from remint.ports.usage import UsageLogs
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.serving import ApprovalSeen, ChangeSeen, Trace
from remint.services.approvals import checked_approvals
from remint.services.lineage import ancestry


@dataclass(frozen=True)
class TraceService:
    """See ports.usecases.serving.Traces."""

    catalog: Catalog
    artifacts: Artifacts
    logs: UsageLogs
    keys: Keys

    def trace(self, prediction_id: str) -> Trace:
        """Return everything behind a prediction."""
        wanted = PredictionId(parse_id(prediction_id))
        prediction, segment = self._find(wanted)
        self.artifacts.files(prediction.model)
        name = RefName(PRODUCTION, "model", prediction.deployment)
        with self.catalog.read() as tx:
            lineage = ancestry(tx, prediction.model)
            move = _move_behind(tx, name, prediction)
            change = self._change(tx, move)
        maker = lineage.nodes[prediction.model].maker
        data = [
            node
            for digest, node in lineage.nodes.items()
            if digest != prediction.model and node.kind in {Kind.TABLE, Kind.FILES}
        ]
        environment = self._environment(maker.environment) if maker is not None else {}
        return Trace(prediction, segment, f"{name}@{move.serial}", change, maker, tuple(data), environment, lineage)

    def _find(self, wanted: PredictionId) -> tuple[Prediction, Digest | None]:
        sealed = self._find_sealed(wanted)
        if sealed is not None:
            return sealed
        live = self.logs.find(wanted)
        if live is not None:
            return live, None
        # It may have been sealed between the two looks.
        sealed = self._find_sealed(wanted)
        if sealed is not None:
            return sealed
        raise NotFound(
            f"there is no prediction {wanted}",
            why="no usage log of this project holds it",
            next_step="check the id: it is in the answer, under parameters.prediction_ids",
        )

    def _find_sealed(self, wanted: PredictionId) -> tuple[Prediction, Digest | None] | None:
        with self.catalog.read() as tx:
            segments = list(tx.log_segments.holding(wanted))
        for segment in segments:
            files = [path for _, path in self.artifacts.files(segment.artifact)]
            found = self.logs.row(segment.deployment, files, wanted)
            if found is not None:
                return found, segment.artifact
        return None

    def _change(self, tx: Transaction, move: Move) -> ChangeSeen:
        if move.change is None:
            raise Denied(
                f"{move.name}@{move.serial} has no approvals",
                why="rule merged-change: no change made this move",
                next_step="find out who moved it: `remint audit verify`",
                rule="merged-change",
            )
        change: Change = tx.changes.get(move.change)
        approvals = tuple(
            ApprovalSeen(step.by, step.role, step.at_us, counts) for step, counts in checked_approvals(tx, self.keys, change)
        )
        return ChangeSeen(
            change.id, change.title, change.opened_by, change.at_us, approvals, merged_by=move.by, merged_at_us=move.at_us
        )

    def _environment(self, digest: Digest) -> Mapping[str, Any]:
        return self.artifacts.get(digest).facts


def _move_behind(tx: Transaction, name: RefName, prediction: Prediction) -> Move:
    """Return the move that put the model where it answered: the last one to it before the prediction."""
    moves = [move for move in tx.refs.pointing(prediction.model) if move.name == name and move.at_us <= prediction.at_us]
    if not moves:
        raise Corrupt(
            f"prediction {prediction.id} cannot be traced",
            why=f"{name} never pointed at {prediction.model.short} before it was made",
            next_step="the log or the catalog was altered; restore them from a backup",
        )
    return moves[-1]
