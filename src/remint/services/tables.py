"""Tables: versions made by changing rows."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import Digest, digest_file
from remint.core.entry import Entry
from remint.core.origin import PINNED
from remint.core.ref import Move, RefName, parse_ref
from remint.core.worktree import Tracked, in_order, shown
from remint.errors import BlobAltered, Conflict, Invalid, RefMoved, RefNotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.tableversions import Changed, Conflicts, Growing, RowDifference
from remint.ports.usecases.artifacts import Added, Progress
from remint.ports.usecases.context import Context
from remint.ports.usecases.refs import Refs
from remint.ports.usecases.tables import TableChange
from remint.services.access import Access
from remint.services.protection import require_unprotected
from remint.services.recording import record
from remint.services.refs import moved_meanwhile
from remint.services.removals import require_kept, require_standing
from remint.services.tableparts import TableParts
from remint.services.worktree import Snapshot, Worktree

Given = ParamSpec("Given")
Done = TypeVar("Done")


def _while_adding(
    method: Callable[Concatenate["TableService", Given], Done],
) -> Callable[Concatenate["TableService", Given], Done]:
    """Keep sweepers out from the first blob until what refers to it is committed."""

    @wraps(method)
    def kept(self: "TableService", /, *words: Given.args, **named: Given.kwargs) -> Done:
        with self.parts.blobs.adding():
            return method(self, *words, **named)

    return kept


@dataclass(frozen=True)
class TableService:
    """See ports.usecases.tables.TableVersions.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    parts: TableParts
    clock: Clock
    protected: tuple[str, ...]
    worktree: Worktree
    refs: Refs
    access: Access

    @_while_adding
    def add(self, context: Context, name: str, files: Sequence[Path]) -> TableChange:
        """Point a ref at the table in some files."""
        ref = self._ref(context, name)
        with self._one_table(files) as rows:
            before = self._seen(ref)
            made, changed = self.parts.store(rows, _as_table(before), require=self._require_standing)
        return self.commit(context, ref, before, made, changed, f"added from {_shown(files)}")

    def step(self, context: Context, name: str) -> "Step":
        """Return who moves which ref, and what it points at now.

        Raises:
            Invalid: the name is not that of a ref.
            Denied: the ref is protected.
        """
        ref = self._ref(context, name)
        return Step(context, ref, self._seen(ref))

    @_while_adding
    def add_rows(self, step: "Step", files: Sequence[Path], reason: str) -> TableChange:
        """Point a ref at the table in Parquet files. Errors as `add`."""
        with self._one_table(files) as rows:
            made, changed = self.parts.store(rows, _as_table(step.before), require=self._require_standing)
        return self._commit(step, made, changed, reason)

    def add_path(
        self, context: Context, ref: RefName, place: Path, *, again: bool = False, on_progress: Progress | None = None
    ) -> Added:
        """Point a ref at the table in a file, or in the files of a folder, and track the path under the ref.

        As `ports.usecases.artifacts.Artifacts.add`.
        """
        tracked_as = self.worktree.path(place)
        before = self.worktree.tracking.get(ref)
        if before is not None and (before.path, before.kind) != (tracked_as, Kind.TABLE):
            before = None
        index = self.worktree.index(before) if before is not None and not again else None
        snapshot = self.worktree.take(place, index, put=_hashed, on_progress=on_progress)
        change = self._known(ref, before) if before is not None and snapshot.is_known else None
        if change is None:
            files = [place / path for path, _, _ in _each(snapshot)] if place.is_dir() else [place]
            states = [file.stat() for file in files]
            with self._one_table(files) as rows:
                seen = self._seen(ref)
                made, changed = self.parts.store(rows, _as_table(seen), require=self._require_standing)
            _require_same(files, states)
            change = self.commit(context, ref, seen, made, changed, f"added from {shown(place.name)}")
        parts = tuple(Part(path, digest, size_bytes) for path, digest, size_bytes in _each(snapshot))
        tracked = Tracked(ref, tracked_as, Kind.TABLE, change.artifact.digest, parts)
        self.worktree.tracking.track(tracked)
        self.worktree.tracking.save(tracked, snapshot.folders)
        return Added(change.artifact, change.moved, snapshot.files, snapshot.read, snapshot.left_out, change)

    def _known(self, ref: RefName, before: Tracked) -> TableChange | None:
        """Return that nothing changed, if the ref still points at what was added last, and the store has all of it."""
        seen = self._seen(ref)
        if seen is None or seen.digest != before.artifact or PINNED in seen.facts or not self.parts.is_here(seen):
            return None
        return TableChange(ref, seen, moved=False, added=0, changed=0, removed=0, idle=_rows(seen), stored_bytes=0)

    def append(self, context: Context, name: str, files: Sequence[Path]) -> TableChange:
        """Put the rows of files after the last row."""
        return self.appender(context, name).append(files)

    def appender(self, context: Context, name: str) -> "TableAppender":
        """Return what appends to one table many times."""
        return TableAppender(self, context, self._ref(context, name))

    @_while_adding
    def upsert(self, context: Context, name: str, files: Sequence[Path], *, key: Sequence[str]) -> TableChange:
        """Put each row of files in the place of the row with its key, or after the last one."""
        ref = self._ref(context, name)
        before = self._sound(ref)
        with self.rows(files, like=before) as rows, self.parts.folder() as folder:
            keyed = self.parts.versions.upserted(self.parts.paths(before), rows, key, folder)
            made = self.parts.following(before, keyed.files)
        return self.commit(context, ref, before, made, keyed, f"upserted {_shown(files)} by {', '.join(key)}")

    @_while_adding
    def delete(self, context: Context, name: str, files: Sequence[Path], *, key: Sequence[str]) -> TableChange:
        """Remove the rows that have the key of a row in files."""
        ref = self._ref(context, name)
        before = self._sound(ref)
        with self.rows(files, like=before) as rows, self.parts.folder() as folder:
            keyed = self.parts.versions.deleted(self.parts.paths(before), rows, key, folder)
            made = self.parts.following(before, keyed.files)
        return self.commit(context, ref, before, made, keyed, f"deleted {_shown(files)} by {', '.join(key)}")

    @_while_adding
    def merge(
        self, context: Context, name: str, versions: tuple[str, str, str], *, key: Sequence[str]
    ) -> TableChange | Conflicts:
        """Point a ref at the merge of two tables that were changed apart, if they agree."""
        ref = self._ref(context, name)
        before = self._seen(ref)
        base, ours, theirs = (self._named(context, text) for text in versions)
        with self.parts.folder() as folder:
            paths = [self.parts.paths(table) for table in (base, ours, theirs)]
            found = self.parts.versions.merged(paths[0], paths[1], paths[2], key, folder)
            if isinstance(found, Conflicts):
                return found
            made = self.parts.following(ours, found.files)
        return self.commit(context, ref, before, made, found, f"merged {versions[2]} into {versions[1]}")

    def _named(self, context: Context, text: str) -> Artifact:
        """Return the table that a text names, found to be what its digest says."""
        found = self.refs.artifact(context, text)
        if found.kind is not Kind.TABLE:
            raise Invalid(f"{text} cannot be merged", why=f"it is {found.kind.noun}", next_step="name tables")
        return self._require_sound(text, found)

    @_while_adding
    def compact(self, context: Context, name: str) -> TableChange:
        """Store the table a ref points at without edits and small segments."""
        ref = self._ref(context, name)
        before = self._sound(ref)
        with self.parts.folder() as folder:
            made = self.parts.following(before, self.parts.versions.compacted(self.parts.paths(before), folder))
        if made.digest != before.digest:
            raise RuntimeError(f"compacting {before.digest} made {made.digest}")
        self._store_anew(context, ref, before, made)
        return _change(ref, before, made, Changed((), idle=_rows(made)))

    def _store_anew(self, context: Context, ref: RefName, before: Artifact, made: Artifact) -> None:
        """Record that a table is made of other parts from now on, if it is."""
        self.parts.blobs.flush()
        if made.parts == before.parts and (PINNED in made.facts) == (PINNED in before.facts):
            return
        at_us = self.clock.now_us()
        with self.access.begin(context, "table:store", str(ref), workspace=ref.workspace) as tx:
            tx.artifacts.store_anew(made, at_us=at_us)
            facts = {"artifact": made.digest, "parts": [len(before.parts), len(made.parts)], "stored": _stored(before, made)}
            tx.entries.append(Entry("table:store", str(ref), context.principal, at_us, facts))

    def difference(self, left: Artifact, right: Artifact, *, key: Sequence[str] = ()) -> RowDifference:
        """Return how two tables differ, row by row."""
        paths = [self.parts.paths(self.parts.brought(table)) for table in (left, right)]
        return self.parts.versions.difference(paths[0], paths[1], key)

    @contextmanager
    def rows(self, files: Sequence[Path], *, like: Artifact | None = None) -> Iterator[Sequence[Path]]:
        """Give Parquet files with the rows of files in any form.

        Args:
            files: of one table.
            like: a table whose types text is read as.
        """
        if not files:
            raise Invalid("no file was given", why="rows are read from files", next_step="name one file or more")
        schema = None if like is None else like.facts["schema"]
        with self.parts.folder() as folder:
            yield self.parts.versions.rows_of(files, folder, like=schema)

    @contextmanager
    def _one_table(self, files: Sequence[Path]) -> Iterator[Sequence[Path]]:
        """Give Parquet files with the rows of files in any form, small neighbours joined."""
        with self.rows(files) as rows, self.parts.folder() as folder:
            joined = self.parts.versions.compacted(rows, folder) if len(rows) > 1 else [0]
            yield [rows[file] if isinstance(file, int) else file for file in joined]

    def _ref(self, context: Context, name: str) -> RefName:
        ref, selector = parse_ref(name, workspace=context.workspace)
        if selector is not None:
            raise Invalid(
                f"{name} cannot be changed", why="it is one version, and versions stay", next_step=f"name the ref: {ref.path}"
            )
        next_step = f"change it in a sandbox, then `remint propose SANDBOX:{ref.path}`"
        require_unprotected(self.access, context, ref, self.protected, next_step)
        return ref

    def _seen(self, ref: RefName) -> Artifact | None:
        with self.catalog.read() as tx:
            seen = tx.refs.get(ref)
            return tx.artifacts.get(seen.artifact) if seen is not None else None

    def table(self, ref: RefName) -> Artifact:
        """Return the table that a ref points at, with its bytes in the store if it is pinned.

        Raises:
            RefNotFound: it points at nothing.
            Invalid: it points at something else.
        """
        with self.catalog.read() as tx:
            found = self.table_in(tx, ref)
        return self.parts.brought(found)

    def table_in(self, tx: Transaction, ref: RefName) -> Artifact:
        """Return the table that a ref points at in a transaction. Errors as `table`."""
        seen = tx.refs.get(ref)
        if seen is None:
            raise RefNotFound(
                f"{ref} does not exist",
                why="nothing ever pointed it at an artifact",
                next_step=f"add the first rows: `remint add FILE --table --as {ref.path}`",
            )
        found = tx.artifacts.get(seen.artifact)
        if found.kind is not Kind.TABLE:
            raise Invalid(f"{ref} was not changed", why=f"it points at {found.kind.noun}", next_step="name the ref of a table")
        return found

    def _sound(self, ref: RefName) -> Artifact:
        """Return the table of a ref, its parts read and found to be what its digest names."""
        return self._require_sound(str(ref), self.table(ref))

    def _require_standing(self, digest: Digest) -> None:
        with self.catalog.read() as tx:
            require_kept(tx, digest)

    def _require_sound(self, name: str, found: Artifact) -> Artifact:
        with self.catalog.read() as tx:
            require_standing(tx, found.digest)
        found = self.parts.brought(found)
        made = self.parts.identify(found.parts)
        if made.digest != found.digest:
            raise BlobAltered(
                f"nothing was made of {name}",
                why=f"the record of {found.digest.short} was altered: the bytes it lists make {made.digest.short}",
                next_step="restore .remint/ from a backup",
                digest=found.digest,
            )
        return found

    def commit(
        self, context: Context, ref: RefName, before: Artifact | None, made: Artifact, changed: Changed, reason: str
    ) -> TableChange:
        """Record a version and move the ref to it, if it still points at the version before.

        Raises:
            RefMoved: it does not; nothing was written.
        """
        return self._commit(Step(context, ref, before), made, changed, reason)

    def _commit(self, step: "Step", made: Artifact, changed: Changed, reason: str) -> TableChange:
        if step.before is not None and made.digest == step.before.digest:
            self._store_anew(step.context, step.ref, step.before, made)
            if step.also is not None:
                with self._writing(step) as tx:
                    step.also(tx, made)
            return _change(step.ref, step.before, made, changed)
        self.parts.blobs.flush()
        with self._writing(step) as tx:
            return self.record(tx, step, made, changed, reason)

    def _writing(self, step: "Step") -> AbstractContextManager[Transaction]:
        return self.access.begin(step.context, "ref:move", str(step.ref), workspace=step.ref.workspace)

    def record(self, tx: Transaction, step: "Step", made: Artifact, changed: Changed, reason: str) -> TableChange:
        """Do what `commit` says in a transaction; the bytes are durable already."""
        old, at_us = step.before.digest if step.before is not None else None, self.clock.now_us()
        recorded = record(tx.artifacts, self.parts.blobs, made, at_us=at_us)
        if not tx.refs.move(Move(step.ref, 0, old, made.digest, step.context.principal, at_us, reason)):
            raise moved_meanwhile(tx, step.ref, old)
        counts = {"added": changed.added, "changed": changed.changed, "removed": changed.removed}
        facts = {"from": old, "to": made.digest, "rows": counts}
        tx.entries.append(Entry("ref:move", str(step.ref), step.context.principal, at_us, facts))
        if step.also is not None:
            step.also(tx, recorded)
        return _change(step.ref, step.before, recorded, changed)


