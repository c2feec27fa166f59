"""Evidence: signed statements, made by the platform from what it recorded, and the findings that gates are judged by."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remint.core.artifact import Kind
from remint.core.attestation import ATTESTED, DESCRIBED, PRESENTED, SCANNED, Attested, read_payload
from remint.core.change import PlannedMove
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.evidence import Evidence, pre_authentication, statement
from remint.core.gate import ATTESTED_GATES, LEVELS, CodeOrigin, Evaluation, Findings
from remint.core.ids import PrincipalId
from remint.core.keeping import CHECKED, Kept, contracts_of
from remint.core.lineage import Lineage, LineageNode
from remint.core.ref import PRODUCTION, RefName
from remint.ports.catalog import Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.services.externals import external_words
from remint.services.lineage import ancestry
from remint.services.principals import PLATFORM
from remint.services.validationsteps import validations_of

EVALUATED = "evaluated"
REPRODUCED = "reproduced"


IsReviewed = Callable[[str, str], bool]
"""Whether a commit is reachable from a branch: commit, branch."""


@dataclass(frozen=True)
class EvidenceService:
    """Signing and reading evidence.

    Attributes:
        is_reviewed: asks the git checkout.
        signers: public keys that are trusted beside those of principals, by `key:NAME`.
    """

    keys: Keys
    clock: Clock
    is_reviewed: IsReviewed
    signers: Mapping[str, bytes] = field(default_factory=dict)
    _lineage: dict[Digest, LineageNode] = field(default_factory=dict)

    def lineage(self, tx: Transaction, digest: Digest) -> Lineage:
        """Return what is behind an artifact; the refs in it may be those of an earlier look."""
        return ancestry(tx, digest, known=self._lineage)

    def sign(
        self, tx: Transaction, subject: Digest, predicate: str, facts: Mapping[str, Any], *, by: PrincipalId = PLATFORM
    ) -> Evidence:
        """Sign a statement about an artifact and record it in the caller's transaction."""
        at_us = self.clock.now_us()
        payload = statement(subject, predicate, facts, by=by, at_us=at_us)
        signature = self.keys.sign(by, pre_authentication(payload))
        made = Evidence(subject, predicate, facts, by, at_us, payload, signature)
        tx.evidence.add(made)
        tx.entries.append(Entry("evidence:sign", subject, by, at_us, {"predicate": predicate, "evidence": made.digest()}))
        return made

    def sign_evaluations(self, tx: Transaction, subject: Digest) -> int:
        """Sign an `evaluated` statement for every guarded run that measured an artifact; return how many are new."""
        known = {record.facts["run"] for record in self.trusted(tx, subject, EVALUATED)}
        signed = 0
        for run in tx.runs.readers(subject):
            end = run.end
            if run.id in known or end is None or not end.metrics or not end.guarded or run.start.purpose != "run":
                continue
            told = {"told_by": run.start.by} if run.start.is_told else {}
            facts = {
                **told,
                "run": run.id,
                "step": tx.recipes.get(run.start.recipe).step,
                "inputs": dict(run.start.inputs),
                "metrics": {name: repr(value) for name, value in end.metrics.items()},
            }
            self.sign(tx, subject, EVALUATED, facts)
            signed += 1
        return signed

    def trusted(self, tx: Transaction, subject: Digest, predicate: str) -> list[Evidence]:
        """Return the evidence about an artifact whose signature holds, newest first."""
        found = tx.evidence.of(subject, predicate=predicate)
        return [record for record in found if record.predicate == predicate and self._holds(tx, record, subject)]

    def _holds(self, tx: Transaction, record: Evidence, subject: Digest) -> bool:
        signer = tx.principals.get(record.by)
        if signer is None or record.subject != subject:
            return False
        return self.keys.verify(signer.public_key, pre_authentication(record.payload), record.signature)

    def findings(self, tx: Transaction, move: PlannedMove, gates: Sequence[Mapping[str, Any]]) -> Findings:
        """Return everything these gates of a move are judged by."""
        names = {gate["gate"] for gate in gates}
        evaluations = [
            Evaluation(
                run=record.facts["run"],
                inputs={name: Digest(digest) for name, digest in record.facts["inputs"].items()},
                metrics={name: float(value) for name, value in record.facts["metrics"].items()},
                told_by=record.facts.get("told_by", ""),
            )
            for record in self.trusted(tx, move.new, EVALUATED)
        ]
        lineage = self.lineage(tx, move.new)
        return Findings(
            old=move.old,
            new=move.new,
            evaluations=evaluations,
            reproduced=self.best_level(tx, move.new),
            unknown=unknown_words(lineage),
            code=self._code(lineage, {gate["branch"] for gate in gates if gate["gate"] == "code-reviewed"}),
            cpu_us=_cpu_us(tx, lineage) if "cost-within" in names else 0,
            looks=_looks(tx, move.new, evaluations[:1]) if "holdout-fresh" in names else {},
            attested=self.attested(tx, move.new) if names & ATTESTED_GATES else (),
            validations=validations_of(tx, self.keys, artifact=move.new) if "validated" in names else (),
            now_us=self.clock.now_us(),
            contracts={ref: self._kept(tx, move.new, ref) for ref in contracts_of(gates)},
            external="" if lineage.nodes[move.new].maker is not None else external_words(tx, move.new),
        )

    def _kept(self, tx: Transaction, table: Digest, path: str) -> Kept:
        """Return what is known of a table and the contract that a ref in main points at."""
        ref = tx.refs.get(RefName(PRODUCTION, *path.split("/", 1)))
        if ref is None:
            return Kept(path, None)
        found = [one.facts for one in self.trusted(tx, table, CHECKED) if one.facts["contract"] == ref.artifact]
        return Kept(path, ref.artifact, found[0]["broken"] if found else None)

    def attested(self, tx: Transaction, subject: Digest) -> list[Attested]:
        """Return what principals, keys of the settings and scans say of an artifact, newest first, if the signature holds."""
        found: list[Attested] = []
        for record in tx.evidence.of(subject):
            if not self._holds(tx, record, subject):
                continue
            if record.predicate == PRESENTED and record.by == PLATFORM:
                found += self._presented(tx, record)
            elif record.predicate == ATTESTED:
                facts = {"note": record.facts["note"]}
                found.append(Attested(record.by, record.facts["predicate"], record.at_us, facts))
            elif record.predicate == DESCRIBED or (record.predicate == SCANNED and record.by == PLATFORM):
                found.append(Attested(record.by, record.predicate, record.at_us, record.facts))
        return found

    def _presented(self, tx: Transaction, record: Evidence) -> list[Attested]:
        """Return what an envelope from outside says, if its own signature is still by a trusted key."""
        payload = base64.b64decode(record.facts["payload"])
        found = self.signer_of(tx, payload, [bytes.fromhex(record.facts["signature"])])
        if found is None:
            return []
        said = read_payload(payload)
        return [Attested(found[0], said.predicate, record.at_us, said.facts)] if record.subject in said.subjects else []

    def signer_of(self, tx: Transaction, payload: bytes, signatures: Iterable[bytes]) -> tuple[str, bytes] | None:
        """Return who signed a payload, of the trusted keys and those of principals who have not left, and the signature."""
        persons = {str(one.id): one.public_key for one in tx.principals.all() if one.left_us is None and one.id != PLATFORM}
        for signature in signatures:
            for name, key in {**self.signers, **persons}.items():
                if self.keys.verify(key, pre_authentication(payload), signature):
                    return name, signature
        return None

    def _code(self, lineage: Lineage, branches: set[str]) -> list[CodeOrigin]:
        """Return where the code behind an artifact came from; nothing if no branch is asked about."""
        found = []
        makers = [node.maker for node in lineage.nodes.values() if node.maker is not None]
        for maker in makers if branches else ():
            commit, is_clean = maker.git.get("commit", ""), maker.git.get("dirty") == ""
            reviewed = frozenset(branch for branch in branches if commit and self.is_reviewed(commit, branch))
            found.append(CodeOrigin(maker.run, commit, is_clean, reviewed))
        return found

    def best_level(self, tx: Transaction, subject: Digest) -> str | None:
        """Return the best level at which an artifact was regenerated; None if it never was."""
        levels = [record.facts["level"] for record in self.trusted(tx, subject, REPRODUCED)]
        reached = [level for level in levels if level in LEVELS]
        return max(reached, key=LEVELS.index) if reached else None


