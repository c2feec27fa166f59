"""The pages of changes: the list of them, and one as a reviewer reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from remint.app import App
from remint.core.access import Caller, decide
from remint.core.change import FINAL, ROLL_BACK, ChangeState, Step, approvals
from remint.core.digest import Digest
from remint.core.glass import GATES_PASSED, GLASS, Glass, require_holds
from remint.core.inventory import Answer
from remint.core.ref import PRODUCTION, RefName
from remint.core.window import in_words
from remint.errors import Denied, NotFound
from remint.ports.usecases.changes import Review
from remint.server.pages.shown import Chip, Moment, chip_of, moment_of, pieces

PAGE_ROWS = 25
LOOKED_AT = 500
"""How many of the newest changes the list looks at."""

EMERGENCIES = 100
"""How many of the newest emergencies are looked at for those in which a change may be merged."""

_ALL = "all"
_DONE = {
    "approve": "You approved this change.",
    "reject": "You rejected this change.",
    "merge": "Merged: every ref of this change has moved.",
    "withdraw": "You took this change back.",
    "open": "You opened this change for review.",
    "review": "You reviewed what was merged in an emergency.",
    "roll-back": "Rolled back: the version of before is in production again.",
}
_STEPS = {
    "draft": ("drafted", "pencil"),
    "open": ("opened", "open"),
    "approve": ("approved", "check"),
    "reject": ("rejected", "cross"),
    "withdraw": ("withdrew", "back"),
    "merge": ("merged", "merge"),
    "review": ("reviewed what was merged in an emergency", "check"),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice of the list."""

    words: str
    url: str
    number: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change in the list."""

    number: str
    title: str
    state: Chip
    refs: tuple[str, ...]
    opened_by: str
    opened: Moment


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """The list of changes, newest first.

    Attributes:
        newer: the page before this one; empty if there is none.
        older: the page after this one; empty if there is none.
        is_cut: there are more changes than the list looks at.
    """

    filters: tuple[Filter, ...]
    rows: tuple[ChangeRow, ...]
    newer: str
    older: str
    is_cut: bool
    title: str = "Changes"


def changes_page(app: App, *, state: str, page: int) -> ChangesPage:
    """Return one page of the list of changes.

    Args:
        app: the project.
        state: only changes in it; every change if it is no state.
        page: which, from 1.
    """
    found = app.changes.list(limit=LOOKED_AT)
    present = [str(one) for one in ChangeState]
    chosen = state if state in present else _ALL
    kept = [one for one in found if chosen in {_ALL, str(one.state)}]
    first = (page - 1) * PAGE_ROWS
    now_us = app.clock.now_us()
    return ChangesPage(
        filters=tuple(_filters(found, present, chosen)),
        rows=tuple(_row(one, now_us) for one in kept[first : first + PAGE_ROWS]),
        newer=_list_url(chosen, page - 1) if page > 1 else "",
        older=_list_url(chosen, page + 1) if len(kept) > first + PAGE_ROWS else "",
        is_cut=len(found) == LOOKED_AT,
    )


def _filters(found: Sequence[Review], states: Sequence[str], chosen: str) -> Iterator[Filter]:
    yield Filter("All", _list_url(_ALL, 1), len(found), chosen == _ALL)
    for state in states:
        number = sum(str(one.state) == state for one in found)
        if number or state == chosen:
            yield Filter(chip_of(state).words, _list_url(state, 1), number, chosen == state)


def _list_url(state: str, page: int) -> str:
    words = [f"state={state.replace(' ', '+')}"] if state != _ALL else []
    words += [f"page={page}"] if page > 1 else []
    return "/changes" + ("?" + "&".join(words) if words else "")


def _row(review: Review, now_us: int) -> ChangeRow:
    change = review.change
    refs = tuple(move.ref.path for move in change.moves)
    opened = moment_of(change.at_us, now_us=now_us)
    return ChangeRow(change.id, change.title, chip_of(review.state), refs, change.opened_by, opened)


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A ref that the change moves; `old` is empty where there is nothing yet.

    Attributes:
        owner: who answers for the ref, in words.
        owned: whether somebody does.
    """

    ref: str
    old: str
    new: str
    owner: str
    owned: bool