@dataclass(frozen=True, slots=True)
class Step:
    """Who moves which ref, and the table it pointed at when that was decided.

    Attributes:
        also: records more of the table in the same transaction.
    """

    context: Context
    ref: RefName
    before: Artifact | None
    also: Callable[[Transaction, Artifact], None] | None = None


class TableAppender:
    """See ports.usecases.tables.Appender."""

    def __init__(self, service: TableService, context: Context, ref: RefName) -> None:
        self._service = service
        self._context = context
        self._ref = ref
        self._held: tuple[Digest, Growing] | None = None

    def append(self, files: Sequence[Path]) -> TableChange:
        """Put the rows of files after the last row."""
        with self._service.parts.blobs.adding():
            return self._append(files)

    def _append(self, files: Sequence[Path]) -> TableChange:
        service, before = self._service, self._service.table(self._ref)
        with service.rows(files, like=before) as rows:
            made, grown, changed = self._grown(before, rows)
            try:
                done = service.commit(self._context, self._ref, before, made, changed, _reason(changed))
            except RefMoved:  # now with the catalog held, so that nobody can move it again
                with service.access.begin(self._context, "ref:move", str(self._ref), workspace=self._ref.workspace) as tx:
                    before = service.table_in(tx, self._ref)
                    if not service.parts.is_here(before):
                        raise
                    made, grown, changed = self._grown(before, rows)
                    service.parts.blobs.flush()
                    done = service.record(tx, Step(self._context, self._ref, before), made, changed, _reason(changed))
        self._held = (done.artifact.digest, grown)
        return done

    def _grown(self, table: Artifact, rows: Sequence[Path]) -> tuple[Artifact, Growing, Changed]:
        is_held = self._held is not None and self._held[0] == table.digest
        growing = self._held[1] if self._held is not None and is_held else self._service.parts.growing(table)
        made, grown = self._service.parts.append(table, growing, rows)
        return made, grown, Changed((), added=grown.rows - growing.rows)


