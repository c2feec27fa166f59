"""`remint propose` and `remint changes …`."""

import click

from remint.cli.output import Out, table, when
from remint.core.change import ChangeState
from remint.ports.usecases.changes import Review

EMBEDDED = "note: embedded mode records approvals, it cannot enforce them: one account owns the files and the keys"


def lines_of(review: Review) -> list[str]:
    """Return a change as lines for people."""
    change = review.change
    lines = [
        f"change  {change.id}, {review.state}, opened {when(change.at_us)} by {change.opened_by}",
        f"title   {change.title}",
        *(f"moves   {move.ref} from {move.old.short if move.old else 'nothing'} to {move.new.short}" for move in change.moves),
        f"makers  {', '.join(sorted(change.authors))}",
        *(f"differs {words}" for words in review.difference),
        *(f"gate    {'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.reason}" for gate in review.gates),
    ]
    lines += [
        f"{step.action:<7} by {step.by}, {when(step.at_us)}{': ' + step.note if step.note else ''}" for step in change.steps[1:]
    ]
    if review.state is ChangeState.OPEN:
        lines += [f"waits   for {count} approval(s) as {role}" for role, count in review.missing.items()]
    return lines


@click.command()
@click.argument("refs", nargs=-1, required=True)
@click.option("--title", default="", help="What the change is for, in words.")
@click.pass_obj
def propose(out: Out, refs: tuple[str, ...], title: str) -> None:
    """Open a change that moves protected refs

    REFS are WORKSPACE:KIND/NAME, proposed for main:KIND/NAME, or KIND/NAME=b3:DIGEST.
    """
    app = out.open()
    review = app.changes.propose(app.context(), refs, title=title)
    out.show("change", review, lines_of(review))
    out.advise(f"next: another principal types `remint changes approve {review.change.id} --as NAME`")


@click.group()
def changes() -> None:
    """List, show, approve, reject, merge or withdraw changes"""


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
            one.change.title,
        ]
        for one in found
    ]
    out.show(
        "changes", {"changes": found}, table(["change", "state", "moves", "by", "title"], rows) if rows else "no changes yet"
    )


@changes.command()
@click.argument("change_id")
@click.pass_obj
def show(out: Out, change_id: str) -> None:
    """Show one change: moves, gates, approvals"""
    app = out.open()
    review = app.changes.review(change_id)
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
@click.pass_obj
def merge(out: Out, change_id: str) -> None:
    """Merge an approved change and move its refs

    Fails if an approval is missing, a gate does not pass, or a ref has moved since the change was opened.
    """
    app = out.open()
    moves = app.changes.merge(app.context(), change_id)
    out.show(
        "merge", {"moves": moves}, [f"{move.name} now points at {move.new.short} (version {move.serial})" for move in moves]
    )
