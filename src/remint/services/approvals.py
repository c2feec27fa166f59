"""Approvals: which of those given on a change are really signed by who they say, and which merges may stand without them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from remint.core import change as rules
from remint.core.change import ROLL_BACK, Change, ChangeState, Seen, Step
from remint.core.evidence import pre_authentication, statement
from remint.core.glass import GLASS
from remint.core.ids import PrincipalId
from remint.core.principal import PrincipalKind
from remint.core.ref import Move, RefName, Selector
from remint.core.review import AUTO
from remint.errors import Denied
from remint.ports.catalog import Transaction
from remint.ports.signing import Keys
from remint.services.glass import require_glass

HISTORY = 200
"""Moves of a ref that are looked at to tell how its changes stand."""


def approval_payload(change: Change, step: Step) -> bytes:
    """Return the bytes an approval signs: the exact moves, what they are judged by, who approves in which role, and when."""
    facts = {"change": change.id, "role": step.role}
    return statement(rules.subject_of(change), "approved", facts, by=step.by, at_us=step.at_us)


def merge_payload(change: Change, step: Step) -> bytes:
    """Return the bytes that a merge without approvals signs: the exact moves, who merges, by what right, and when."""
    facts = {"change": change.id, "role": step.role, "note": step.note}
    return statement(rules.subject_of(change), "merged", facts, by=step.by, at_us=step.at_us)


def review_payload(change: Change, step: Step) -> bytes:
    """Return the bytes that a review of a merge in an emergency signs."""
    facts = {"change": change.id, "note": step.note}
    return statement(rules.subject_of(change), "reviewed", facts, by=step.by, at_us=step.at_us)


def checked_approvals(tx: Transaction, keys: Keys, change: Change) -> list[tuple[Step, bool]]:
    """Return every approval of a change, and whether it counts.

    It counts if it is signed over the exact moves and rules of the change, by the recorded key of a principal who may approve,
    or of the service that the rules of the change name. For a change that was merged, the roles of that moment count.
    """
    merged_us = change.merge.at_us if change.merge else None
    checked: list[tuple[Step, bool]] = []
    for step in rules.approvals(change):
        signer = tx.principals.get(step.by, at_us=merged_us)
        message = pre_authentication(approval_payload(change, step))
        if step.role == AUTO:
            named = change.rules.auto if change.rules else None
            is_service = signer is not None and signer.kind is PrincipalKind.SERVICE and bool(signer.roles)
            may = is_service and named is not None and named.by == step.by
        else:
            may = signer is not None and signer.may_approve
        signed = signer is not None and may and keys.verify(signer.public_key, message, step.signature)
        teams = frozenset(one.team for one in signer.teams) if signer is not None else frozenset()
        checked.append((replace(step, teams=teams), signed))
    return checked


def counted_approvals(tx: Transaction, keys: Keys, change: Change) -> list[Step]:
    """Return the approvals of a change that count."""
    return [step for step, counts in checked_approvals(tx, keys, change) if counts]


def seen_of(tx: Transaction, changes: Iterable[Change], *, now_us: int) -> Seen:
    """Return what is known beside the steps of changes."""
    refs = {move.ref for change in changes for move in change.moves}
    return Seen(now_us, {ref: tx.refs.log(ref, limit=HISTORY) for ref in refs})


def require_merged(tx: Transaction, keys: Keys, move: Move, *, required: Mapping[str, int]) -> Change:
    """Return the change that made a move of a protected ref.

    Args:
        tx: the transaction to read in.
        keys: for the signatures.
        move: as the history of the ref has it.
        required: approvals a change needs, by role, where its own rules say none.

    Raises:
        Denied: no merged change made it, or the approvals of that change are not signed, or it was a roll-back to what no
            approved change put there right before.
    """
    change = tx.changes.get(move.change) if move.change is not None else None
    planned = {(one.ref, one.old, one.new) for one in change.moves} if change is not None else set()
    if change is None or (move.name, move.old, move.new) not in planned:
        raise _denied(move, "merged-change", "no change says this move")
    merge = change.merge
    if merge is None or rules.state_of(change, required=required) is not ChangeState.MERGED:
        raise _denied(move, "merged-change", f"change {change.id} was never merged")
    if merge.role == ROLL_BACK:
        _require_signed(tx, keys, change, move)
        earlier = restored(tx, keys, move.name, serial=move.serial, required=required)
        if earlier.new != move.new:
            raise _denied(move, "previous-merged", f"the version right before was {earlier.new.short}")
        return change
    if merge.role == GLASS:
        _require_signed(tx, keys, change, move)
        number = int(merge.note) if merge.note.isdecimal() else 0
        require_glass(tx, keys, number, change, by=merge.by, at_us=merge.at_us)
        return change
    missing = rules.missing_of(change, counted_approvals(tx, keys, change), required=required)
    if missing:
        raise _denied(move, "signed-approvals", f"change {change.id} lacks signed: {'; '.join(missing.words())}")
    return change


def approved_by(tx: Transaction, keys: Keys, move: Move, *, required: Mapping[str, int]) -> Sequence[PrincipalId]:
    """Return who approved the change behind a move, or reviewed it if it was merged in an emergency.

    For a roll-back, it is the change that first put there what it goes back to.

    Raises:
        Denied: as `require_merged`.
    """
    change = require_merged(tx, keys, move, required=required)
    if is_roll_back(change):
        earlier = restored(tx, keys, move.name, serial=move.serial, required=required)
        return approved_by(tx, keys, earlier, required=required)
    if change.merge is not None and change.merge.role == GLASS:
        return sorted(_reviewers(tx, keys, change))
    return sorted({step.by for step in counted_approvals(tx, keys, change)})


def _reviewers(tx: Transaction, keys: Keys, change: Change) -> set[PrincipalId]:
    found = set()
    for step in change.steps:
        signer = tx.principals.get(step.by, at_us=step.at_us) if step.action == "review" else None
        message = pre_authentication(review_payload(change, step))
        if signer is not None and signer.may_approve and keys.verify(signer.public_key, message, step.signature):
            found.add(step.by)
    return found


def is_roll_back(change: Change) -> bool:
    """Return whether a change was made by a roll-back."""
    return change.merge is not None and change.merge.role == ROLL_BACK


def restored(tx: Transaction, keys: Keys, name: RefName, *, serial: int, required: Mapping[str, int]) -> Move:
    """Return the move that a roll-back with this serial goes back to: the one before the move that it takes back.

    Raises:
        Denied: there is none, or no approved change made it, or what is taken back is itself a roll-back.
    """
    if serial <= 2:
        raise _no_roll_back(name, "no earlier version of it was merged")
    taken_back, earlier = (tx.refs.select(name, Selector(serial=serial - steps)) for steps in (1, 2))
    if taken_back.change is None or earlier.change is None:
        raise _no_roll_back(name, "not both of its last two moves were made by a change")
    if is_roll_back(tx.changes.get(taken_back.change)):
        raise _no_roll_back(name, "its last move was a roll-back already; only the version right before is approved for it")
    require_merged(tx, keys, earlier, required=required)
    return earlier


def _require_signed(tx: Transaction, keys: Keys, change: Change, move: Move) -> None:
    merge = change.merge
    signer = tx.principals.get(merge.by, at_us=merge.at_us) if merge else None
    if merge is None or signer is None:
        raise _denied(move, "signed-merge", f"nobody known merged change {change.id}")
    if not keys.verify(signer.public_key, pre_authentication(merge_payload(change, merge)), merge.signature):
        raise _denied(move, "signed-merge", f"the merge of change {change.id} is not signed by {merge.by}")


def _no_roll_back(name: RefName, why: str) -> Denied:
    return Denied(
        f"{name} cannot be rolled back",
        why=f"rule previous-merged: {why}",
        next_step=f"propose the version you want: see `remint log {name.path}`, then `remint propose {name.path}=b3:…`",
        rule="previous-merged",
        ref=str(name),
    )


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
