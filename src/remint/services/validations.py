"""Validations: opening them, binding runs, findings and their ends, and the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core import validation as rules
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.evidence import pre_authentication
from remint.core.ids import RunId
from remint.core.principal import PrincipalKind
from remint.core.ref import PRODUCTION, parse_moment
from remint.core.run import Run, State
from remint.core.validation import CLOSE, CONCLUDE, FIND, FIX, OPEN, TEST, WAIVE, Validation, ValidationStep, action_of
from remint.errors import Denied, Invalid
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.evidence import EvidenceService
from remint.services.validationsteps import validations_of


@dataclass(frozen=True)
class ValidationService:
    """See ports.usecases.validations.Validations."""

    catalog: Catalog
    access: Access
    artifacts: Artifacts
    evidence: EvidenceService
    keys: Keys
    clock: Clock

    def open(self, context: Context, ref: str, digest: Digest, *, scope: str) -> Validation:
        """Open a validation of one version."""
        rules.require_text(scope, what="scope")
        self.artifacts.verify(digest)
        with self.access.begin(context, "validation:open", f"artifact {digest}") as tx:
            asking = tx.principals.get(context.principal)
            if asking is None or asking.kind is not PrincipalKind.PERSON:
                raise Denied(
                    "no validation was opened",
                    why="rule independent: a person validates",
                    next_step="act as a person: `--as NAME`",
                    rule="independent",
                )
            rules.require_independent(self._makers(tx, digest), context.principal, doing="no validation was opened")
            number = tx.validations.next()
            return self._record(tx, context, number, digest, OPEN, {"ref": ref[:300], "scope": scope})

    def test(self, context: Context, number: int, run_id: str) -> Validation:
        """Bind a run of the validator to its validation."""
        with self._stepping(context, number, TEST) as tx:
            held = self._open(tx, number, TEST, context)
            run = tx.runs.get(tx.runs.find(run_id.replace("-", "").lower()))
            _require_own_test(held, run, context)
            if run.id in held.runs:
                return held
            return self._record(tx, context, number, held.artifact, TEST, {"run": RunId(run.id)})

    def find(self, context: Context, number: int, *, severity: str, due: str, text: str) -> Validation:
        """Record a finding."""
        rules.require_among(severity, rules.SEVERITIES, what="severity")
        rules.require_text(text, what="finding")
        due_us = rules.require_later(parse_moment(due), now_us=self.clock.now_us(), what="due date")
        with self._stepping(context, number, FIND) as tx:
            held = self._open(tx, number, FIND, context)
            facts = {"severity": severity, "due_us": due_us, "text": text}
            return self._record(tx, context, number, held.artifact, FIND, facts)

    def fix(self, context: Context, number: int, finding: int, *, note: str) -> Validation:
        """Say what was done about a finding."""
        rules.require_text(note, what="note")
        with self._stepping(context, number, FIX) as tx:
            held = self._open(tx, number, FIX, context)
            held.finding(finding)
            return self._record(tx, context, number, held.artifact, FIX, {"finding": finding, "note": note})

    def close(self, context: Context, number: int, finding: int) -> Validation:
        """Close a finding that was mended."""
        with self._stepping(context, number, CLOSE) as tx:
            held = self._open(tx, number, CLOSE, context)
            if held.finding(finding).closed_us is not None:
                return held
            return self._record(tx, context, number, held.artifact, CLOSE, {"finding": finding})

    def waive(self, context: Context, number: int, finding: int, *, until: str, reason: str) -> Validation:
        """Let a finding not count until a time."""
        rules.require_text(reason, what="reason")
        until_us = rules.require_later(parse_moment(until), now_us=self.clock.now_us(), what="end of the waiver")
        with self._stepping(context, number, WAIVE) as tx:
            held = self._open(tx, number, WAIVE, context)
            held.finding(finding)
            doing = f"finding {finding} was not waived"
            rules.require_independent(self._makers(tx, held.artifact), context.principal, doing=doing)
            asking = tx.principals.get(context.principal)
            if asking is None or not asking.may_approve:
                raise Denied(
                    doing,
                    why="rule approvers-only: a person who may approve waives",
                    next_step="ask an approver; see `remint principals list`",
                    rule="approvers-only",
                )
            facts = {"finding": finding, "until_us": until_us, "reason": reason}
            return self._record(tx, context, number, held.artifact, WAIVE, facts)

    def conclude(self, context: Context, number: int, *, result: str, condition: str = "") -> Validation:
        """Say what came out; it ends, but for its findings."""
        rules.require_among(result, rules.RESULTS, what="result")
        if condition:
            rules.require_text(condition, what="condition")
        with self._stepping(context, number, CONCLUDE) as tx:
            held = self._open(tx, number, CONCLUDE, context)
            rules.require_conclusion(held, result, condition, now_us=self.clock.now_us())
            rules.require_independent(
                self._makers(tx, held.artifact), context.principal, doing=f"validation {number} was not concluded"
            )
            over = rules.over(tx.validations.steps(validation=number))
            facts = {"result": result, "condition": condition, "over": over}
            return self._record(tx, context, number, held.artifact, CONCLUDE, facts)

    def show(self, number: int) -> Validation:
        """Return one validation."""
        with self.catalog.read() as tx:
            return self._held(tx, number)

    def list(self, *, artifact: Digest | None = None) -> Sequence[Validation]:
        """Return validations, newest first."""
        with self.catalog.read() as tx:
            return list(reversed(validations_of(tx, self.keys, artifact=artifact)))

    def _stepping(self, context: Context, number: int, verb: str) -> Any:  # noqa: ANN401 - the block of `Access.begin`
        return self.access.begin(context, action_of(verb), f"validation {number}")

    def _held(self, tx: Transaction, number: int) -> Validation:
        found = validations_of(tx, self.keys, validation=number) if 0 < number < 1 << 31 else []
        if not found:
            raise rules.no_validation(number)
        return found[0]

    def _open(self, tx: Transaction, number: int, verb: str, context: Context) -> Validation:
        held = self._held(tx, number)
        rules.require_step(held, verb, context.principal)
        return held

    def _makers(self, tx: Transaction, digest: Digest) -> frozenset[Any]:
        """Return who helped to make an artifact: by runs, or, if no run made it, by adding it."""
        added = [move.by for move in tx.refs.pointing(digest, limit=1)] if not tx.runs.makers(digest) else []
        return frozenset([*self.evidence.lineage(tx, digest).people(), *added])

    def _record(
        self, tx: Transaction, context: Context, number: int, artifact: Digest, verb: str, facts: Mapping[str, Any]
    ) -> Validation:
        by, at_us = context.principal, self.clock.now_us()
        payload = rules.step_payload(number, artifact, verb, facts, by=by, at_us=at_us)
        signature = self.keys.sign(by, pre_authentication(payload))
        made = tx.validations.add(ValidationStep(0, number, artifact, verb, by, at_us, payload, signature))
        told = {"verb": verb, "record": made.digest()}
        tx.entries.append(Entry(action_of(verb), f"validation {number}", by, at_us, told))
        return self._held(tx, number)


def _require_own_test(held: Validation, run: Run, context: Context) -> None:
    """Refuse a run that shows nothing: another's, not in a workspace of its own, without the artifact, or not done."""
    why = ""
    if run.start.by != context.principal:
        why = f"{run.start.by} carried it out, not the validator"
    elif run.start.workspace == PRODUCTION:
        why = "it was carried out in main, not in a sandbox"
    elif held.artifact not in run.start.inputs.values():
        why = f"{held.artifact.short} is not among its inputs"
    elif run.end is None or run.end.state is not State.DONE:
        why = "it is not done"
    if why:
        raise Invalid(
            f"run {run.id.short} is no test of validation {held.number}",
            why=why,
            next_step="carry out a run over it in a sandbox of your own, and name that",
        )
