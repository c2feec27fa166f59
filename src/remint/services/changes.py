"""Changes: proposing, approving and merging moves of protected refs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from remint.core import change as rules
from remint.core.change import Change, ChangeState, PlannedMove, Step
from remint.core.digest import SHORT
from remint.core.entry import Entry
from remint.core.evidence import pre_authentication
from remint.core.gate import GateResult, gates_for, judge
from remint.core.ids import ChangeId, PrincipalId
from remint.core.recipe import difference
from remint.core.ref import PRODUCTION, Move, RefName, parse_ref
from remint.errors import Denied, Invalid, RefNotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.changes import Review
from remint.ports.usecases.context import Context
from remint.services.approvals import approval_payload, checked_approvals
from remint.services.evidence import EvidenceService
from remint.services.refs import moved_meanwhile


@dataclass(frozen=True)
class ChangeService:
    """See ports.usecases.changes.Changes.

    Attributes:
        required: approvals a change needs, by role.
        gates: gates by pattern of ref, as the settings say them.
    """

    catalog: Catalog
    artifacts: Artifacts
    evidence: EvidenceService
    keys: Keys
    clock: Clock
    required: Mapping[str, int]
    gates: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def propose(self, context: Context, refs: Sequence[str], *, title: str = "") -> Review:
        """Open a change that moves protected refs of `main`."""
        with self.catalog.read() as tx:
            moves = tuple(sorted(self._planned(tx, context, text) for text in refs))
        for move in moves:
            if move.old == move.new:
                raise Invalid(
                    f"{move.ref} was not proposed", why=f"it points at {move.new.short} already", next_step="nothing to do"
                )
            self.artifacts.verify(move.new)
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            gates = [{**gate, "ref": move.ref.path} for move in moves for gate in gates_for(move.ref.path, self.gates)]
            same = self._same_open(tx, moves, gates)
            for move in moves:
                self.evidence.sign_evaluations(tx, move.new)
            change_id = same.id if same else self._open(tx, context, moves, gates, title, at_us)
        return self.review(change_id)

    def _open(
        self,
        tx: Transaction,
        context: Context,
        moves: tuple[PlannedMove, ...],
        gates: list[dict[str, Any]],
        title: str,
        at_us: int,
    ) -> ChangeId:
        authors = {context.principal}
        for move in moves:
            authors |= self.evidence.lineage(tx, move.new).people()
        words = title or ", ".join(f"{move.ref.path} to {move.new.short}" for move in moves)
        change = Change(ChangeId(""), words, moves, context.principal, frozenset(authors), at_us, tuple(gates))
        change_id = tx.changes.add(change)
        tx.changes.step(change_id, Step("open", context.principal, at_us, note=title))
        facts = {"moves": rules.moves_digest(moves, gates), "authors": sorted(authors)}
        tx.entries.append(Entry("change:open", f"change {change_id}", context.principal, at_us, facts))
        return change_id

    def _same_open(self, tx: Transaction, moves: tuple[PlannedMove, ...], gates: list[dict[str, Any]]) -> Change | None:
        for change in tx.changes.newest(limit=50, ref=moves[0].ref):
            still_open = rules.state_of(change, required=self.required) not in rules.FINAL
            if still_open and change.moves == moves and list(change.gates) == gates:
                return change
        return None

    def _planned(self, tx: Transaction, context: Context, text: str) -> PlannedMove:
        path, equals, wanted = text.partition("=")
        source, selector = parse_ref(path, workspace=context.workspace)
        target = source.within(PRODUCTION)
        if equals:
            if len(wanted) < 3 + SHORT:
                raise Invalid(f"{wanted} is too short", why="give at least 12 digits", next_step="copy it from `remint log`")
            new = tx.artifacts.find(wanted).digest
        elif selector is not None:
            new = tx.refs.select(source, selector).new
        else:
            found = tx.refs.get(source)
            if found is None:
                raise RefNotFound(
                    f"{source} was not proposed", why="it does not exist", next_step="run the pipeline that makes it first"
                )
            new = found.artifact
        current = tx.refs.get(target)
        return PlannedMove(target, current.artifact if current else None, new)

    def review(self, change_id: str) -> Review:
        """Return a change as a reviewer sees it now."""
        with self.catalog.read() as tx:
            change = tx.changes.get(ChangeId(change_id))
            results = self._judged(tx, change)
        return self._review(change, results, tuple(self._differences(change)))

    def _judged(self, tx: Transaction, change: Change) -> tuple[GateResult, ...]:
        results: list[GateResult] = []
        for move in change.moves:
            findings = self.evidence.findings(tx, move)
            results += [judge(gate, findings) for gate in change.gates if gate["ref"] == move.ref.path]
        return tuple(results)

    def _review(self, change: Change, results: tuple[GateResult, ...], difference: tuple[str, ...] = ()) -> Review:
        missing = rules.missing_approvals(self._valid(change), authors=change.authors, required=self.required)
        state = rules.state_of(change, required=self.required)
        if state is ChangeState.APPROVED and missing:
            state = ChangeState.OPEN
        return Review(change, state, results, missing, difference)

    def _valid(self, change: Change) -> list[Step]:
        with self.catalog.read() as tx:
            return [step for step, counts in checked_approvals(tx, self.keys, change) if counts]

    def _differences(self, change: Change) -> list[str]:
        words: list[str] = []
        for move in change.moves:
            if move.old is None:
                words.append(f"{move.ref.path} is new")
                continue
            with self.catalog.read() as tx:
                old, new = tx.runs.makers(move.old), tx.runs.makers(move.new)
                if not old or not new:
                    words.append(f"{move.ref.path}: one of the two was not made by a run")
                    continue
                before, after = tx.recipes.get(old[-1].start.recipe), tx.recipes.get(new[-1].start.recipe)
            from_recipe = before.bound(dict(old[-1].start.inputs))
            to_recipe = after.bound(dict(new[-1].start.inputs))
            words += [f"{move.ref.path}: {reason}" for reason in difference(from_recipe, to_recipe)]
        return words

    def list(self, *, limit: int = 50, ref: str | None = None) -> Sequence[Review]:
        """Return changes, newest first."""
        name: RefName | None = parse_ref(ref)[0] if ref else None
        with self.catalog.read() as tx:
            found = tx.changes.newest(limit=limit, ref=name)
        return [self._review(change, ()) for change in found]

    def approve(self, context: Context, change_id: str, *, role: str = "approver", note: str = "") -> Review:
        """Approve the exact moves of a change."""
        with self.catalog.read() as tx:
            seen = tx.changes.get(ChangeId(change_id))
        for move in seen.moves:
            self.artifacts.verify(move.new)
        at_us = self.clock.now_us()
        with self._recording_denial(context, "change:approve", f"change {change_id}"), self.catalog.begin() as tx:
            change = tx.changes.get(ChangeId(change_id))
            rules.require_open(change, doing="approved", required=self.required)
            rules.require_not_author(change, context.principal)
            principal = tx.principals.get(context.principal)
            if principal is None or not principal.may_approve or role not in principal.roles | {"approver"}:
                raise Denied(
                    f"{context.principal} cannot approve change {change_id}",
                    why=f"rule approvers-only: it has not the role {role}",
                    next_step="ask a principal with that role; see `remint principals list`",
                    rule="approvers-only",
                )
            step = Step("approve", context.principal, at_us, role, note)
            payload = approval_payload(change, step)
            signature = self.keys.sign(context.principal, pre_authentication(payload))
            tx.changes.step(change.id, replace(step, payload=payload, signature=signature))
            facts = {"moves": rules.moves_digest(change.moves, change.gates), "role": role}
            tx.entries.append(Entry("change:approve", f"change {change_id}", context.principal, at_us, facts))
        return self.review(change_id)

    def reject(self, context: Context, change_id: str, *, note: str) -> Review:
        """Reject a change."""
        return self._end(context, change_id, "reject", "rejected", note)

    def withdraw(self, context: Context, change_id: str) -> Review:
        """Take back one's own change."""
        with self.catalog.read() as tx:
            change = tx.changes.get(ChangeId(change_id))
        if change.opened_by != context.principal:
            raise Denied(
                f"{context.principal} cannot withdraw change {change_id}",
                why=f"rule own-change: {change.opened_by} opened it",
                next_step=f"reject it instead: `remint changes reject {change_id} --note …`",
                rule="own-change",
            )
        return self._end(context, change_id, "withdraw", "withdrawn", "")

    def _end(self, context: Context, change_id: str, action: str, doing: str, note: str) -> Review:
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            change = tx.changes.get(ChangeId(change_id))
            rules.require_open(change, doing=doing, required=self.required)
            tx.changes.step(change.id, Step(action, context.principal, at_us, note=note))
            tx.entries.append(Entry(f"change:{action}", f"change {change_id}", context.principal, at_us, {"note": note}))
        return self.review(change_id)

    def merge(self, context: Context, change_id: str) -> Sequence[Move]:
        """Move every ref of an approved change, all or none."""
        review = self.review(change_id)
        for proposed in review.change.moves:
            self.artifacts.verify(proposed.new)
        at_us = self.clock.now_us()
        with self._recording_denial(context, "change:merge", f"change {change_id}"), self.catalog.begin() as tx:
            change = tx.changes.get(ChangeId(change_id))
            rules.require_open(change, doing="merged", required=self.required)
            self._require_mergeable(self._review(change, self._judged(tx, change)))
            moves = []
            for planned in change.moves:
                reason = f"change {change.id}: {change.title}"
                move = Move(planned.ref, 0, planned.old, planned.new, context.principal, at_us, reason, change=change.id)
                if not tx.refs.move(move):
                    raise moved_meanwhile(tx, planned.ref, planned.old)
                facts = {"from": planned.old, "to": planned.new, "change": change.id}
                tx.entries.append(Entry("ref:move", str(planned.ref), context.principal, at_us, facts))
                moves.append(tx.refs.log(planned.ref, limit=1)[0])
            tx.changes.step(change.id, Step("merge", context.principal, at_us))
            subject = rules.moves_digest(change.moves, change.gates)
            tx.entries.append(Entry("change:merge", f"change {change_id}", context.principal, at_us, {"moves": subject}))
        return moves

    def _require_mergeable(self, review: Review) -> None:
        failed = [f"gate {gate.name}: {gate.reason}" for gate in review.gates if not gate.passed]
        lacking = [f"{count} approval(s) as {role}" for role, count in review.missing.items()]
        if failed or lacking:
            waits = [*failed, *(f"it lacks {words}" for words in lacking)]
            raise Denied(
                f"change {review.change.id} was not merged",
                why="; ".join(waits),
                next_step=f"see `remint changes show {review.change.id}`",
                rule="gates" if failed else "approvals",
            )

    def _recording_denial(self, context: Context, action: str, resource: str) -> "_Denials":
        return _Denials(self.catalog, self.clock, context.principal, action, resource)


class _Denials:
    """Writes an entry for a refusal, in a transaction of its own, because the refused one is rolled back."""

    def __init__(self, catalog: Catalog, clock: Clock, by: PrincipalId, action: str, resource: str) -> None:
        self._catalog = catalog
        self._clock = clock
        self._entry = (action, resource, by)

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Denied):
            action, resource, by = self._entry
            facts = {"rule": str(error.facts.get("rule", ""))}
            with self._catalog.begin() as tx:
                tx.entries.append(Entry(action, resource, by, self._clock.now_us(), facts, decision="deny"))
