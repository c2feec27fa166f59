"""The audit log: verifying it, checkpoints of it kept elsewhere, proofs, and exporting it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from remint.core.evidence import pre_authentication
from remint.core.log import Checkpoint, Proof, checkpoint_bytes, prove, read_checkpoint
from remint.errors import Corrupt, Invalid, NotFound
from remint.ports.catalog import PAGE, Catalog, Transaction
from remint.ports.checkpoints import Checkpoints
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.audit import Verified
from remint.services.claims import Claims
from remint.services.logchecks import CHECKPOINT_TYPE, Kept, check_log, read_kept
from remint.services.principals import PLATFORM


@dataclass(frozen=True)
class AuditService:
    """See ports.usecases.audit.Audit."""

    catalog: Catalog
    checkpoints: Checkpoints
    keys: Keys
    clock: Clock

    def verify(self, *, records: bool = True) -> Verified:
        """Make the tree again and compare it with what is stored, here and elsewhere."""
        with self.catalog.read() as tx:
            claims = Claims() if records else None
            found = check_log(_pages(tx, claims), self._kept(tx), stored=tx.entries.frontier())
            if claims is None or found.first_bad is not None:
                return found
            count, differences = claims.differences(tx)
            return replace(found, records=count, problems=(*found.problems, *differences))

    def _kept(self, tx: Transaction, *, only_last: bool = False) -> Kept:
        platform = tx.principals.get(PLATFORM)
        named = [(place, self.checkpoints.lines(place, only_last=only_last)) for place in self.checkpoints.places()]
        return read_kept(named, public_key=platform.public_key if platform else b"", is_signed=self.keys.verify)

    def export(self, *, after: int = 0) -> Iterator[bytes]:
        """Yield the canonical bytes of each entry in log order."""
        last = after
        while True:
            with self.catalog.read() as tx:
                leaves = tx.entries.leaves(after=last, limit=PAGE)
            if not leaves:
                return
            yield from leaves
            last += len(leaves)

    def checkpoint(self) -> Checkpoint:
        """Sign how long the log is, and its root, and keep that elsewhere."""
        if not self.checkpoints.places():
            raise Invalid(
                "no checkpoint was made",
                why="there is no place to keep it in: the setting `checkpoints` is empty",
                next_step='set it to a file that those who can alter the catalog cannot alter: `checkpoints = ["/mnt/log"]`',
            )
        with self.catalog.read() as tx:
            self._require_fitting(tx)
            frontier, installation = tx.entries.frontier(), tx.facts.get("installation") or ""
        payload = checkpoint_bytes(
            installation=installation,
            size=frontier.size,
            root=frontier.root(),
            at_us=self.clock.now_us(),
            public_key=self.keys.create(PLATFORM),
        )
        signature = self.keys.sign(PLATFORM, pre_authentication(payload, payload_type=CHECKPOINT_TYPE))
        unsigned = read_checkpoint(_line(payload))
        made = replace(unsigned, signature=signature)
        for place in self.checkpoints.places():
            self.checkpoints.append(place, made.line())
        return made

    def _require_fitting(self, tx: Transaction) -> None:
        """Refuse to go on from a log that an earlier checkpoint contradicts."""
        kept = self._kept(tx, only_last=True)
        size = tx.entries.frontier().size
        if kept.problems or (kept.sound and kept.sound[-1].size > size):
            words = kept.problems[0] if kept.problems else f"one says {kept.sound[-1].size} entries, and there are {size}"
            raise Corrupt(
                "no checkpoint was made",
                why=f"the earlier ones do not fit: {words}",
                next_step="find out what happened with `remint audit verify`; keep the places of checkpoints as they are",
            )

    def checkpoint_if_new(self) -> Checkpoint | None:
        """Make a checkpoint if there are entries that the last one does not know of."""
        if not self.checkpoints.places():
            return None
        with self.catalog.read() as tx:
            last, size = self._kept(tx, only_last=True).sound[-1:], tx.entries.frontier().size
        return None if last and last[0].size == size else self.checkpoint()

    def prove(self, number: int) -> Proof:
        """Return the proof that an entry is in the log as it is now."""
        with self.catalog.read() as tx:
            try:
                return prove((leaf for page in _pages(tx, None) for leaf in page), number)
            except IndexError:
                raise NotFound(
                    f"there is no entry {number}",
                    why=f"the log has the entries 1 to {tx.entries.frontier().size}",
                    next_step="find its number with `remint audit export`",
                ) from None


def _pages(tx: Transaction, claims: Claims | None) -> Iterator[Sequence[bytes]]:
    last = 0
    while leaves := tx.entries.leaves(after=last, limit=PAGE):
        if claims is not None:
            for leaf in leaves:
                claims.take(leaf)
        yield leaves
        last += len(leaves)


def _line(payload: bytes) -> bytes:
    return b'{"checkpoint":' + payload + b',"signature":""}'
