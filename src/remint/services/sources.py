"""Sources: tables from databases and lakes, stored or pinned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.origin import NAMED, PINNABLE, PINNED, Check, Origin, Wanted, parse_address, require_wanted
from remint.errors import Invalid
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.sources import OnRows, Opened, Taken
from remint.ports.tableversions import Changed
from remint.ports.usecases.context import Context
from remint.ports.usecases.refs import Refs
from remint.ports.usecases.sources import Sourced
from remint.ports.usecases.tables import TableChange
from remint.services.access import Access
from remint.services.pins import pins_of, source_of
from remint.services.recording import record
from remint.services.secrets import SecretService
from remint.services.tableparts import facts_of
from remint.services.tables import Step, TableService

EVERY: Final = 2**31
"""A limit that is none."""
SHOWN_QUERY: Final = 120


@dataclass(frozen=True)
class SourceService:
    """See ports.usecases.sources.Sources.

    Attributes:
        opened: opens sources.
        named: sources of the settings, by name.
    """

    catalog: Catalog
    tables: TableService
    refs: Refs
    opened: Opened
    clock: Clock
    named: Mapping[str, Wanted]
    access: Access
    secrets: SecretService

    def wanted(self, text: str, *, query: str = "", table: str = "", order_by: Sequence[str] = ()) -> Wanted:
        """Return what rows are meant."""
        address = parse_address(text)
        if address.kind != NAMED:
            return require_wanted(Wanted(address, query, table, tuple(order_by)))
        if address.place not in self.named:
            raise Invalid(
                f"there is no source {address.place}",
                why=f"the settings name these: {', '.join(sorted(self.named)) or 'none'}",
                next_step=f"write [data_sources.{address.place}] with a uri into remint.toml",
            )
        told = self.named[address.place]
        if address.snapshot:
            told = replace(told, address=replace(told.address, snapshot=address.snapshot))
        if query or table or order_by:
            told = replace(told, query=query, table=table, order_by=tuple(order_by))
        return require_wanted(told)

    def add(
        self, context: Context, name: str, wanted: Wanted, *, pin: bool = False, on_rows: OnRows | None = None
    ) -> TableChange:
        """Point a ref at the rows of a source."""
        if pin and wanted.address.kind not in PINNABLE:
            raise Invalid(
                f"{wanted.address.public} was not pinned",
                why="it keeps no earlier versions under a number, so nothing says that these rows can be read again",
                next_step="leave --pin out: then the rows are stored",
            )
        self.access.check(context, "source:pin" if pin else "source:read", wanted.address.public)
        self.tables.step(context, name)  # refuses a ref that may not be moved before anything is read
        if wanted.secret:
            what = wanted.address.public
            wanted = wanted.unlocked(self.secrets.lend(context, wanted.secret, what=what).decode())
        source = self.opened(wanted)
        with self.tables.parts.folder() as folder:
            taken = source.take(folder, on_rows)
            step = self.tables.step(context, name)
            origin = self._origin(step, wanted, taken, source.name, pin=pin)
            step = replace(step, also=self._also(origin))
            if pin:
                return self._pin(step, taken, origin)
            return self.tables.add_rows(step, taken.files, f"added from {_words(origin)}")

    def _origin(self, step: Step, wanted: Wanted, taken: Taken, name: str, *, pin: bool) -> Origin:
        kind, digest = wanted.address.kind, Digest("")  # told by `_also`, which knows what was recorded
        told = (kind, name, wanted.sql, taken.snapshot, taken.table_id, pin)
        return Origin(0, digest, str(step.ref), *told, step.context.principal, self.clock.now_us())

    @staticmethod
    def _also(origin: Origin) -> Callable[[Transaction, Artifact], None]:
        """Return what records an origin together with the table."""

        def written(tx: Transaction, table: Artifact) -> None:
            number = tx.origins.add(replace(origin, artifact=table.digest))
            if number is not None:
                action = "source:pin" if origin.pinned else "source:read"
                facts = {"origin": number, "artifact": table.digest, "query": origin.query}
                tx.entries.append(Entry(action, origin.place, origin.by, origin.at_us, facts))

        return written

    def _pin(self, step: Step, taken: Taken, origin: Origin) -> TableChange:
        """Record a table without its bytes, and point the ref at it."""
        found = self.tables.parts.tables.identify(taken.files)
        made = Artifact(found.digest, Kind.TABLE, (), {**facts_of(found), "segment_rows": [], PINNED: True})
        before = step.before
        ref = step.ref
        with self.access.begin(step.context, "ref:move", str(ref), workspace=ref.workspace) as tx:
            if before is not None and before.digest == made.digest:
                recorded = record(tx.artifacts, self.tables.parts.blobs, made, at_us=origin.at_us)
                assert step.also is not None
                step.also(tx, recorded)
                return TableChange(
                    step.ref, recorded, moved=False, added=0, changed=0, removed=0, idle=found.rows, stored_bytes=0
                )
            removed = int(before.facts["rows"]) if before is not None and before.kind is Kind.TABLE else 0
            changed = Changed((), added=found.rows, removed=removed)
            done = self.tables.record(tx, step, made, changed, f"pinned {_words(origin)}")
        return replace(done, stored_bytes=0)

    # ---- looking

    def newest(self, *, limit: int = 100) -> Sequence[Sourced]:
        """Return where tables came from, newest first."""
        with self.catalog.read() as tx:
            return self._sourced(tx, tx.origins.newest(limit=limit))

    def of(self, digest: Digest) -> Sequence[Sourced]:
        """Return where an artifact came from, newest first."""
        with self.catalog.read() as tx:
            return self._sourced(tx, tx.origins.of(digest))

    def _sourced(self, tx: Transaction, origins: Sequence[Origin]) -> list[Sourced]:
        checks = tx.origins.last_checks(origin.number for origin in origins)
        held = {one: self.tables.parts.is_here(tx.artifacts.get(one)) for one in {origin.artifact for origin in origins}}
        return [Sourced(origin, checks.get(origin.number), held[origin.artifact]) for origin in origins]

    def check(self, context: Context, names: Sequence[str]) -> Sequence[Sourced]:
        """Ask each pinned source whether it still keeps what was pinned."""
        answers: dict[tuple[str, str, str], str] = {}
        origins = self._pinned(context, names)
        for origin in origins:
            asked = (origin.source, origin.snapshot, origin.table_id)
            if asked not in answers:
                answers[asked] = source_of(self.opened, origin).gap(origin.table_id)
            why, at_us = answers[asked], self.clock.now_us()
            with self.access.begin(context, "source:check", origin.place) as tx:
                tx.origins.check(Check(origin.number, not why, why, context.principal, at_us))
                facts = {"origin": origin.number, "artifact": origin.artifact, "found": not why, "why": why}
                tx.entries.append(Entry("source:check", origin.place, context.principal, at_us, facts))
        with self.catalog.read() as tx:
            return self._sourced(tx, origins)

    def _pinned(self, context: Context, names: Sequence[str]) -> list[Origin]:
        if not names:
            with self.catalog.read() as tx:
                return [origin for origin in tx.origins.newest(limit=EVERY) if origin.pinned]
        found: dict[int, Origin] = {}
        for name in names:
            some = self._pinned_as(context, name)
            if not some:
                raise Invalid(
                    f"{name} was not checked",
                    why="it is not pinned: its rows are stored here",
                    next_step="see `remint sources list`",
                )
            found |= {origin.number: origin for origin in some}
        return list(found.values())

    def _pinned_as(self, context: Context, name: str) -> list[Origin]:
        if name in self.named:
            place = self.opened(self.named[name]).name
            with self.catalog.read() as tx:
                return [origin for origin in tx.origins.newest(limit=EVERY) if origin.pinned and origin.source == place]
        digest = self.refs.artifact(context, name).digest
        with self.catalog.read() as tx:
            return pins_of(tx, digest)


def _words(origin: Origin) -> str:
    query = " ".join(origin.query.split())
    return f"{origin.place}: {query[:SHOWN_QUERY]}{'…' if len(query) > SHOWN_QUERY else ''}" if query else origin.place
