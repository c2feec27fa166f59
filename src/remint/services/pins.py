"""Pinned tables: kept by their sources, read from there when they are needed, and verified."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from remint.core.artifact import Artifact
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.origin import PINNED, Check, Origin, Wanted, parse_address
from remint.errors import Invalid, SourceAltered, SourceGone
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.sources import Opened, Source
from remint.services.tableparts import TableParts


@dataclass(frozen=True)
class Pins:
    """Brings what the store has not of pinned tables.

    Attributes:
        opened: opens sources.
        by: who acts; empty if nobody does.
    """

    catalog: Catalog
    opened: Opened
    clock: Clock
    by: PrincipalId

    def __call__(self, parts: TableParts, table: Artifact) -> Artifact:
        """Return a table whose bytes are in the store, if a source keeps it; as it is if none was ever pinned for it.

        Raises:
            SourceGone: no source keeps it any more.
            SourceAltered: a source gives other rows.
            Unavailable, Denied, Invalid: as the source.
        """
        with self.catalog.read() as tx:
            if tx.erasures.of(table.digest) is not None:  # what was erased must not come back
                return table
            pins = pins_of(tx, table.digest)
        if not pins:
            return table
        if not self.by:
            raise Invalid(
                f"{pins[0].place} was not read",
                why="nobody acts: the setting `principal` is empty, and what is read is recorded",
                next_step="say who you are: REMINT_PRINCIPAL, or `principal` in remint.toml",
            )
        gone: SourceGone | None = None
        for origin in pins:
            try:
                return self._fetched(parts, table, origin)
            except SourceGone as error:
                self._record(origin, error.why)
                gone = error
        assert gone is not None
        raise gone

    def _fetched(self, parts: TableParts, table: Artifact, origin: Origin) -> Artifact:
        source = source_of(self.opened, origin)
        with parts.blobs.adding(), parts.folder() as folder:
            made, _ = parts.store(source.take(folder, None).files, None)
            if made.digest != table.digest:  # what was put is named by nothing, and the next sweep takes it
                raise SourceAltered(
                    f"{origin.place} is not what was pinned",
                    why=f"its rows make {made.digest.short} now; {table.digest.short} was pinned by {origin.by}",
                    next_step="find out who rewrote it; add what is there now as the next version",
                    source=origin.place,
                    pinned=table.digest,
                    found=made.digest,
                )
            if PINNED in table.facts:
                made = replace(made, facts={**made.facts, PINNED: True})
            parts.blobs.flush()
            self._record(origin, "", made)
        return made

    def _record(self, origin: Origin, why: str, made: Artifact | None = None) -> None:
        """Record what a source answered, and the parts of a table that was read from it."""
        at_us, by = self.clock.now_us(), self.by
        with self.catalog.begin() as tx:
            tx.origins.check(Check(origin.number, not why, why, by, at_us))
            facts = {"artifact": origin.artifact, "found": not why}
            if made is not None:
                tx.artifacts.store_anew(made, at_us=at_us)
                facts["rows"] = made.facts["rows"]
            tx.entries.append(Entry("source:fetch", origin.place, by, at_us, facts))


def pins_of(tx: Transaction, digest: Digest) -> list[Origin]:
    """Return where a table is pinned, one origin for each place, newest first."""
    found: dict[tuple[str, str, str], Origin] = {}
    for origin in tx.origins.of(digest):
        if origin.pinned:
            found.setdefault((origin.source, origin.snapshot, origin.table_id), origin)
    return list(found.values())


def newest_answer(tx: Transaction, pins: Sequence[Origin]) -> tuple[Origin, Check | None] | None:
    """Return one of some pins, and what its source answered last: one that was not found gone if there is any."""
    checks = tx.origins.last_checks(origin.number for origin in pins)
    answers = [(origin, checks.get(origin.number)) for origin in pins]
    kept = [(origin, check) for origin, check in answers if check is None or check.found]
    return next(iter(kept or answers), None)


def source_of(opened: Opened, origin: Origin) -> Source:
    """Return the source of what was pinned, at the version that was pinned."""
    address = parse_address(origin.source)
    return opened(Wanted(replace(address, snapshot=origin.snapshot)))
