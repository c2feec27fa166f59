"""Approvals: which of those given on a change are really signed by who they say."""

from collections.abc import Mapping

from remint.core import change as rules
from remint.core.change import Change, ChangeState, Step
from remint.core.evidence import pre_authentication, statement
from remint.core.ref import Move
from remint.errors import Denied
from remint.ports.catalog import Transaction
from remint.ports.signing import Keys


def approval_payload(change: Change, step: Step) -> bytes:
    """Return the bytes an approval signs: the exact moves and gates of the change, who approves in which role, and when."""
    subject = rules.moves_digest(change.moves, change.gates)
    return statement(subject, "approved", {"change": change.id, "role": step.role}, by=step.by, at_us=step.at_us)


def checked_approvals(tx: Transaction, keys: Keys, change: Change) -> list[tuple[Step, bool]]:
    """Return every approval of a change, and whether it counts.

    It counts if it is signed over the exact moves and gates of the change by the recorded key of a principal who may approve.
    """
    checked: list[tuple[Step, bool]] = []
    for step in rules.approvals(change):
        signer = tx.principals.get(step.by)
        message = pre_authentication(approval_payload(change, step))
        signed = signer is not None and signer.may_approve and keys.verify(signer.public_key, message, step.signature)
        checked.append((step, signed))
    return checked


def require_merged(tx: Transaction, keys: Keys, move: Move, *, required: Mapping[str, int]) -> Change:
    """Return the change that made a move of a protected ref.

    Args:
        tx: the transaction to read in.
        keys: for the signatures.
        move: as the history of the ref has it.
        required: approvals a change needs, by role.

    Raises:
        Denied: no merged change made it, or the approvals of that change are not signed.
    """
    change = tx.changes.get(move.change) if move.change is not None else None
    planned = {(one.ref, one.old, one.new) for one in change.moves} if change is not None else set()
    if change is None or (move.name, move.old, move.new) not in planned:
        raise _denied(move, "merged-change", "no change says this move")
    if rules.state_of(change, required=required) is not ChangeState.MERGED:
        raise _denied(move, "merged-change", f"change {change.id} was never merged")
    valid = [step for step, counts in checked_approvals(tx, keys, change) if counts]
    missing = rules.missing_approvals(valid, authors=change.authors, required=required)
    if missing:
        lacking = ", ".join(f"{count} signed approval(s) as {role}" for role, count in missing.items())
        raise _denied(move, "signed-approvals", f"change {change.id} lacks {lacking}")
    return change


def _denied(move: Move, rule: str, why: str) -> Denied:
    return Denied(
        f"{move.name} at {move.new.short} is not trusted",
        why=f"rule {rule}: {why}",
        next_step=f"propose it, have it approved by another principal, and merge: "
        f"`remint propose {move.name.path}={move.new.short}`",
        rule=rule,
        ref=str(move.name),
        artifact=move.new,
    )
