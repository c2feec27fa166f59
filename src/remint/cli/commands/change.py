"""`remint propose` and `remint changes …`."""

import click

from remint.cli.output import Out, table, when
from remint.core.change import WAITING, ChangeState, Step
from remint.core.review import Rules
from remint.ports.usecases.changes import Candidate, Review

EMBEDDED = "note: embedded mode records approvals, it cannot enforce them: one account owns the files and the keys"


def lines_of(review: Review) -> list[str]:
    """Return a change as lines for people."""
    change = review.change
    lines = [
        f"change  {change.id}, {review.state}, opened {when(change.at_us)} by {change.opened_by}",
        f"title   {change.title}",
        *(f"moves   {move.ref} from {move.old.short if move.old else 'nothing'} to {move.new.short}" for move in change.moves),
        f"makers  {', '.join(sorted(change.authors))}",
        *([f"why     {review.why}"] if review.why else []),
        *(f"differs {words}" for words in review.difference),
        *(f"{'chosen ' if one.proposed else 'instead'} {_candidate(one)}" for one in review.candidates if _is_choice(review)),
        *(f"gate    {'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.reason}" for gate in review.gates),
        *(_rule_lines(change.rules) if change.rules else []),
    ]
    lines += [
        f"{step.action:<7} by {step.by}, {when(step.at_us)}{_as(step)}{': ' + step.note if step.note else ''}"
        for step in change.steps[1:]
    ]
    return lines + _waiting_lines(review)


def _is_choice(review: Review) -> bool:
    return any(not one.proposed for one in review.candidates)


def _candidate(one: Candidate) -> str:
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in one.metrics.items()) or "never measured"
    return f"{one.artifact.short} by {one.by}, {when(one.at_us)}: {numbers}; {one.looks} measurements on that data"


def _as(step: Step) -> str:
    return f", {step.role}" if step.role not in {"", "approver"} else ""


def _rule_lines(rules: Rules) -> list[str]:
    """Return what a change is judged by."""
    asked = [f"{count} as {role}" for role, count in rules.approvals.items()]
    lists = [f"one of {', '.join(names)}" for names in rules.reviewers]
    lines = [f"rules   tier {rules.tier}; approvals: {', '.join([*asked, *lists])}"]
    return lines + [f"freeze  {window}" for window in rules.freeze]


def _waiting_lines(review: Review) -> list[str]:
    """Return what a change waits for."""
    if review.review_due_us is not None:
        return [f"waits   for a review by {when(review.review_due_us)}, of what was merged in an emergency"]
    if review.state not in WAITING:
        return []
    lines = [f"moved   {words}" for words in review.moved]
    if review.state is ChangeState.STALE:
        again = " ".join(f"{move.ref.path}={move.new.short}" for move in review.change.moves)
        return [*lines, f"next    propose it again: remint propose {again}"]
    if review.state is ChangeState.DRAFT:
        lines.append(f"next    open it: remint changes open {review.change.id}")
    lines += [f"waits   for {words}" for words in review.lacks]
    lines += [f"waits   for an owner: {words}" for words in review.unowned]
    lines += [f"by rule not yet: {words}" for words in review.not_by_rule]
    lines += [f"could   {', '.join(names) or 'nobody'}, as {role}" for role, names in review.could.items()]
    if review.frozen_until_us is not None:
        lines.append(f"frozen  until {when(review.frozen_until_us)}")
    if review.expires_us is not None:
        lines.append(f"expires {when(review.expires_us)}")
    return lines


@click.command()
@click.argument("refs", nargs=-1, required=True)
@click.option("--title", default="", help="What the change is for, in words.")
@click.option("--why", default="", help="Why these and not other candidates, in words.")
@click.option("--draft", is_flag=True, help="Nobody can approve it before you open it.")
@click.pass_obj
def propose(out: Out, refs: tuple[str, ...], title: str, why: str, draft: bool) -> None:
    """Open a change that moves protected refs

    REFS are WORKSPACE:KIND/NAME, proposed for main:KIND/NAME, or KIND/NAME=b3:DIGEST.
    """
    app = out.open()
    review = app.changes.propose(app.context(), refs, title=title, draft=draft, why=why)
    out.show("change", review, lines_of(review))
    if review.state is ChangeState.DRAFT:
        out.advise(f"next: open it for review with `remint changes open {review.change.id}`")
    elif review.lacks:
        out.ask_others(app, f"remint changes approve {review.change.id}")


