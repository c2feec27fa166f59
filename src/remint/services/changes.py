"""Changes: proposing, approving and merging moves of protected refs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from remint.core import change as rules
from remint.core.artifact import Kind
from remint.core.change import Change, ChangeState, PlannedMove, Seen, Step
from remint.core.definition import definition_differences
from remint.core.digest import SHORT, Digest
from remint.core.entry import Entry
from remint.core.evidence import pre_authentication
from remint.core.gate import GateResult, gates_for, judge
from remint.core.glass import GATES_PASSED, GLASS
from remint.core.governing import Judging
from remint.core.ids import ChangeId, PrincipalId
from remint.core.keeping import contracts_of
from remint.core.recipe import difference
from remint.core.ref import PRODUCTION, Move, RefName, parse_ref
from remint.core.review import AUTO, Rules, is_among, rules_for
from remint.core.window import frozen_until_us
from remint.errors import Conflict, Denied, Invalid, RefMoved, RefNotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.changes import Review
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.approvals import approval_payload, counted_approvals, merge_payload, review_payload, seen_of
from remint.services.automatic import refusals
from remint.services.candidates import candidates_of
from remint.services.evidence import EvidenceService
from remint.services.glass import require_glass
from remint.services.merging import carry_out
from remint.services.owners import Owners
from remint.services.recorded import RecordedSettings
from remint.services.refs import moved_meanwhile
from remint.services.sight import SightService


@dataclass(frozen=True)
class ChangeService:
    """See ports.usecases.changes.Changes.

    Attributes:
        required: approvals a change needs, by role, where no rule matches.
        gates: gates by pattern of ref, as the settings say them.
        reviews: rules by pattern of ref.
        owners: who answers for refs, and what their materiality asks for.
        recorded: the settings that were agreed on.
        check_contracts: checks artifacts against contracts by ref; returns what signs what was found.
    """

    catalog: Catalog
    access: Access
    sight: SightService
    artifacts: Artifacts
    evidence: EvidenceService
    keys: Keys
    clock: Clock
    required: Mapping[str, int]
    gates: Mapping[str, Mapping[str, Mapping[str, Any]]]
    reviews: Mapping[str, Rules]
    owners: Owners
    recorded: RecordedSettings
    check_contracts: Callable[[Sequence[tuple[Digest, Sequence[str]]]], Callable[[Transaction], None]]

    def propose(self, context: Context, refs: Sequence[str], *, title: str = "", draft: bool = False, why: str = "") -> Review:
        """Open a change that moves protected refs of `main`."""
        with self.catalog.read() as tx:
            moves = tuple(sorted(self._planned(tx, context, text) for text in refs))
            gates = self._judged_by(tx, moves)["gates"]
        for move in moves:
            if move.old == move.new:
                raise Invalid(
                    f"{move.ref} was not proposed", why=f"it points at {move.new.short} already", next_step="nothing to do"
                )
            self.artifacts.verify(move.new)
        named = [(move.new, contracts_of([gate for gate in gates if gate["ref"] == move.ref.path])) for move in moves]
        sign_checks = self.check_contracts(named)
        resource = ", ".join(str(move.ref) for move in moves)
        with self.access.begin(context, "change:open", resource) as tx:
            change = self._made(tx, context, moves, title)
            same = self._same_open(tx, change)
            for move in moves:
                self.evidence.sign_evaluations(tx, move.new)
            sign_checks(tx)
            change_id = same.id if same else self._open(tx, change, "draft" if draft else "open", note=why or title)
            self._approve_by_rule(tx, tx.changes.get(change_id))
        return self.review(change_id)

    def open(self, context: Context, change_id: str) -> Review:
        """Open a draft for review."""
        with self.access.begin(context, "change:open", f"change {change_id}") as tx:
            change, seen, state = self._require_open(tx, change_id, doing="opened")
            _require_own(change, context.principal, doing="open")
            if state is ChangeState.STALE:
                raise _stale(change, seen, doing="opened")
            if rules.is_draft(change):
                tx.changes.step(change.id, Step("open", context.principal, seen.now_us))
                facts = {"moves": rules.subject_of(change), "authors": sorted(change.authors)}
                tx.entries.append(Entry("change:open", f"change {change_id}", context.principal, seen.now_us, facts))
                self._approve_by_rule(tx, tx.changes.get(change.id))
        return self.review(change_id)

    def _made(self, tx: Transaction, context: Context, moves: tuple[PlannedMove, ...], title: str) -> Change:
        """Return the change that is proposed, with what it will be judged by; nothing is recorded."""
        authors = {context.principal}
        for move in moves:
            authors |= self.evidence.lineage(tx, move.new).people()
        return Change(
            id=ChangeId(""),
            title=title or ", ".join(f"{move.ref.path} to {move.new.short}" for move in moves),
            moves=moves,
            opened_by=context.principal,
            authors=frozenset(authors),
            at_us=self.clock.now_us(),
            **self._judged_by(tx, moves),
        )

    def _judged_by(self, tx: Transaction, moves: Sequence[PlannedMove]) -> Mapping[str, Any]:
        """Return gates and rules of a change: those of the patterns that match its refs, and of their materiality."""
        recorded = self.recorded.judging(tx, moves)
        judging = recorded or Judging(self.required, self.gates, self.reviews)
        gates: list[Mapping[str, Any]] = []
        besides: dict[str, Rules] = {}
        for path in [move.ref.path for move in moves]:
            found, standard = gates_for(path, judging.gates), self.owners.standard(tx, path)
            if standard is not None:
                found += [gate for gate in gates_for(path, {path: standard.gates}) if gate not in found]
                besides |= {path: standard.rules} if standard.rules is not None else {}
            gates += [{**gate, "ref": path} for gate in found]
        paths = [move.ref.path for move in moves]
        own = rules_for(paths, judging.reviews, default=judging.required, besides=besides)
        return {"gates": tuple(gates), "rules": own or (Rules(recorded.required) if recorded is not None else None)}

    def _open(self, tx: Transaction, change: Change, action: str, *, note: str) -> ChangeId:
        change_id = tx.changes.add(change)
        tx.changes.step(change_id, Step(action, change.opened_by, change.at_us, note=note))
        facts: dict[str, Any] = {"moves": rules.subject_of(change), "authors": sorted(change.authors)}
        facts |= {"draft": True} if action == "draft" else {}
        facts |= {"why": note} if note not in {"", change.title} else {}
        tx.entries.append(Entry("change:open", f"change {change_id}", change.opened_by, change.at_us, facts))
        return change_id

    def _same_open(self, tx: Transaction, made: Change) -> Change | None:
        found = tx.changes.newest(limit=50, ref=made.moves[0].ref)
        seen = seen_of(tx, found, now_us=made.at_us)
        for change in found:
            state = rules.state_of(change, required=self.required, seen=seen, given=counted_approvals(tx, self.keys, change))
            if state in rules.WAITING and rules.subject_of(change) == rules.subject_of(made):
                return change
        return None

    def _planned(self, tx: Transaction, context: Context, text: str) -> PlannedMove:
        path, equals, wanted = text.partition("=")
        source, selector = parse_ref(path, workspace=context.workspace)
        self.sight.require_workspace(context, source.workspace)
        target = source.within(PRODUCTION)
        if equals:
            if len(wanted) < 3 + SHORT:
                raise Invalid(f"{wanted} is too short", why="give at least 12 digits", next_step="copy it from `remint log`")
            new = tx.artifacts.find(wanted).digest
            self.sight.require_artifact(context, new, named=wanted)
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
            seen = seen_of(tx, [change], now_us=self.clock.now_us())
            review = self._review(tx, change, seen, self._judged(tx, change))
            auto = change.rules.auto if change.rules and review.state is ChangeState.OPEN else None
            why = refusals(tx, self.keys, change, auto, review.gates) if auto else []
            words = tuple(self._differences(tx, change))
            could, candidates = self._could(tx, review), tuple(candidates_of(tx, change))
            return replace(review, could=could, difference=words, not_by_rule=tuple(why), candidates=candidates)

    def _judged(self, tx: Transaction, change: Change) -> tuple[GateResult, ...]:
        results: list[GateResult] = []
        for move in change.moves:
            gates = [gate for gate in change.gates if gate["ref"] == move.ref.path]
            findings = self.evidence.findings(tx, move, gates)
            results += [judge(gate, findings) for gate in gates]
        return tuple(results)

    def _review(self, tx: Transaction, change: Change, seen: Seen, results: tuple[GateResult, ...] = ()) -> Review:
        given = counted_approvals(tx, self.keys, change)
        state = rules.state_of(change, required=self.required, seen=seen, given=given)
        waiting = state in rules.WAITING
        missing = rules.missing_of(change, given, required=self.required)
        return Review(
            change=change,
            state=state,
            gates=results,
            missing=missing.roles,
            reviewers=missing.reviewers,
            expires_us=rules.expires_us(change, given) if waiting else None,
            frozen_until_us=frozen_until_us(change.rules.freeze, seen.now_us) if change.rules and waiting else None,
            review_due_us=rules.review_due_us(change),
            moved=tuple(_moved_words(change, seen)) if state is ChangeState.STALE else (),
            unowned=self.owners.lacking(tx, (move.ref for move in change.moves)) if waiting else (),
        )

    def _could(self, tx: Transaction, review: Review) -> Mapping[str, tuple[PrincipalId, ...]]:
        """Return who could give what a change lacks, by role."""
        if review.state not in {ChangeState.DRAFT, ChangeState.OPEN}:
            return {}
        change, lists = review.change, review.reviewers
        given = {(step.role, step.by) for step in rules.approvals(change)}
        able = [one for one in tx.principals.all() if one.may_approve and one.id not in change.authors]
        could = {
            role: tuple(one.id for one in able if role in one.roles | {"approver"} and (role, one.id) not in given)
            for role in review.missing
        }
        if lists:
            could["reviewer"] = tuple(
                one.id for one in able if any(is_among(names, one.id, (team.team for team in one.teams)) for names in lists)
            )
        return could

    def _differences(self, tx: Transaction, change: Change) -> list[str]:
        words: list[str] = []
        for move in change.moves:
            if move.old is None:
                words.append(f"{move.ref.path} is new")
                continue
            old, new = tx.runs.makers(move.old), tx.runs.makers(move.new)
            if not old or not new:
                words += [f"{move.ref.path}: {found}" for found in self._not_made(tx, move.old, move.new)]
                continue
            before, after = tx.recipes.get(old[-1].start.recipe), tx.recipes.get(new[-1].start.recipe)
            from_recipe = before.bound(dict(old[-1].start.inputs))
            to_recipe = after.bound(dict(new[-1].start.inputs))
            words += [f"{move.ref.path}: {reason}" for reason in difference(from_recipe, to_recipe)]
        return words

    def _not_made(self, tx: Transaction, old: Digest, new: Digest) -> Sequence[str]:
        """Return how two artifacts differ of which one at least was not made by a run."""
        if {tx.artifacts.get(one).kind for one in (old, new)} != {Kind.DEFINITION}:
            return ["one of the two was not made by a run"]
        return definition_differences(*(self.artifacts.files(one)[0][1].read_bytes() for one in (old, new)))

    def list(self, *, limit: int = 50, ref: str | None = None) -> Sequence[Review]:
        """Return changes, newest first."""
        name: RefName | None = parse_ref(ref)[0] if ref else None
        with self.catalog.read() as tx:
            found = tx.changes.newest(limit=limit, ref=name)
            seen = seen_of(tx, found, now_us=self.clock.now_us())
            return [self._review(tx, change, seen) for change in found]

    def approve(self, context: Context, change_id: str, *, role: str = "approver", note: str = "") -> Review:
        """Approve the exact moves of a change."""
        self._verify(change_id)
        with self.access.begin(context, "change:approve", f"change {change_id}") as tx:
            change, at_us = self._require_approvable(tx, change_id)
            rules.require_not_author(change, context.principal)
            principal = tx.principals.get(context.principal)
            if principal is None or not principal.may_approve or role not in principal.roles | {"approver"}:
                raise Denied(
                    f"{context.principal} cannot approve change {change_id}",
                    why=f"rule approvers-only: it has not the role {role}",
                    next_step="ask a principal with that role; see `remint principals list`",
                    rule="approvers-only",
                )
            self._sign_approval(tx, change, Step("approve", context.principal, at_us, role, note))
        return self.review(change_id)

    def approve_by_rule(self, context: Context, change_id: str) -> Review:
        """Let the service that the rules of a change name approve it, if their conditions hold."""
        self._verify(change_id)
        with self.access.recording(context, "change:approve", f"change {change_id}"), self.catalog.begin() as tx:
            self.access.require(tx, context, "change:open", f"change {change_id}")
            change, _ = self._require_approvable(tx, change_id)
            why = self._approve_by_rule(tx, change)
            if why:
                raise Denied(
                    f"change {change_id} was not approved by a service",
                    why=f"rule auto-conditions: {'; '.join(why)}",
                    next_step=f"a person approves it: `remint changes approve {change_id} --as NAME`",
                    rule="auto-conditions",
                )
        return self.review(change_id)

    def _require_approvable(self, tx: Transaction, change_id: str) -> tuple[Change, int]:
        """Return a change that can be approved, and the time."""
        change, seen, state = self._require_open(tx, change_id, doing="approved")
        rules.require_no_draft(change, doing="approved")
        if state is ChangeState.STALE:
            raise _stale(change, seen, doing="approved")
        return change, seen.now_us

    def _approve_by_rule(self, tx: Transaction, change: Change) -> Sequence[str]:
        """Approve an open change as the service its rules name, once; return, in words, why not."""
        auto = change.rules.auto if change.rules else None
        if auto is None or rules.is_draft(change):
            return ["no rule lets a service approve it"]
        why = refusals(tx, self.keys, change, auto, self._judged(tx, change))
        if why or any(step.role == AUTO for step in counted_approvals(tx, self.keys, change)):
            return why
        gates, kinds = ", ".join(sorted(auto.gates)), " and ".join(sorted(auto.kinds))
        note = f"by rule: it differs in {kinds} alone, and passes {gates}"
        self._sign_approval(tx, change, Step("approve", auto.by, self.clock.now_us(), AUTO, note))
        return why

    def _sign_approval(self, tx: Transaction, change: Change, step: Step) -> None:
        payload = approval_payload(change, step)
        signature = self.keys.sign(step.by, pre_authentication(payload))
        tx.changes.step(change.id, replace(step, payload=payload, signature=signature))
        facts = {"moves": rules.subject_of(change), "role": step.role}
        tx.entries.append(Entry("change:approve", f"change {change.id}", step.by, step.at_us, facts))

    def _require_open(self, tx: Transaction, change_id: str, *, doing: str) -> tuple[Change, Seen, ChangeState]:
        """Return a change that has not ended, what is known beside its steps, and how it stands."""
        change = tx.changes.get(ChangeId(change_id))
        seen = seen_of(tx, [change], now_us=self.clock.now_us())
        given = counted_approvals(tx, self.keys, change)
        return change, seen, rules.require_open(change, doing=doing, required=self.required, seen=seen, given=given)

    def _verify(self, change_id: str) -> None:
        with self.catalog.read() as tx:
            change = tx.changes.get(ChangeId(change_id))
        for move in change.moves:
            self.artifacts.verify(move.new)

    def reject(self, context: Context, change_id: str, *, note: str) -> Review:
        """Reject a change."""
        with self.access.begin(context, "change:reject", f"change {change_id}") as tx:
            self._end(tx, context, change_id, Step("reject", context.principal, 0, note=note), doing="rejected")
        return self.review(change_id)

    def withdraw(self, context: Context, change_id: str) -> Review:
        """Take back one's own change."""
        with self.access.begin(context, "change:withdraw", f"change {change_id}") as tx:
            _require_own(tx.changes.get(ChangeId(change_id)), context.principal, doing="withdraw")
            self._end(tx, context, change_id, Step("withdraw", context.principal, 0), doing="withdrawn")
        return self.review(change_id)

    def _end(self, tx: Transaction, context: Context, change_id: str, step: Step, *, doing: str) -> None:
        change, seen, _ = self._require_open(tx, change_id, doing=doing)
        tx.changes.step(change.id, replace(step, at_us=seen.now_us))
        facts = {"note": step.note}
        tx.entries.append(Entry(f"change:{step.action}", f"change {change_id}", context.principal, seen.now_us, facts))

    def merge(self, context: Context, change_id: str, *, glass: int | None = None) -> Sequence[Move]:
        """Move every ref of an approved change, or of any in an emergency, all or none."""
        self._verify(change_id)
        with self.access.begin(context, "change:merge", f"change {change_id}") as tx:
            change, seen, state = self._require_open(tx, change_id, doing="merged")
            rules.require_no_draft(change, doing="merged")
            if state is ChangeState.STALE:
                planned = rules.moved_away(change, seen)[0][0]
                raise moved_meanwhile(tx, planned.ref, planned.old)
            rules.require_clock(change, now_us=seen.now_us)
            for move in change.moves:
                rules.require_reviewed(tx.changes.in_emergency(move.ref), now_us=seen.now_us)
            self.recorded.require(tx, change.moves, doing=f"change {change_id} was not merged")
            self.owners.require(tx, (move.ref for move in change.moves), doing=f"change {change_id} was not merged")
            review = self._review(tx, change, seen, self._judged(tx, change))
            if glass is not None:
                return carry_out(tx, change, self._emergency_merge(tx, context, review, glass, seen.now_us))
            rules.require_thawed(change, now_us=seen.now_us)
            _require_mergeable(review)
            return carry_out(tx, change, Step("merge", context.principal, seen.now_us))

    def _emergency_merge(self, tx: Transaction, context: Context, review: Review, glass: int, at_us: int) -> Step:
        """Return the signed last step of a change that is merged in an emergency."""
        require_glass(tx, self.keys, glass, review.change, by=context.principal, at_us=at_us)
        hard = tuple(gate for gate in review.gates if gate.name not in GATES_PASSED)
        _require_mergeable(replace(review, gates=hard, missing={}, reviewers=()))
        merge = Step("merge", context.principal, at_us, GLASS, str(glass))
        payload = merge_payload(review.change, merge)
        return replace(merge, payload=payload, signature=self.keys.sign(merge.by, pre_authentication(payload)))

    def look_back(self, context: Context, change_id: str, *, note: str) -> Review:
        """Review a change that was merged in an emergency."""
        with self.access.begin(context, "change:review", f"change {change_id}") as tx:
            change = tx.changes.get(ChangeId(change_id))
            if rules.review_due_us(change) is None or change.merge is None:
                raise Conflict(
                    f"change {change_id} was not reviewed",
                    why="it was not merged in an emergency, or was reviewed already",
                    next_step=f"see `remint changes show {change_id}`",
                )
            glass = tx.glass.get(int(change.merge.note))
            involved = {change.opened_by, change.merge.by, glass.by, *([glass.confirmed.by] if glass.confirmed else [])}
            rules.require_not_author(replace(change, authors=change.authors | involved), context.principal)
            by, at_us = tx.principals.get(context.principal), self.clock.now_us()
            if by is None or not by.may_approve:
                raise Denied(
                    f"{context.principal} cannot review change {change_id}",
                    why="rule approvers-only: a review is by a person who may approve",
                    next_step="ask a principal with the role approver; see `remint principals list`",
                    rule="approvers-only",
                )
            step = Step("review", by.id, at_us, note=note)
            payload = review_payload(change, step)
            signature = self.keys.sign(by.id, pre_authentication(payload))
            tx.changes.step(change.id, replace(step, payload=payload, signature=signature))
            tx.entries.append(Entry("change:review", f"change {change_id}", by.id, at_us, {"note": note}))
        return self.review(change_id)


