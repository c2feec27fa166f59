"""Erasures: one person's rows leave every table kept, with a signed certificate of what was done."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core import canonical
from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.erasure import ERASED, RECEIPT_BYTES, Erased, Erasure, Subject, commitment, parse_receipt
from remint.core.ref import PRODUCTION, Move, RefName
from remint.errors import Conflict, Corrupt, Invalid
from remint.ports.blobs import Swept
from remint.ports.catalog import Catalog, LogSegment, Transaction
from remint.ports.clock import Clock
from remint.ports.erasures import SubjectRows
from remint.ports.process import Processes
from remint.ports.usecases.artifacts import Artifacts, Progress
from remint.ports.usecases.context import Context
from remint.ports.usecases.erasures import Demand, Erasing
from remint.services.access import Access
from remint.services.certificates import Outside, certificate
from remint.services.evidence import EvidenceService
from remint.services.lineage import ancestry
from remint.services.needs import EVERY, behind_holds
from remint.services.openlogs import OpenLogs
from remint.services.recording import record
from remint.services.removals import record_removal, standing_raws
from remint.services.successors import Successors
from remint.services.surveying import Survey, Surveyor
from remint.services.tableparts import TableParts
from remint.services.worktree import Worktree

FILE = "certificate.json"


@dataclass(frozen=True)
class ErasureService:
    """See ports.usecases.erasures.Erasures.

    Attributes:
        rows: finds rows in files.
        patterns: of refs, each with the column of the tables they name.
        remotes: names of the remotes of the project.
    """

    catalog: Catalog
    artifacts: Artifacts
    parts: TableParts
    rows: SubjectRows
    evidence: EvidenceService
    open_logs: OpenLogs
    worktree: Worktree
    processes: Processes
    clock: Clock
    patterns: Mapping[str, str]
    remotes: tuple[str, ...]
    access: Access

    # ---- erasing

    def erase(
        self,
        context: Context,
        demand: Demand,
        *,
        on_receipt: Callable[[str], None] | None = None,
        on_progress: Progress | None = None,
    ) -> Erasing:
        """Remove one person's rows from every table whose bytes are here."""
        self.access.check(context, "subject:erase", "subject", doing="nothing was erased")
        subject = self._subject(demand)
        if not demand.dry_run:
            self.open_logs.seal(context, subject)
        surveyor = Surveyor(self.parts.blobs, self.rows, subject, on_progress)
        with self.catalog.read() as tx:
            survey = surveyor.survey(tx)
            self._require_free(tx, survey)
            said = self._draft(tx, context, demand, survey)
        if demand.dry_run:
            return Erasing(said, open_logs=self.open_logs.rows(subject), dry_run=True)
        if not survey.held:
            swept, finished = self._remove(context)
            return Erasing(said, swept=swept, finished=finished)
        receipt = self.clock.entropy(RECEIPT_BYTES)
        if on_receipt is not None:
            on_receipt(receipt.hex())
        number = self._made(context, demand, surveyor, survey, receipt)
        swept, finished = self._remove(context)
        erasure, certified = self.show(number)
        earlier = tuple(one for one in finished if one != number)
        return Erasing(certified, erasure, receipt.hex(), swept=swept, finished=earlier)

    def _subject(self, demand: Demand) -> Subject:
        what = "nothing was erased"
        canonical.dumps(demand.value)  # what cannot be encoded is refused
        if not demand.value:
            raise Invalid(
                what, why="the value of the subject is empty", next_step="give the value that tells the person's rows"
            )
        if not demand.reason.strip():
            raise Invalid(what, why="no reason was given", next_step="say why: --reason TEXT")
        if Subject(demand.value).is_named_in(demand.reason.encode(errors="replace")):
            raise Invalid(
                what,
                why="the reason holds the value of the subject, and a reason is kept for ever",
                next_step="say why without naming the person, for example by the number of the request",
            )
        if demand.column is None and not self.patterns:
            raise Invalid(
                what,
                why="no column is named that tells the person's rows",
                next_step='give --column NAME, or write [subjects] into remint.toml: "data/passengers*" = "passenger_id"',
            )
        return Subject(demand.value, demand.column, {} if demand.column is not None else self.patterns)

    def _remove(self, context: Context) -> tuple[Swept | None, tuple[int, ...]]:
        """Take the bytes of erasures off the disk that may be there; return what went, and of which erasures."""
        with self.catalog.read() as tx:
            waiting = tuple(tx.erasures.unremoved())
        if not waiting:
            return None, ()
        blobs = self.parts.blobs
        swept = blobs.sweep(lambda: standing_raws(self.catalog, blobs), thorough=True)
        record_removal(self.access, blobs, self.clock, context, waiting)
        return swept, waiting

    def _require_free(self, tx: Transaction, survey: Survey) -> None:
        """Refuse while something that would go, or be stored anew, is held or read.

        Raises:
            Conflict: it is.
        """
        touched = survey.gone | set(survey.held)
        standing = behind_holds(tx)
        held = [hold for hold, kept in standing if kept & touched]
        if held:
            named = ", ".join(f"hold {hold.number} of {hold.named} ({hold.reason})" for hold in held[:5])
            raise Conflict(
                "nothing was erased",
                why=f"a hold wins over an erasure, and what would go is kept by {named}",
                next_step=f"release it first: `remint holds release {held[0].number} --reason TEXT`",
                holds=[hold.number for hold in held],
            )
        for start in tx.runs.open(limit=EVERY):
            if touched & set(start.inputs.values()) and self.processes.is_alive(start.place):
                raise Conflict(
                    "nothing was erased",
                    why=f"run {start.id.short} reads what would go",
                    next_step="do it again when the run has ended; see `remint runs list`",
                )

    def _made(self, context: Context, demand: Demand, surveyor: Surveyor, survey: Survey, receipt: bytes) -> int:
        """Store the successors and record the erasure; what came meanwhile is looked at with the catalog held."""
        successors = Successors(self.parts, self.rows, surveyor)
        with self.parts.blobs.adding():
            successors.all(survey.held.values())
            self.parts.blobs.flush()
            with self.access.begin(context, "subject:erase", "subject", doing="nothing was erased") as tx:
                survey = surveyor.survey(tx)
                self._require_free(tx, survey)
                made = successors.all(survey.held.values())
                said = self._draft(tx, context, demand, survey)
                return self._record(tx, context, survey, made, {**said, "subject": commitment(demand.value, receipt)})

    def _record(
        self, tx: Transaction, context: Context, survey: Survey, made: Mapping[Digest, Artifact], said: Mapping[str, Any]
    ) -> int:
        number, at_us = tx.erasures.next_number(), self.clock.now_us()
        successors: dict[Digest, Digest | None] = dict.fromkeys(sorted(survey.gone))
        for digest, artifact in made.items():
            if digest in survey.affected:
                successors[digest] = artifact.digest
                record(tx.artifacts, self.parts.blobs, artifact, at_us=at_us)
        for digest, artifact in made.items():
            if digest not in survey.affected:
                tx.artifacts.store_anew(artifact, at_us=at_us)
        moves = _moves(tx, successors)
        held = {
            **said,
            "erasure": number,
            "at_us": at_us,
            "tables": [{**row, "successor": successors[Digest(row["table"])]} for row in said["tables"]],
            "moved": [str(ref) for ref, _, _ in moves],
        }
        content = canonical.dumps(held)
        kept = self.artifacts.keep(Kind.REPORT, [(FILE, self.parts.blobs.put(content))], {}).artifact
        self.parts.blobs.flush()
        tx.artifacts.add(kept, at_us=at_us)
        subject = Digest(held["subject"])
        erasure = Erasure(number, subject, tuple(said["columns"]), context.principal, at_us, said["reason"], kept.digest)
        for ref, old, new in moves:
            if not tx.refs.move(Move(ref, 0, old, new, context.principal, at_us, f"erasure {number}")):
                raise RuntimeError(f"{ref} moved while the catalog was held")
            facts = {"from": old, "to": new, "erasure": number}
            tx.entries.append(Entry("ref:move", str(ref), context.principal, at_us, facts))
        _replace_segments(tx, successors, made)
        tx.erasures.add(erasure, successors)
        tx.holds.give_up(sorted(successors), at_us=at_us)
        facts = {"certificate": kept.digest, "columns": list(erasure.columns), "reason": erasure.reason}
        facts |= {"artifacts": len(successors), "subject": subject}
        tx.entries.append(Entry("subject:erase", str(number), context.principal, at_us, facts))
        for about in dict.fromkeys((kept.digest, *(one for one in successors.values() if one is not None))):
            self.evidence.sign(tx, about, ERASED, {"erasure": number, "certificate": kept.digest})
        return number

    def _draft(self, tx: Transaction, context: Context, demand: Demand, survey: Survey) -> dict[str, Any]:
        workspaces = tx.workspaces.all(limit=EVERY)
        going = {*survey.affected, *survey.derived}
        copies = {
            one.path
            for workspace in workspaces
            for one in self.worktree.tracking.tracked(workspace.name)
            if one.artifact in going
        }
        production = {ref.artifact for ref in tx.refs.seen_from(PRODUCTION, kind="model", limit=EVERY)}
        columns = (demand.column,) if demand.column is not None else tuple(sorted(set(self.patterns.values())))
        outside = Outside(tuple(sorted(copies)), self.remotes, frozenset(production))
        return certificate(survey, columns=columns, by=context.principal, reason=demand.reason, outside=outside)

    # ---- looking

    def list(self) -> Sequence[Erasure]:
        """Return the erasures, newest first."""
        with self.catalog.read() as tx:
            return tx.erasures.all(limit=EVERY)

    def show(self, number: int) -> tuple[Erasure, Mapping[str, Any]]:
        """Return one erasure and what its certificate says."""
        with self.catalog.read() as tx:
            erasure = tx.erasures.get(number)
            return erasure, self._certificate(tx, erasure)

    def _certificate(self, tx: Transaction, erasure: Erasure) -> Mapping[str, Any]:
        signed = self.evidence.trusted(tx, erasure.certificate, ERASED)
        held: dict[str, Any] = canonical.loads(self.artifacts.files(erasure.certificate)[0][1].read_bytes())
        if not any(one.facts["erasure"] == erasure.number for one in signed) or held["subject"] != erasure.subject:
            raise Corrupt(
                f"the certificate of erasure {erasure.number} does not count",
                why="what is recorded of it is not what was signed",
                next_step="restore .remint/ from a backup; see `remint audit verify`",
            )
        return held

    def is_about(self, number: int, value: str, receipt: str) -> bool:
        """Return whether an erasure was about a person."""
        salt = parse_receipt(receipt)
        erasure, _ = self.show(number)
        return commitment(value, salt) == erasure.subject

    def among(self, artifacts: Iterable[Digest]) -> Mapping[Digest, Erased]:
        """Return those of some artifacts that an erasure took."""
        with self.catalog.read() as tx:
            found = {digest: tx.erasures.of(digest) for digest in artifacts}
        return {digest: one for digest, one in found.items() if one is not None}

    def behind(self, artifacts: Iterable[Digest]) -> Sequence[Erased]:
        """Return what erasures took of some artifacts and of everything behind them."""
        with self.catalog.read() as tx:
            if not tx.erasures.all(limit=1):
                return ()
            gone = tx.erasures.in_force()
            nodes = {digest for one in artifacts for digest in ancestry(tx, one).nodes}
        return sorted((gone[digest] for digest in nodes & set(gone)), key=lambda one: (one.number, one.artifact))


def _moves(tx: Transaction, successors: Mapping[Digest, Digest | None]) -> list[tuple[RefName, Digest, Digest]]:
    """Return every ref of every workspace that points at a table with a successor, and both."""
    found = []
    for workspace in tx.workspaces.all(limit=EVERY):
        for ref in tx.refs.seen_from(workspace.name, limit=EVERY):
            new = successors.get(ref.artifact)
            if new is not None:
                found.append((ref.name, ref.artifact, new))
    return found


def _replace_segments(tx: Transaction, successors: Mapping[Digest, Digest | None], made: Mapping[Digest, Artifact]) -> None:
    """Put the successors of sealed usage logs into the index of these logs."""
    for ref in tx.refs.seen_from(PRODUCTION, kind="log", limit=EVERY):
        for one in tx.log_segments.of(ref.name.name, limit=EVERY):
            new = successors.get(one.artifact)
            rows = int(made[one.artifact].facts["rows"]) if new is not None else 0
            if new is not None and rows:
                tx.log_segments.add(LogSegment(one.deployment, one.first_id, one.last_id, rows, new))
