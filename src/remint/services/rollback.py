"""Rolling back: a protected ref goes back to the version that was merged right before, at once, without a new approval."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from remint.core.change import ROLL_BACK, Change, PlannedMove, Step, subject_of
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.evidence import pre_authentication
from remint.core.ids import ChangeId
from remint.core.ref import PRODUCTION, Move, RefName, is_protected, parse_ref
from remint.errors import Invalid, RefNotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.approvals import merge_payload, restored
from remint.services.merging import carry_out
from remint.services.refs import moved_meanwhile


@dataclass(frozen=True)
class RollBackService:
    """See ports.usecases.changes.RollBacks.

    Attributes:
        required: approvals a change needs, by role, where its own rules say none.
        protected: patterns of refs in `main` that only changes move.
    """

    catalog: Catalog
    access: Access
    artifacts: Artifacts
    keys: Keys
    clock: Clock
    required: Mapping[str, int]
    protected: tuple[str, ...]

    def roll_back(self, context: Context, ref: str, *, reason: str = "", expect: Digest | None = None) -> Move:
        """Move a protected ref back to the version that was merged right before."""
        name, _ = parse_ref(ref, workspace=PRODUCTION)
        if not is_protected(name, patterns=self.protected):
            raise Invalid(
                f"{name} was not rolled back",
                why="it is not protected, so nothing was ever merged to it",
                next_step="run its pipeline again, or see `remint log` for its versions",
            )
        with self.access.recording(context, "change:merge", str(name)):
            with self.catalog.read() as tx:
                last, earlier = self._last_two(tx, name, expect)
            self.artifacts.verify(earlier.new)
            with self.catalog.begin() as tx:
                for action in ("change:open", "change:merge"):
                    self.access.require(tx, context, action, str(name))
                if self._last_two(tx, name)[0] != last:
                    raise moved_meanwhile(tx, name, last.new)
                change = self._opened(tx, context, PlannedMove(name, last.new, earlier.new), reason)
                merge = Step("merge", context.principal, change.at_us, ROLL_BACK, reason)
                payload = merge_payload(change, merge)
                signature = self.keys.sign(context.principal, pre_authentication(payload))
                return carry_out(tx, change, replace(merge, payload=payload, signature=signature))[0]

    def _last_two(self, tx: Transaction, name: RefName, expect: Digest | None = None) -> tuple[Move, Move]:
        """Return the last move of a ref, to `expect` if given, and the one before it, which a roll-back goes back to."""
        moves = tx.refs.log(name, limit=1)
        if not moves:
            raise RefNotFound(f"{name} was not rolled back", why="it does not exist", next_step="see `remint status`")
        if expect is not None and moves[0].new != expect:
            raise moved_meanwhile(tx, name, expect)
        return moves[0], restored(tx, self.keys, name, serial=moves[0].serial + 1, required=self.required)

    def _opened(self, tx: Transaction, context: Context, planned: PlannedMove, reason: str) -> Change:
        """Record the change of a roll-back as opened, and return it."""
        by, at_us = context.principal, self.clock.now_us()
        title = f"roll back {planned.ref.path} to {planned.new.short}"
        made = Change(ChangeId(""), title, (planned,), by, frozenset({by}), at_us)
        change = replace(made, id=tx.changes.add(made))
        tx.changes.step(change.id, Step("open", by, at_us, note=reason))
        facts = {"moves": subject_of(change), "authors": [by], "right": ROLL_BACK}
        tx.entries.append(Entry("change:open", f"change {change.id}", by, at_us, facts))
        return change