@dataclass(frozen=True, slots=True)
class GateRow:
    """The judgement of a gate."""

    name: str
    verdict: Chip
    reason: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """Something that happened to the change."""

    words: str
    icon: str
    by: str
    role: str
    note: str
    at: Moment


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """An evaluation or a regeneration of a proposed artifact."""

    subject: str
    words: str
    by: str
    at: Moment


@dataclass(frozen=True, slots=True)
class Deed:
    """Something the reader may do, or the rule why not.

    Attributes:
        why: empty if it may be done.
    """

    verb: str
    why: str = ""

    @property
    def may(self) -> bool:
        """Whether it may be done."""
        return not self.why


@dataclass(frozen=True, slots=True)
class Way:
    """An emergency that goes on about all refs of a change.

    Attributes:
        until: when it ends, in words.
        deed: merging in it.
    """

    number: int
    reason: str
    until: str
    deed: Deed


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A change as a reviewer reads it.

    Attributes:
        waits: what is missing for a merge, in words.
        notes: what else a reviewer should know: sentences in pieces, as `shown.pieces` makes them.
        roles: in which the reader may still approve.
        deeds: by verb; empty if the change has ended.
        ways: emergencies in which it could be merged.
        emergency: the page on which one is opened for its refs; empty if there is one, or the reader may not.
        review: the review of a merge in an emergency; None if there is nothing to review.
        review_by: until when that must be done, in words.
        done: what the reader just did, in words.
    """

    number: str
    title: str
    state: Chip
    opened_by: str
    opened: Moment
    authors: tuple[str, ...]
    moves: tuple[MoveRow, ...]
    difference: tuple[str, ...]
    gates: tuple[GateRow, ...]
    evidence: tuple[EvidenceRow, ...]
    steps: tuple[StepRow, ...]
    waits: tuple[str, ...]
    notes: tuple[tuple[tuple[str, bool], ...], ...]
    roles: tuple[str, ...]
    deeds: Mapping[str, Deed]
    ways: tuple[Way, ...]
    emergency: str
    review: Deed | None
    review_by: str
    done: str


def change_page(app: App, caller: Caller, number: str, *, done: str) -> ChangePage:
    """Return the page of one change for one reader.

    Raises:
        NotFound: there is no such change.
    """
    review = app.changes.review(number)
    change, now_us = review.change, app.clock.now_us()
    roles, ended = roles_left(review, caller, app.required), review.state in FINAL
    ways = () if ended else tuple(ways_of(review, caller, app.glasses.list(limit=EMERGENCIES), now_us))
    return ChangePage(
        number=change.id,
        title=change.title,
        state=chip_of(review.state),
        opened_by=change.opened_by,
        opened=moment_of(change.at_us, now_us=now_us),
        authors=tuple(sorted(change.authors)),
        moves=tuple(
            MoveRow(str(move.ref), move.old.short if move.old else "", move.new.short, *_owner(app, move.ref))
            for move in change.moves
        ),
        difference=review.difference,
        gates=tuple(GateRow(gate.name, _verdict(passed=gate.passed), gate.reason) for gate in review.gates),
        evidence=tuple(row for move in change.moves for row in _evidence(app, move.new, now_us)),
        steps=tuple(_steps(review, now_us)),
        waits=() if ended else waits_of(review),
        notes=() if ended else tuple(pieces(f"{words[:1].upper()}{words[1:]}.") for words in notes_of(review)),
        roles=roles,
        deeds={} if ended else {deed.verb: deed for deed in deeds_of(review, caller, roles)},
        ways=ways,
        emergency="" if ended or ways else _emergency_url(review, caller),
        review=_look_back(app, review, caller),
        review_by=in_words(review.review_due_us) if review.review_due_us is not None else "",
        done=_DONE.get(done, ""),
    )


def _owner(app: App, ref: RefName) -> tuple[str, bool]:
    """Return who answers for a ref, in words, and whether somebody does."""
    try:
        found = app.inventory.show(ref.path)
    except NotFound:  # it is new, and nothing was said of it
        return "nobody", False
    if found.item is None:
        return "nobody", False
    owned = found.answer is Answer.OWNED
    return found.item.owner if owned else f"{found.item.owner} (gone)", owned


def _verdict(*, passed: bool) -> Chip:
    return Chip("Passed", "ok", "check") if passed else Chip("Failed", "bad", "cross")


def _steps(review: Review, now_us: int) -> Iterator[StepRow]:
    for step in review.change.steps:
        words, icon = _STEPS.get(step.action, (step.action, "dot"))
        role, note = step.role, step.note
        if step.action in {"draft", "open"} and note == review.change.title:
            note = ""
        elif step.action == "merge" and role in _RIGHTS:
            words, role, note = _merged(step)
        yield StepRow(words, icon, step.by, role, note, moment_of(step.at_us, now_us=now_us))


_RIGHTS = frozenset({GLASS, ROLL_BACK})
"""What allows a merge without approvals."""


def _merged(step: Step) -> tuple[str, str, str]:
    """Return how a merge without approvals is told: words, no role, and a note."""
    return (f"merged in emergency {step.note}", "", "") if step.role == GLASS else ("rolled back", "", step.note)


def _evidence(app: App, subject: Digest, now_us: int) -> Iterator[EvidenceRow]:
    for run in reversed(app.lineage.down(subject)):
        if run.end is not None and run.end.metrics and run.start.purpose == "run" and subject in run.start.inputs.values():
            guarded = "" if run.end.guarded else ", not guarded"
            words = f"evaluated in run {run.id.short}{guarded}: {_numbers(run.end.metrics)}"
            yield EvidenceRow(subject.short, words, run.start.by, moment_of(run.end.at_us, now_us=now_us))
    for one in app.regenerations.evidence(subject):
        words = f"regenerated in run {one['run'][-8:]}, at the level {one['level']}"
        yield EvidenceRow(subject.short, words, one["by"], moment_of(int(one["at_us"]), now_us=now_us))


def _numbers(metrics: Mapping[str, float]) -> str:
    """Return the chief numbers of an evaluation: those with the plainest names."""
    fewest = min(name.count(".") for name in metrics)
    chief = [f"{name} {value:.4g}" for name, value in metrics.items() if name.count(".") == fewest]
    return ", ".join(chief[:4])


def waits_of(review: Review) -> tuple[str, ...]:
    """Return what is missing for a merge, in words."""
    failed = [f"gate {gate.name}" for gate in review.gates if not gate.passed]
    frozen = [f"{in_words(review.frozen_until_us)}, because merges are frozen"] if review.frozen_until_us is not None else []
    owners = [f"an owner ({words})" for words in review.unowned]
    return (*review.lacks, *owners, *failed, *frozen)


def notes_of(review: Review) -> tuple[str, ...]:
    """Return what else a reviewer should know: refs that moved, when it expires, and who could give what is missing."""
    could = [f"could approve as {role}: {', '.join(names)}" for role, names in review.could.items() if names]
    expires = [f"it expires {in_words(review.expires_us)} unless it is merged before"] if review.expires_us is not None else []
    others = [one for one in review.candidates if not one.proposed]
    chosen = [f"{len(others)} other candidates were made since the champion: see `remint changes show`"] if others else []
    return (*review.moved, *chosen, *could, *expires)


def roles_left(review: Review, caller: Caller, required: Mapping[str, int]) -> tuple[str, ...]:
    """Return the roles in which a caller may still approve: those that are asked for, and that it has and did not use."""
    given = {step.role for step in approvals(review.change) if step.by == caller.principal}
    rules = review.change.rules
    asked = {"approver", *((rules.approvals if rules else None) or required)}
    return tuple(sorted((asked & {*caller.roles, "approver"}) - given))


def deeds_of(review: Review, caller: Caller, roles: Sequence[str]) -> tuple[Deed, ...]:
    """Return what a caller may do with a change that has not ended; each with the rule that refuses it."""
    change = review.change
    own = change.opened_by == caller.principal
    draft = (review.state is ChangeState.DRAFT, "it is a draft: whoever made it opens it first")
    stale = (review.state is ChangeState.STALE, "a ref moved meanwhile: propose the same again")
    refusals: dict[str, tuple[tuple[bool, str], ...]] = {
        "open": ((not own, f"rule own-change: {change.opened_by} made it"),),
        "approve": (
            draft,
            stale,
            (caller.principal in change.authors, "rule four-eyes: no one approves what they helped to make"),
            (not roles, "you approved it in every role you have"),
        ),
        "merge": (draft, stale, (not review.mergeable, f"it waits for {', '.join(waits_of(review)) or 'an approval'}")),
        "reject": (),
        "withdraw": ((not own, f"rule own-change: {change.opened_by} opened it"),),
    }
    if not draft[0]:
        del refusals["open"]
    return tuple(Deed(verb, _why(verb, caller, more)) for verb, more in refusals.items())


def ways_of(review: Review, caller: Caller, found: Sequence[Glass], now_us: int) -> Iterator[Way]:
    """Yield the emergencies that go on about all refs of a change; each with the rule that refuses a merge in it."""
    refs = {move.ref for move in review.change.moves}
    hard = [gate.name for gate in review.gates if not gate.passed and gate.name not in GATES_PASSED]
    for glass in found:
        if not (glass.at_us <= now_us < glass.until_us and refs <= set(glass.refs)):
            continue
        try:
            require_holds(glass, refs, by=caller.principal, at_us=now_us)
            held = ""
        except Denied as refused:
            held = refused.why
        refusals = (
            (review.state is ChangeState.DRAFT, "it is a draft: whoever made it opens it first"),
            (review.state is ChangeState.STALE, "a ref moved meanwhile: propose the same again"),
            (bool(held), held),
            (bool(hard), f"no emergency stands in for gate {', '.join(hard)}"),
            (bool(review.unowned), f"no emergency stands in for an owner: {', '.join(review.unowned)}"),
        )
        deed = Deed(f"merge-{glass.number}", _why("merge", caller, refusals))
        yield Way(glass.number, glass.reason, in_words(glass.until_us), deed)


def _emergency_url(review: Review, caller: Caller) -> str:
    if not decide(caller, "glass:open", workspace=PRODUCTION).allowed:
        return ""
    return f"/emergencies?refs={quote('+'.join(move.ref.path for move in review.change.moves), safe='+')}"


def _look_back(app: App, review: Review, caller: Caller) -> Deed | None:
    """Return the review of a merge in an emergency, with the rule that refuses it to a caller; None if there is none to do."""
    change = review.change
    if review.review_due_us is None or change.merge is None:
        return None
    glass = app.glasses.get(int(change.merge.note))
    involved = {
        *change.authors,
        change.opened_by,
        change.merge.by,
        glass.by,
        *([glass.confirmed.by] if glass.confirmed else []),
    }
    own = (caller.principal in involved, "rule four-eyes: no one reviews what they made, merged or allowed")
    return Deed("review", _why("review", caller, [own]))


def _why(verb: str, caller: Caller, refusals: Sequence[tuple[bool, str]]) -> str:
    decision = decide(caller, f"change:{verb}", workspace=PRODUCTION)
    if not decision.allowed:
        return f"rule {decision.rule}: {decision.why}"
    return next((why for refused, why in refusals if refused), "")