def _cpu_us(tx: Transaction, lineage: Lineage) -> int:
    """Return the CPU time of every run behind an artifact."""
    ends = [tx.runs.get(node.maker.run).end for node in lineage.nodes.values() if node.maker is not None]
    return sum(end.usage.cpu_us for end in ends if end is not None)


def _looks(tx: Transaction, new: Digest, evaluations: Sequence[Evaluation]) -> dict[Digest, int]:
    """Return, for each artifact that is no model and that evaluations read, how many other models were measured on it."""
    looks = {}
    for digest in {digest for evaluation in evaluations for digest in evaluation.inputs.values()}:
        if tx.artifacts.get(digest).kind is not Kind.MODEL:
            others = {one for run in tx.runs.readers(digest) for one in run.start.inputs.values()} - {digest, new}
            looks[digest] = sum(1 for one in others if tx.artifacts.get(one).kind is Kind.MODEL)
    return looks


def unknown_words(lineage: Lineage) -> list[str]:
    """Return what is not known of a lineage: artifacts without an origin, and runs that were not guarded."""
    words = [f"{lineage.nodes[digest].kind} {digest.short}" for digest in lineage.unknown()]
    unguarded = [node.maker for node in lineage.nodes.values() if node.maker is not None and not node.maker.guarded]
    return words + [f"what the unguarded run {maker.run.short} read" for maker in unguarded]
