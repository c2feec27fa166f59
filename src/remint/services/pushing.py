"""Pushing: whole packs and files first, then indexes, then records of artifacts, then refs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, from_raw
from remint.core.entry import Entry
from remint.core.origin import PINNED
from remint.core.ref import Move, RefName
from remint.core.remote import (
    INDEXES,
    OBJECTS,
    PACKS,
    RemoteVersion,
    artifact_name,
    encode_artifact,
    encode_ref,
    index_entries,
    index_name,
    object_name,
    pack_name,
    pack_of,
    ref_name,
)
from remint.errors import RefMoved, RefNotFound
from remint.ports.remotes import Exchange, Parcel, Remote
from remint.ports.usecases.artifacts import Progress
from remint.ports.usecases.context import Context
from remint.ports.usecases.remotes import Carried, Transfer
from remint.services.carrying import Counter, each
from remint.services.fencing import Gate
from remint.services.needs import EVERY
from remint.services.sides import Sides, moves_a_ref, verified_index, versions_of


@dataclass(frozen=True)
class _Wanted:
    """One thing to push: an artifact, and the move of the ref that shall be told of; None for an artifact alone."""

    artifact: Artifact
    move: Move | None


@dataclass(frozen=True)
class _Planned:
    """What becomes of a ref there: its versions so far, the tag of their record, and the new one, if there is any."""

    ref: RefName
    versions: tuple[RemoteVersion, ...]
    tag: str | None
    new: RemoteVersion | None


@dataclass(frozen=True)
class _Load:
    """What is missing in a remote: packs and whole files, and indexes by name, also of packs that are there already."""

    parcels: list[Parcel]
    indexes: dict[str, bytes]

    @property
    def size_bytes(self) -> int:
        return sum(parcel.size_bytes for parcel in self.parcels)


@dataclass(frozen=True)
class Push:
    """See ports.usecases.remotes.Remotes.push."""

    sides: Sides

    def __call__(
        self, context: Context, names: Sequence[str], *, to: str | None, dry_run: bool, on_progress: Progress | None
    ) -> Transfer:
        """Bring artifacts to a remote."""
        self.sides.access.check(context, "remote:push", to or self.sides.places.default)
        name, remote = self.sides.places.open(to)
        wanted = [self._wanted(context, one) for one in names or self._all(context)]
        planned = [self._planned(remote, one.move) for one in wanted if one.move is not None]
        new = {plan.ref: plan.new is not None for plan in planned}
        artifacts = list({one.artifact.digest: one.artifact for one in wanted}.values())
        if dry_run:
            with self.sides.store.adding():
                load = self._load(self.sides.store.exchange(), remote, artifacts)
        else:
            with Gate(remote, name, self.sides.clock, context.principal).pushing() as require_living:
                load = self._bring(remote, artifacts, require_living, on_progress)
                self._record(context, name, wanted, new)
                if any(new.values()):
                    require_living()
                each(lambda plan: _swap(remote, plan), [plan for plan in planned if plan.new is not None])
        packs = sum(parcel.index is not None for parcel in load.parcels)
        return Transfer(
            name,
            tuple(
                Carried(one.artifact.digest, str(one.move.name), new[one.move.name])
                if one.move
                else Carried(one.artifact.digest, None, moved=False)
                for one in wanted
            ),
            packs=packs,
            objects=len(load.parcels) - packs,
            pieces=0,
            size_bytes=load.size_bytes,
            dry_run=dry_run,
        )

    # ---- what

    def _all(self, context: Context) -> list[str]:
        return [str(ref.name) for ref in self.sides.refs.list(context)]

    def _wanted(self, context: Context, name: str) -> _Wanted:
        ref = moves_a_ref(context, name)
        if ref is None:
            return _Wanted(self._brought(self.sides.refs.artifact(context, name).digest), None)
        with self.sides.catalog.read() as tx:
            moves = tx.refs.log(ref, limit=1)
            if not moves:
                raise RefNotFound(f"{ref} was not pushed", why="it does not exist", next_step="see `remint status`")
            move = moves[0]
            seen = Move(ref, move.serial, move.old, move.new, move.by, move.at_us, move.reason)
        return _Wanted(self._brought(move.new), seen)

    def _brought(self, digest: Digest) -> Artifact:
        """Return an artifact as it is kept there: of a pinned table, its bytes."""
        found = self.sides.artifacts.brought(digest)
        return replace(found, facts={name: fact for name, fact in found.facts.items() if name != PINNED})

    def _planned(self, remote: Remote, move: Move) -> _Planned:
        """Say what becomes of a ref in a remote.

        Raises:
            RefMoved: what it points at there was never seen here.
        """
        versions, tag = versions_of(remote, move.name)
        if versions and versions[-1].artifact == move.new:
            return _Planned(move.name, versions, tag, None)
        if versions:
            with self.sides.catalog.read() as tx:
                seen = {one.new for one in tx.refs.log(move.name, limit=EVERY)}
            if versions[-1].artifact not in seen:
                raise _moved(move.name, versions[-1], move.new)
        new = RemoteVersion(len(versions) + 1, move.new, move.at_us, move.by, move.reason)
        return _Planned(move.name, versions, tag, new)

    def _load(self, exchange: Exchange, remote: Remote, artifacts: Iterable[Artifact]) -> _Load:
        """Return what of some artifacts is missing in a remote."""
        wanted: set[bytes] = set()
        for artifact in artifacts:
            wanted.update(part.blob.raw for part in artifact.parts)
            if artifact.kind is Kind.FILES:
                for rows in self.sides.artifacts.rows(artifact):
                    wanted.update(rows.raws())
        missing = exchange.survey(wanted).found
        packs, indexes = remote.names(PACKS), remote.names(INDEXES)
        whole = [pack for name in indexes if (pack := pack_of(name)) is not None and pack_name(pack) in packs]
        each(lambda pack: _subtract(missing, remote, pack), whole)
        objects = remote.names(OBJECTS) if missing else {}
        missing -= {raw for raw in missing if object_name(from_raw(raw)) in objects}
        parcels = exchange.parcels(missing) if missing else []
        return _Load(
            [parcel for parcel in parcels if parcel.name not in packs and parcel.name not in objects],
            {name: parcel.index for parcel in parcels if parcel.index is not None and (name := index_name(parcel.path.stem))},
        )

    # ---- there

    def _bring(
        self, remote: Remote, artifacts: Sequence[Artifact], require_living: Callable[[], None], on_progress: Progress | None
    ) -> _Load:
        """Bring artifacts to a remote, their records last; return what was missing there."""
        with self.sides.store.adding():
            load = self._load(self.sides.store.exchange(), remote, artifacts)
            done = Counter(on_progress, total=load.size_bytes)
            each(lambda parcel: remote.upload(parcel.name, parcel.path, done), load.parcels)
            each(lambda index: remote.put(*index), load.indexes.items())
            require_living()
            each(lambda one: remote.put(artifact_name(one.digest), encode_artifact(one)), artifacts)
        return load

    def _record(self, context: Context, remote: str, wanted: Sequence[_Wanted], new: dict[RefName, bool]) -> None:
        """Append the entries of what is about to be told to the remote; said before it is done, so that nothing is untold."""
        at_us = self.sides.clock.now_us()
        told = [one for one in wanted if one.move is None or new[one.move.name]]
        if not told:
            return
        with self.sides.access.begin(context, "remote:push", remote) as tx:
            for one in told:
                what = str(one.move.name) if one.move else one.artifact.digest
                facts = {"remote": remote, "artifact": one.artifact.digest}
                tx.entries.append(Entry("remote:push", what, context.principal, at_us, facts))


def _subtract(missing: set[bytes], remote: Remote, pack: str) -> None:
    index = verified_index(remote, pack)
    missing.difference_update(raw for raw, _, _ in index_entries(index))


def _swap(remote: Remote, plan: _Planned) -> None:
    """Tell a remote of the new version of a ref.

    Raises:
        RefMoved: somebody else told it of another meanwhile.
    """
    assert plan.new is not None
    if remote.swap(ref_name(plan.ref), encode_ref(plan.ref, [*plan.versions, plan.new]), plan.tag):
        return
    versions, _ = versions_of(remote, plan.ref)
    if plan.new not in versions:  # it is there if an answer was lost and the request was made again
        raise _moved(plan.ref, versions[-1] if versions else None, plan.new.artifact)


def _moved(ref: RefName, there: RemoteVersion | None, here: Digest) -> RefMoved:
    found = f"{there.by} pushed {there.artifact.short} there, which was never here" if there else "it was removed there"
    return RefMoved(
        f"{ref} was not moved in the remote to {here.short}",
        why=found,
        next_step=f"look at it: `remint pull {there.artifact.short}`; take it: `remint pull {ref} --theirs`; then push again"
        if there
        else "push again",
        ref=str(ref),
        here=here,
        there=there.artifact if there else None,
    )