def _require_mergeable(review: Review) -> None:
    failed = [f"gate {gate.name}: {gate.reason}" for gate in review.gates if not gate.passed]
    lacking = [f"it lacks {words}" for words in review.lacks]
    if failed or lacking:
        raise Denied(
            f"change {review.change.id} was not merged",
            why="; ".join([*failed, *lacking]),
            next_step=f"see `remint changes show {review.change.id}`",
            rule="gates" if failed else "approvals",
        )


def _require_own(change: Change, by: PrincipalId, *, doing: str) -> None:
    if change.opened_by != by:
        raise Denied(
            f"{by} cannot {doing} change {change.id}",
            why=f"rule own-change: {change.opened_by} opened it",
            next_step=f"ask {change.opened_by}, or reject it: `remint changes reject {change.id} --note …`",
            rule="own-change",
        )


def _moved_words(change: Change, seen: Seen) -> list[str]:
    """Return, in words, which refs moved since a change was opened, and by whom."""
    return [
        f"{planned.ref} was at {planned.old.short if planned.old else 'nothing'}, "
        + (f"and {move.by} moved it to {move.new.short}" if move else "and it does not exist")
        for planned, move in rules.moved_away(change, seen)
    ]


def _stale(change: Change, seen: Seen, *, doing: str) -> RefMoved:
    again = " ".join(f"{move.ref.path}={move.new.short}" for move in change.moves)
    return RefMoved(
        f"change {change.id} was not {doing}",
        why=f"it is stale: {'; '.join(_moved_words(change, seen))}",
        next_step=f"propose it again from where it is now: `remint propose {again}`",
    )
