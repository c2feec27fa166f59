"""The status of production models: facts from the records, judged by core.control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core.control import DAY_US, ControlFacts, FitnessFacts, ModelStatus, control_of, fitness_of
from remint.core.digest import Digest
from remint.core.ref import PRODUCTION, Move, Ref, RefName
from remint.core.validation import ValidationFacts, fitness_words
from remint.errors import Corrupt, Denied
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.regenerations import Regenerations
from remint.services.approvals import approved_by
from remint.services.evidence import EVALUATED, REPRODUCED, EvidenceService, unknown_words
from remint.services.owners import Owners
from remint.services.validationsteps import validations_of

REQUIRED_LEVEL = "content"


@dataclass(frozen=True)
class ControlService:
    """See ports.usecases.control.Control.

    Attributes:
        max_age_days: age in days after which a model must be regenerated again.
        required: approvals a change needs, by role.
        owners: who answers for refs.
    """

    catalog: Catalog
    artifacts: Artifacts
    keys: Keys
    regenerations: Regenerations
    evidence: EvidenceService
    clock: Clock
    max_age_days: int
    required: Mapping[str, int]
    owners: Owners

    def models(self) -> Sequence[ModelStatus]:
        """Return every model in production with its status."""
        with self.catalog.read() as tx:
            found = tx.refs.seen_from(PRODUCTION, kind="model")
        return [self._status(ref) for ref in found]

    def _status(self, ref: Ref) -> ModelStatus:
        digest = ref.artifact
        with self.catalog.read() as tx:
            move = tx.refs.log(ref.name, limit=1)[0]
            unknown = unknown_words(self.evidence.lineage(tx, digest))
            reproduced = self._newest_level(tx, digest)
            approvers = self._approvers(tx, move)
            evaluated = bool(self.evidence.trusted(tx, digest, EVALUATED))
            item = tx.inventory.get(ref.name.path)
            orphaned = self.owners.answer(tx, ref.name.path, item)[1] if item else ""
            standard = self.owners.standard(tx, ref.name.path)
            asked = ValidationFacts(
                validations_of(tx, self.keys, artifact=digest), standard.validation_days if standard else None
            )
            validation = fitness_words(asked, now_us=self.clock.now_us())
        regenerable = self.regenerations.check(digest)
        missing = self._damage(digest) or ([] if regenerable.external else list(regenerable.missing))
        facts = ControlFacts(
            approved_by=approvers,
            unknown=unknown,
            missing=missing,
            reproduced=reproduced,
            required=REQUIRED_LEVEL,
            max_age_us=self.max_age_days * DAY_US,
            now_us=self.clock.now_us(),
            while_kept=regenerable.while_kept,
            owner=item.owner if item else "",
            orphaned=orphaned,
            external=regenerable.external,
        )
        control, control_reasons = control_of(facts)
        alarms, watched = self._alarms(ref)
        fitness, fitness_reasons = fitness_of(FitnessFacts(evaluated, alarms, watched, validation))
        return ModelStatus(
            *(ref.name, digest, ref.serial, control, control_reasons, fitness, fitness_reasons),
            owner=facts.owner,
            materiality=item.materiality if item else "",
            orphaned=bool(orphaned),
        )

    def _newest_level(self, tx: Transaction, digest: Digest) -> tuple[str, int] | None:
        found = self.evidence.trusted(tx, digest, REPRODUCED)
        return (found[0].facts["level"], found[0].at_us) if found else None

    def _damage(self, digest: Digest) -> list[str]:
        try:
            self.artifacts.verify(digest)
        except Corrupt as error:
            return [f"the model itself: {error.what}"]
        return []

    def _approvers(self, tx: Transaction, move: Move) -> Sequence[str]:
        """Return who approved the change that made a move; nobody if no merged change with signed approvals did."""
        try:
            return approved_by(tx, self.keys, move, required=self.required)
        except Denied:
            return ()

    def _alarms(self, ref: Ref) -> tuple[Sequence[str], bool]:
        """Return the alarms of the newest monitor report about a model, and whether there is one."""
        with self.catalog.read() as tx:
            reports = tx.refs.log(_report_ref(ref), limit=1)
        if not reports:
            return (), False
        value: Any = self.artifacts.value(reports[0].new)
        if not isinstance(value, dict) or value.get("model") != ref.artifact:
            return (), False
        firing = [alarm for alarm in value.get("alarms", ()) if alarm["measure"] in value.get("firing", ())]
        return [f"{alarm['measure']}, week of {alarm['week']}: {alarm['reason']}" for alarm in firing[-3:]], True


def _report_ref(ref: Ref) -> RefName:
    """Return where a monitor's newest findings about a model are kept."""
    return RefName(PRODUCTION, "evaluation", f"watch/{ref.name.name}")
