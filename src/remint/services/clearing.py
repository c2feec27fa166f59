"""Giving up in a remote what nothing needs: records first, then indexes, then packs, then whole files.

What is kept of packs that are mostly dead is written to new packs before anything is removed. A crash at any point leaves at
most bytes that nothing names, or that are there twice; the next call takes them.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, from_raw
from remint.core.entry import Entry
from remint.core.ref import Move, parse_ref
from remint.core.remote import (
    ARTIFACTS,
    INDEXES,
    OBJECTS,
    PACKS,
    RECORD_BYTES,
    REFS,
    IndexEntry,
    artifact_name,
    artifact_of,
    decode_artifact,
    index_entries,
    index_name,
    object_name,
    pack_name,
    pack_of,
    ref_of,
)
from remint.core.retention import DAY_US, Rule, kept_versions
from remint.errors import ArtifactNotFound, Invalid
from remint.ports.catalog import Transaction
from remint.ports.remotes import Remote
from remint.ports.samples import Unfold
from remint.ports.usecases.artifacts import Progress
from remint.ports.usecases.context import Context
from remint.ports.usecases.remotes import Cleared, GivenUp
from remint.services.bringing import Contents
from remint.services.carrying import Counter, each
from remint.services.fencing import Gate, Lease
from remint.services.marking import Marking, Record, Records, unreadable
from remint.services.needs import needed
from remint.services.pulling import require_named
from remint.services.sides import Sides, versions_of

MOSTLY_LIVE = 0.5
"""A pack stays as it is if this share of its bytes or more is needed."""


@dataclass(frozen=True)
class Keeping:
    """What is kept anyhow.

    Attributes:
        rules: of retention.
        unused_days: what nothing names is kept so long after it was made or used.
    """

    rules: Sequence[Rule]
    unused_days: int


@dataclass(frozen=True)
class _Wants:
    """What this project says of the artifacts in a remote.

    Attributes:
        needed: they stay.
        erased: they go, whatever names them.
        thorough: bytes of erased ones may be anywhere, so packs with any dead record are written anew.
    """

    needed: set[Digest]
    erased: set[Digest]
    thorough: bool


@dataclass(frozen=True)
class _Listing:
    """The names in a remote, with sizes in bytes."""

    packs: Mapping[str, int]
    indexes: Mapping[str, int]
    objects: Mapping[str, int]
    artifacts: Mapping[Digest, int]

    def bytes_of(self, names: Iterable[str]) -> int:
        sizes = {**self.packs, **self.indexes, **self.objects}
        return sum(sizes[name] for name in names)


@dataclass(frozen=True)
class _Plan:
    """What goes.

    Attributes:
        records: of the packs that count as there.
        live: raw digests of what is needed, with the parts of large blobs.
        dead: packs without a needed record.
        anew: packs of which the needed records are written anew.
        left: names of what a killed push or collection left.
        files: names of whole files.
    """

    told: Cleared
    records: Records
    live: set[bytes]
    dead: list[str]
    anew: list[str]
    left: list[str]
    files: list[str]


@dataclass(frozen=True)
class Clear:
    """See ports.usecases.remotes.Remotes.clear."""

    sides: Sides
    keeping: Keeping
    unfold: Unfold

    def __call__(
        self, context: Context, name: str | None, *, dry_run: bool, unused_days: int | None, on_progress: Progress | None
    ) -> Cleared:
        """Give up in a remote what nothing needs."""
        doing = "nothing was given up in the remote"
        self.sides.access.check(context, "remote:collect", name or self.sides.places.default, doing=doing)
        keeping = self.keeping if unused_days is None else replace(self.keeping, unused_days=unused_days)
        if keeping.unused_days < 0:
            raise Invalid("nothing was given up", why=f"{keeping.unused_days} days are no age", next_step="give 0 or more")
        place, remote = self.sides.places.open(name)
        if dry_run:
            with self.sides.store.adding():
                return replace(self._plan(place, remote, keeping, Counter(on_progress)).told, dry_run=True)
        gate = Gate(remote, place, self.sides.clock, context.principal)
        with gate.collecting() as lease, self.sides.store.adding():
            plan = self._plan(place, remote, keeping, Counter(lease.during(on_progress)))
            written = self._write_anew(plan, lease)
            self._record(context, plan.told)  # said before it is done, so that nothing is untold
            lease.delete([artifact_name(one.digest) for one in plan.told.given])
            gone = [*plan.dead, *plan.anew]
            left = [one for one in plan.left if one not in written]  # what a killed call left of it is whole now
            lease.delete([index_name(pack) for pack in gone] + [pack_name(pack) for pack in gone] + left + plan.files)
        return plan.told

    def _record(self, context: Context, told: Cleared) -> None:
        facts = {"artifacts": len(told.given), "erased": sum(one.erased for one in told.given), "bytes": told.size_bytes}
        with self.sides.access.begin(context, "remote:collect", told.remote) as tx:
            tx.entries.append(Entry("remote:collect", told.remote, context.principal, self.sides.clock.now_us(), facts))

    # ---- what goes

    def _plan(self, place: str, remote: Remote, keeping: Keeping, done: Counter) -> _Plan:
        with self.sides.catalog.read() as tx:
            wants = self._wants(tx, keeping)
        listing, moves = _listed(remote), _moves(remote)
        kept = kept_versions(moves, keeping.rules, now_us=self.sides.clock.now_us()) | wants.needed
        listed = {move.new for move in moves}
        going = {one for one in listing.artifacts if one in wants.erased or one in listed - kept}
        done.total += sum(listing.artifacts.values())
        artifacts = _artifacts(remote, listing.artifacts, done)
        staying = [one for one in artifacts if one.digest not in going]
        for artifact in staying:
            if artifact.kind is Kind.FILES:
                require_named(self.sides.artifacts, artifact)
        contents = Contents(remote)
        contents.look()
        contents.indexes = {pack: index for pack, index in contents.indexes.items() if pack_name(pack) in listing.packs}
        records = Records(remote, self.sides.store.exchange(), contents, done)
        live = Marking(records, self.sides.store, listing.objects, self.unfold).live(staying)
        dead, anew = _chosen(contents.indexes, live, thorough=wants.thorough)
        left, files = _left(listing, contents.indexes), _dead_files(listing, live)
        given = _given([one for one in artifacts if one.digest in going], moves, wants.erased)
        size_bytes = listing.bytes_of([*map(index_name, dead), *map(pack_name, dead), *left, *files])
        size_bytes += sum(_dead_bytes(contents.indexes[pack], live) for pack in anew)
        told = Cleared(place, len(staying), given, len(dead), len(anew), len(files), size_bytes)
        return _Plan(told, records, live, dead, anew, left, files)

    def _wants(self, tx: Transaction, keeping: Keeping) -> _Wants:
        now_us = self.sides.clock.now_us()
        keep = needed(tx, keeping.rules, now_us=now_us, since_us=now_us - keeping.unused_days * DAY_US)
        return _Wants(keep, set(tx.erasures.in_force()), bool(tx.erasures.all(limit=1)))

    # ---- what stays of packs

    def _write_anew(self, plan: _Plan, lease: Lease) -> set[str]:
        """Bring new packs to the remote with what is needed of those that are written anew; return their names.

        Raises:
            Corrupt: a needed record is damaged wherever it stands; nothing was removed.
        """
        remote, done = plan.records.remote, plan.records.done
        wanted = {entry[0] for pack in plan.anew for entry in _live_entries(plan, pack)}
        missing = wanted - self._sound(plan, wanted)
        written: set[str] = set()
        with contextlib.closing(plan.records.exchange.packed(_sound_records(plan, missing))) as packs:
            for parcel in packs:
                assert parcel.index is not None
                if _pack_in(parcel.name) in plan.records.contents.indexes:  # so it is damaged there, and would stay so
                    raise unreadable(f"{parcel.name} is needed, and a record in it is damaged")
                lease.ensure()
                done.total += parcel.size_bytes
                remote.upload(parcel.name, parcel.path, done)
                remote.put(index_name(_pack_in(parcel.name)), parcel.index)
                written |= {parcel.name, index_name(_pack_in(parcel.name))}
        if missing:
            raise unreadable(f"{from_raw(next(iter(missing))).short} is needed, and every record of it is damaged")
        return written

    def _sound(self, plan: _Plan, wanted: set[bytes]) -> set[bytes]:
        """Return those of some records that stand, sound, in packs that stay."""
        going = {*plan.dead, *plan.anew}
        found: set[bytes] = set()

        def read(pack: str) -> None:
            entries = [entry for entry in index_entries(plan.records.contents.indexes[pack]) if entry[0] in wanted]
            plan.records.done.total += sum(RECORD_BYTES + entry[2] for entry in entries)
            found.update(raw for raw, record in plan.records.of(pack, entries) if plan.records.is_sound(raw, record))

        each(read, [pack for pack in plan.records.contents.indexes if pack not in going])
        return found


def _sound_records(plan: _Plan, missing: set[bytes]) -> Iterator[Record]:
    """Yield the missing records as far as they stand in packs that are written anew; they are not missing then."""
    for pack in plan.anew:
        entries = [entry for entry in _live_entries(plan, pack) if entry[0] in missing]
        plan.records.done.total += sum(RECORD_BYTES + entry[2] for entry in entries)
        for raw, record in plan.records.of(pack, entries):
            if raw in missing and plan.records.is_sound(raw, record):
                missing.discard(raw)
                yield raw, record


def _live_entries(plan: _Plan, pack: str) -> list[IndexEntry]:
    return [entry for entry in index_entries(plan.records.contents.indexes[pack]) if entry[0] in plan.live]


def _listed(remote: Remote) -> _Listing:
    packs, indexes, objects = (remote.names(folder) for folder in (PACKS, INDEXES, OBJECTS))
    artifacts = {digest: size for name, size in remote.names(ARTIFACTS).items() if (digest := artifact_of(name)) is not None}
    return _Listing(packs, indexes, objects, artifacts)


def _moves(remote: Remote) -> list[Move]:
    """Return every version of every ref in a remote as a move, those of one ref oldest first."""
    found: list[Move] = []

    def read(text: str) -> None:
        ref, _ = parse_ref(text)
        versions, _ = versions_of(remote, ref)
        found.extend([Move(ref, one.serial, None, one.artifact, one.by, one.at_us, one.reason) for one in versions])

    each(read, [ref for name in remote.names(REFS) if (ref := ref_of(name)) is not None])
    return found


def _artifacts(remote: Remote, digests: Iterable[Digest], done: Counter) -> list[Artifact]:
    """Return artifacts by their records in a remote, in order."""
    found: list[Artifact] = []

    def read(digest: Digest) -> None:
        content = remote.get(artifact_name(digest))
        if content is None:
            raise ArtifactNotFound(
                f"{artifact_name(digest)} is gone", why="it was removed from the remote a moment ago", next_step="start again"
            )
        found.append(decode_artifact(digest, content[0]))
        done(len(content[0]))

    each(read, digests)
    return sorted(found, key=lambda one: one.digest)


def _chosen(indexes: Mapping[str, bytes], live: set[bytes], *, thorough: bool) -> tuple[list[str], list[str]]:
    """Return the packs without a needed record, and those of which the rest is to be written anew, in order."""
    dead, anew = [], []
    for pack, index in sorted(indexes.items()):
        sizes = [0, 0]
        for raw, _, stored in index_entries(index):
            sizes[raw in live] += RECORD_BYTES + stored
        if not sizes[True]:
            dead.append(pack)
        elif sizes[False] and (thorough or sizes[True] < MOSTLY_LIVE * sum(sizes)):
            anew.append(pack)
    return dead, anew


def _left(listing: _Listing, there: Mapping[str, bytes]) -> list[str]:
    """Return packs without an index, and indexes without a pack."""
    whole = {name for pack in there for name in (pack_name(pack), index_name(pack))}
    indexes = [name for name in listing.indexes if pack_of(name) is not None]
    packs = [name for name in listing.packs if pack_of(index_name(_pack_in(name))) is not None]
    return [name for name in (*indexes, *packs) if name not in whole]


def _pack_in(name: str) -> str:
    """Return the name of a pack, by where it is in a remote."""
    return name.removeprefix(PACKS).removesuffix(".pack")


def _dead_bytes(index: bytes, live: set[bytes]) -> int:
    return sum(RECORD_BYTES + stored for raw, _, stored in index_entries(index) if raw not in live)


def _dead_files(listing: _Listing, live: set[bytes]) -> list[str]:
    needed_files = {object_name(from_raw(raw)) for raw in live}
    return [name for name in listing.objects if _is_object(name) and name not in needed_files]


def _is_object(name: str) -> bool:
    digits = name.removeprefix(OBJECTS).replace("/", "", 1)
    return artifact_of(f"{ARTIFACTS}{digits}.json") is not None and object_name(Digest(f"b3:{digits}")) == name


def _given(artifacts: Iterable[Artifact], moves: Iterable[Move], erased: set[Digest]) -> list[GivenUp]:
    refs: dict[Digest, list[str]] = {}
    for move in moves:
        refs.setdefault(move.new, []).append(f"{move.name}@{move.serial}")
    given = [
        GivenUp(one.digest, one.kind, one.size_bytes, tuple(sorted(refs.get(one.digest, ()))), one.digest in erased)
        for one in artifacts
    ]
    return sorted(given, key=lambda one: (-one.size_bytes, one.digest))
