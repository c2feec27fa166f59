"""Storage: holds, and giving up the bytes that nothing needs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.hold import Hold, Release
from remint.core.origin import PINNED
from remint.core.retention import DAY_US, Rule
from remint.errors import BlobMissing, Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.ports.usecases.refs import Refs
from remint.ports.usecases.storage import Collected, Given
from remint.services.access import Access
from remint.services.needs import copies, needed
from remint.services.removals import raws_of, record_removal, require_standing


@dataclass(frozen=True)
class StorageService:
    """See ports.usecases.storage.Storage.

    Attributes:
        rules: of retention.
        unused_days: what nothing names is kept so long after it was made or used.
    """

    catalog: Catalog
    blobs: Blobs
    refs: Refs
    clock: Clock
    rules: tuple[Rule, ...]
    unused_days: int
    access: Access

    def collect(self, context: Context, *, dry_run: bool = False, unused_days: int | None = None) -> Collected:
        """Give up the bytes of artifacts that nothing needs."""
        self.access.check(context, "store:collect", "store", doing="nothing was given up")
        days = self.unused_days if unused_days is None else unused_days
        if days < 0:
            raise Invalid("nothing was given up", why=f"{days} days are no age", next_step="give 0 or more")
        since_us = self.clock.now_us() - days * DAY_US
        with self.catalog.read() as tx:
            keep = self._needed(tx, since_us)
            unremoved = tx.erasures.unremoved()
            given = [one for one in _given(tx, keep) if any(self.blobs.has(part) for part in one[1])]
        gone = sorted((one for one, _ in given), key=lambda one: (-one.size_bytes, one.digest))
        if not dry_run:  # said before it is done: a record without its bytes is explained, whenever this ends
            self._record(context, gone, days)
        swept = self.blobs.sweep(lambda: self._live(since_us), dry_run=dry_run, thorough=bool(unremoved))
        if not dry_run:
            record_removal(self.access, self.blobs, self.clock, context, unremoved)
        return Collected(len(keep), gone, swept, dry_run, dict(Counter(str(one.kind) for one in gone)))

    def _record(self, context: Context, gone: Sequence[Given], days: int) -> None:
        at_us = self.clock.now_us()
        with self.access.begin(context, "store:collect", "store") as tx:
            tx.holds.give_up([one.digest for one in gone], at_us=at_us)
            facts = {"artifacts": len(gone), "bytes": sum(one.size_bytes for one in gone), "unused_days": days}
            tx.entries.append(Entry("store:collect", "store", context.principal, at_us, facts))

    def _needed(self, tx: Transaction, since_us: int) -> set[Digest]:
        return needed(tx, self.rules, now_us=self.clock.now_us(), since_us=since_us) - copies(tx, since_us=since_us)

    def _live(self, since_us: int) -> set[bytes]:
        """Return the raw digests of every blob of an artifact that is needed now."""
        with self.catalog.read() as tx:
            keep = self._needed(tx, since_us)
            artifacts = [artifact for artifact, _ in tx.reach.artifacts() if artifact.digest in keep]
            given_up = tx.holds.given_up()
        return raws_of(self.blobs, artifacts, given_up)

    def hold(self, context: Context, text: str, *, reason: str) -> Hold:
        """Keep an artifact and everything behind it."""
        if not reason.strip():
            raise Invalid(f"{text} was not held", why="no reason was given", next_step="say why: --reason TEXT")
        artifact = self.refs.artifact(context, text)
        with self.catalog.read() as tx:
            require_standing(tx, artifact.digest)
        gone = [part.blob for part in artifact.parts if not self.blobs.has(part.blob)]
        if PINNED in artifact.facts and (gone or not artifact.parts):
            raise Invalid(
                f"{text} was not held",
                why="it is pinned, and its source keeps the rows, not the store",
                next_step=f"bring them here first: `remint show {text}`",
            )
        if gone:
            raise BlobMissing(
                f"{text} was not held",
                why=f"its bytes are gone: {gone[0].short}",
                next_step="restore them first",
                digest=gone[0],
            )
        subject = artifact.digest
        at_us = self.clock.now_us()
        made = Hold(0, subject, text, context.principal, at_us, reason)
        with self.access.begin(context, "hold:add", text) as tx:
            number = tx.holds.add(made)
            facts = {"subject": subject, "named": text, "reason": reason}
            tx.entries.append(Entry("hold:add", str(number), context.principal, at_us, facts))
        return Hold(number, subject, text, context.principal, at_us, reason)

    def release(self, context: Context, number: int, *, reason: str) -> Hold:
        """End a hold."""
        doing = f"hold {number} was not released"
        self.access.check(context, "hold:release", str(number), doing=doing)
        if not reason.strip():
            raise Invalid(doing, why="no reason was given", next_step="say why: --reason TEXT")
        release = Release(context.principal, self.clock.now_us(), reason)
        with self.access.begin(context, "hold:release", str(number), doing=doing) as tx:
            hold = tx.holds.release(number, release)
            facts = {"subject": hold.subject, "reason": reason}
            tx.entries.append(Entry("hold:release", str(number), context.principal, release.at_us, facts))
        return hold

    def holds(self, *, released: bool = False) -> Sequence[Hold]:
        """Return holds, newest first."""
        with self.catalog.read() as tx:
            return tx.holds.all(released=released)


def _given(tx: Transaction, keep: set[Digest]) -> list[tuple[Given, list[Digest]]]:
    """Return the artifacts that are not needed, with their blobs."""
    gone = tx.erasures.in_force()
    every = ((one, at_us) for one, at_us in tx.reach.artifacts() if one.digest not in gone)
    found: list[tuple[Artifact, int]] = [(one, at_us) for one, at_us in every if one.digest not in keep]
    refs: dict[Digest, list[str]] = {one.digest: [] for one, _ in found}
    for move in tx.reach.moves():
        if move.new in refs:
            refs[move.new].append(f"{move.name}@{move.serial}")
    return [
        (Given(one.digest, one.kind, one.size_bytes, at_us, tuple(refs[one.digest])), [part.blob for part in one.parts])
        for one, at_us in found
    ]