def _reason(changed: Changed) -> str:
    return f"appended {changed.added} rows"


def _change(ref: RefName, before: Artifact | None, now: Artifact, changed: Changed) -> TableChange:
    moved = before is None or before.digest != now.digest
    counts = {"added": changed.added, "changed": changed.changed, "removed": changed.removed, "idle": changed.idle}
    return TableChange(ref, now, moved=moved, **counts, stored_bytes=_stored(before, now))


def _rows(table: Artifact) -> int:
    return int(table.facts["rows"])


def _stored(before: Artifact | None, made: Artifact) -> int:
    known = {part.blob for part in before.parts} if before is not None else set()
    return sum(part.size_bytes for part in made.parts if part.blob not in known)


def _as_table(found: Artifact | None) -> Artifact | None:
    return found if found is not None and found.kind is Kind.TABLE else None


def _hashed(paths: Iterable[str]) -> Iterator[tuple[bytes, os.stat_result]]:
    for path in paths:
        before = os.stat(path)  # noqa: PTH116 - as Blobs.put_files
        yield digest_file(Path(path)).raw, before


def _each(snapshot: Snapshot) -> Iterator[tuple[str, Digest, int]]:
    return chain.from_iterable(rows.each() for rows in in_order(snapshot.folders))


def _require_same(files: Sequence[Path], states: Sequence[os.stat_result]) -> None:
    """Refuse files that were written to while a table was made of them."""
    for file, before in zip(files, states, strict=True):
        now = file.stat()
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino):
            raise Conflict(
                f"{shown(file.name)} was not added",
                why="it changed while it was read",
                next_step="add it again when nothing writes to it",
            )


def _shown(files: Sequence[Path]) -> str:
    return files[0].name if len(files) == 1 else f"{len(files)} files"
