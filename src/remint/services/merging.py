"""Merging: the moves of a change, all of them, with their entries, in the caller's transaction."""

from collections.abc import Sequence

from remint.core import change as rules
from remint.core.change import Change, Step
from remint.core.entry import Entry
from remint.core.ref import Move
from remint.ports.catalog import Transaction
from remint.services.refs import moved_meanwhile


def carry_out(tx: Transaction, change: Change, merge: Step) -> Sequence[Move]:
    """Move every ref of a change that may be merged, and record that it was.

    Args:
        tx: a writing transaction.
        change: as it is recorded.
        merge: its last step.

    Raises:
        RefMoved: a ref is not where the author saw it; the transaction must be given up.
    """
    moves = []
    for planned in change.moves:
        reason = f"change {change.id}: {change.title}"
        move = Move(planned.ref, 0, planned.old, planned.new, merge.by, merge.at_us, reason, change=change.id)
        if not tx.refs.move(move):
            raise moved_meanwhile(tx, planned.ref, planned.old)
        where = {"from": planned.old, "to": planned.new, "change": change.id}
        tx.entries.append(Entry("ref:move", str(planned.ref), merge.by, merge.at_us, where))
        moves.append(tx.refs.log(planned.ref, limit=1)[0])
    tx.changes.step(change.id, merge)
    facts = {"moves": rules.subject_of(change), **({"right": merge.role} if merge.role else {})}
    tx.entries.append(Entry("change:merge", f"change {change.id}", merge.by, merge.at_us, facts))
    return moves