@click.group()
def changes() -> None:
    """List, show, open, approve, reject, merge, review or withdraw changes"""


@changes.command("list")
@click.option("--limit", default=20, show_default=True, help="At most so many changes.")
@click.option("--ref", metavar="REF", help="Only changes of this ref.")
@click.pass_obj
def list_(out: Out, limit: int, ref: str | None) -> None:
    """List changes, newest first"""
    app = out.open()
    found = app.changes.list(limit=limit, ref=ref)
    rows = [
        [
            str(one.change.id),
            str(one.state),
            ", ".join(move.ref.path for move in one.change.moves),
            one.change.opened_by,
            "; ".join(one.lacks) if one.state in WAITING else "a review" if one.review_due_us is not None else "",
            one.change.title,
        ]
        for one in found
    ]
    head = ["change", "state", "moves", "by", "lacks", "title"]
    out.show("changes", {"changes": found}, table(head, rows) if rows else "no changes yet")


@changes.command()
@click.argument("change_id")
@click.pass_obj
def show(out: Out, change_id: str) -> None:
    """Show one change: moves, gates, approvals"""
    app = out.open()
    review = app.changes.review(change_id)
    out.show("change", review, lines_of(review))


@changes.command("open")
@click.argument("change_id")
@click.pass_obj
def open_(out: Out, change_id: str) -> None:
    """Open your draft for review"""
    app = out.open()
    review = app.changes.open(app.context(), change_id)
    out.show("change", review, lines_of(review))


@changes.command()
@click.argument("change_id")
@click.option("--note", default="", help="Why you approve.")
@click.option("--role", default="approver", show_default=True, help="The role you approve in.")
@click.pass_obj
def approve(out: Out, change_id: str, note: str, role: str) -> None:
    """Approve the exact moves of a change

    No one approves what they helped to make. The bytes of what is proposed are verified first.
    """
    app = out.open()
    review = app.changes.approve(app.context(), change_id, role=role, note=note)
    out.show("change", review, lines_of(review))
    out.advise(EMBEDDED)


@changes.command()
@click.argument("change_id")
@click.pass_obj
def auto(out: Out, change_id: str) -> None:
    """Let the service that the rules name approve a change

    It does if the change differs in the kinds the rule names alone, passes the gates it names, and the service made nothing
    of it.
    """
    app = out.open()
    found = app.changes.approve_by_rule(app.context(), change_id)
    out.show("change", found, lines_of(found))


@changes.command()
@click.argument("change_id")
@click.option("--note", required=True, help="Why you reject it.")
@click.pass_obj
def reject(out: Out, change_id: str, note: str) -> None:
    """Reject a change; it ends"""
    app = out.open()
    review = app.changes.reject(app.context(), change_id, note=note)
    out.show("change", review, lines_of(review))


@changes.command()
@click.argument("change_id")
@click.pass_obj
def withdraw(out: Out, change_id: str) -> None:
    """Take back your own change; it ends"""
    app = out.open()
    review = app.changes.withdraw(app.context(), change_id)
    out.show("change", review, lines_of(review))


@changes.command()
@click.argument("change_id")
@click.option("--note", required=True, help="What you found.")
@click.pass_obj
def review(out: Out, change_id: str, note: str) -> None:
    """Review a change that was merged in an emergency"""
    app = out.open()
    found = app.changes.look_back(app.context(), change_id, note=note)
    out.show("change", found, lines_of(found))


@changes.command()
@click.argument("change_id")
@click.option("--glass", type=int, metavar="NUMBER", help="Merge it in this emergency, without what it lacks.")
@click.pass_obj
def merge(out: Out, change_id: str, glass: int | None) -> None:
    """Merge an approved change and move its refs

    Fails if an approval is missing, a gate does not pass, nothing is merged at this time, or a ref has moved since the change
    was opened.
    """
    app = out.open()
    moves = app.changes.merge(app.context(), change_id, glass=glass)
    out.show(
        "merge", {"moves": moves}, [f"{move.name} now points at {move.new.short} (version {move.serial})" for move in moves]
    )
