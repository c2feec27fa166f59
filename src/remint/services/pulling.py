"""Pulling: records first, then what is missing here, verified; only then does anything here refer to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, from_raw
from remint.core.entry import Entry
from remint.core.ref import Move, RefName, is_protected, parse_ref
from remint.core.remote import (
    ARTIFACTS,
    REFS,
    artifact_name,
    artifact_of,
    decode_artifact,
    ref_of,
    select,
)
from remint.errors import ArtifactNotFound, BlobMissing, Corrupt, Invalid, NotFound, RefMoved, RefNotFound
from remint.ports.catalog import Transaction
from remint.ports.remotes import Remote
from remint.ports.usecases.artifacts import Artifacts, Progress
from remint.ports.usecases.context import Context
from remint.ports.usecases.remotes import Carried, Transfer
from remint.services.bringing import Bringing, Contents
from remint.services.carrying import Counter
from remint.services.needs import EVERY
from remint.services.refs import moved_meanwhile
from remint.services.removals import require_standing
from remint.services.sides import Sides, is_digest, versions_of


@dataclass(frozen=True)
class _Wanted:
    """One thing to pull.

    Attributes:
        ref: to be moved to it; None for an artifact alone.
        seen: where the ref points here.
        moves: whether it will be moved.
        protected: whether that is why it will not.
    """

    artifact: Digest
    ref: RefName | None = None
    seen: Digest | None = None
    moves: bool = False
    protected: bool = False


@dataclass(frozen=True)
class Pull:
    """See ports.usecases.remotes.Remotes.pull."""

    sides: Sides

    def __call__(
        self,
        context: Context,
        names: Sequence[str],
        *,
        source: str | None,
        lazy: bool,
        theirs: bool,
        on_progress: Progress | None,
    ) -> Transfer:
        """Bring artifacts from a remote."""
        self.sides.access.check(context, "remote:pull", source or self.sides.places.default)
        remote_name, remote = self.sides.places.open(source)
        if lazy and remote_name != self.sides.places.default:
            raise Invalid(
                f"nothing was pulled lazily from {remote_name}",
                why="files are brought later from the remote of the settings alone",
                next_step=f'write `remote = "{remote_name}"` into remint.toml, or pull without --lazy',
            )
        wanted = [self._wanted(context, remote, name, theirs=theirs) for name in names or _all(context, remote)]
        artifacts, new = self._records(remote, list(dict.fromkeys(one.artifact for one in wanted)))
        with self.sides.store.adding():
            bringing = Bringing(remote, Contents(remote), self.sides.store.exchange(), Counter(on_progress))
            self._bring(bringing, artifacts, new, lazy=lazy)
            self.sides.store.flush()
            self._commit(context, remote_name, wanted, new)
        return Transfer(
            remote_name,
            tuple(Carried(one.artifact, str(one.ref) if one.ref else None, one.moves, one.protected) for one in wanted),
            packs=bringing.packs,
            objects=bringing.objects,
            pieces=bringing.pieces,
            size_bytes=bringing.size_bytes,
        )

    # ---- what

    def _wanted(self, context: Context, remote: Remote, name: str, *, theirs: bool) -> _Wanted:
        if is_digest(name):
            return _Wanted(_found(remote, name))
        ref, selector = parse_ref(name, workspace=context.workspace)
        versions, _ = versions_of(remote, ref)
        if not versions:
            raise RefNotFound(
                f"{ref} is not in the remote", why="nobody pushed it", next_step=f"push it where it is: `remint push {ref}`"
            )
        newest = select(ref, versions, selector).artifact
        if selector is not None:
            return _Wanted(newest)
        with self.sides.catalog.read() as tx:
            _require_workspace(tx, ref.workspace)
            moves = tx.refs.log(ref, limit=EVERY)
        seen = moves[0].new if moves else None
        if newest in {move.new for move in moves}:
            return _Wanted(newest, ref, seen)
        if is_protected(ref, patterns=self.sides.protected):
            return _Wanted(newest, ref, seen, protected=True)
        if seen is not None and not theirs and seen not in {one.artifact for one in versions}:
            raise RefMoved(
                f"{ref} was not moved to {newest.short}",
                why=f"both sides moved it: here it is at {seen.short}, which was never pushed, and there at {newest.short}",
                next_step=f"look at it: `remint pull {newest.short}`; take it: `remint pull {ref} --theirs`, "
                "and what is here stays in the log",
                ref=str(ref),
                here=seen,
                there=newest,
            )
        return _Wanted(newest, ref, seen, moves=True)

    def _records(self, remote: Remote, digests: Sequence[Digest]) -> tuple[list[Artifact], list[Artifact]]:
        """Return some artifacts, and those of them that are not recorded here yet. A record that is here stands."""
        with self.sides.catalog.read() as tx:
            known = {digest: tx.artifacts.get(digest) for digest in tx.artifacts.known(digests)}
            for digest in known:
                require_standing(tx, digest)
        new = [_record(remote, digest) for digest in digests if digest not in known]
        return [*known.values(), *new], new

    # ---- here

    def _bring(self, bringing: Bringing, artifacts: Sequence[Artifact], new: Sequence[Artifact], *, lazy: bool) -> None:
        """Bring what is missing of some artifacts: manifests before files, lists before chunks; then verify all of it.

        Lazily, the content of sets of files is left out: their manifests prove their records. Nothing proves those of other
        kinds before all is read.
        """
        for artifact in new:
            if artifact.kind is Kind.FILES:
                require_named(self.sides.artifacts, artifact)
        bringing.contents.look()
        large = _brought(bringing, {part.blob.raw for artifact in artifacts for part in artifact.parts})
        files = {
            raw
            for artifact in artifacts
            if artifact.kind is Kind.FILES and not lazy
            for rows in self.sides.manifests.rows(artifact.parts)
            for raw in rows.raws()
        }
        large |= _brought(bringing, files)
        if bringing.size_bytes or new:
            for raw in large:
                self.sides.store.open(from_raw(raw)).close()
        for artifact in new:
            require_named(self.sides.artifacts, artifact)

    def _commit(self, context: Context, remote: str, wanted: Sequence[_Wanted], new: Sequence[Artifact]) -> None:
        at_us = self.sides.clock.now_us()
        reason = f"pulled from {remote}"
        with self.sides.access.begin(context, "remote:pull", remote) as tx:
            for artifact in new:
                if tx.artifacts.add(artifact, at_us=at_us):
                    tx.entries.append(Entry("remote:pull", artifact.digest, context.principal, at_us, {"remote": remote}))
            for one in wanted:
                if one.ref is None or not one.moves:
                    continue
                self.sides.access.require(tx, context, "ref:move", str(one.ref), workspace=one.ref.workspace)
                if not tx.refs.move(Move(one.ref, 0, one.seen, one.artifact, context.principal, at_us, reason)):
                    raise moved_meanwhile(tx, one.ref, one.seen)
                facts = {"from": one.seen, "to": one.artifact, "remote": remote}
                tx.entries.append(Entry("ref:move", str(one.ref), context.principal, at_us, facts))


def _brought(bringing: Bringing, wanted: set[bytes]) -> set[bytes]:
    """Bring blobs; once more if packs went meanwhile, because a collection wrote what is needed of them anew."""
    try:
        return bringing.bring(wanted)
    except BlobMissing:
        if not bringing.contents.look():
            raise
        return bringing.bring(wanted)


def require_named(artifacts: Artifacts, artifact: Artifact) -> None:
    """Refuse a record in a remote that is not the one of its artifact.

    Raises:
        Corrupt: it is not.
    """
    try:
        artifacts.require_named(artifact)
    except (KeyError, TypeError, ValueError) as error:
        raise Corrupt(
            f"{artifact_name(artifact.digest)} of the remote is not what its name says",
            why=f"it lacks what such a record tells, or tells something else: {error}",
            next_step="remove it from the remote, and push it again from a project that has it",
        ) from error


def _all(context: Context, remote: Remote) -> list[str]:
    """Return every ref of a workspace that was pushed."""
    found = [ref for name in remote.names(f"{REFS}{context.workspace}/") if (ref := ref_of(name)) is not None]
    if not found:
        raise RefNotFound(
            f"there is nothing of {context.workspace} in the remote",
            why="no ref of this workspace was pushed there",
            next_step="push from where the refs are: `remint push`",
        )
    return sorted(found)


def _found(remote: Remote, start: str) -> Digest:
    """Return the one artifact in a remote whose digest begins so."""
    named = (artifact_of(name) for name in remote.names(ARTIFACTS))
    found = [digest for digest in named if digest is not None and digest.startswith(start)]
    if len(found) != 1:
        raise ArtifactNotFound(
            f"artifact {start[:80]} was not found in the remote",
            why="more than one artifact there begins so" if found else "nobody pushed it",
            next_step="give more digits" if found else "push it where it is: `remint push DIGEST`",
        )
    return found[0]


def _record(remote: Remote, digest: Digest) -> Artifact:
    found = remote.get(artifact_name(digest))
    if found is None:
        raise ArtifactNotFound(
            f"artifact {digest.short} is not in the remote",
            why="it was given up there; only its place in the list of versions is left",
            next_step=f"push it again from a project that has it: `remint push {digest}`",
        )
    return decode_artifact(digest, found[0])


def _require_workspace(tx: Transaction, name: str) -> None:
    if tx.workspaces.get(name) is None:
        raise NotFound(
            f"workspace {name} does not exist here",
            why="no workspace of that name was made",
            next_step=f"make it: `remint sandboxes create {name}`",
        )
