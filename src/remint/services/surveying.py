"""Surveys: which artifacts hold rows of a person, what was made of them, and what could not be looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import Digest
from remint.core.erasure import Subject, value_in
from remint.core.ids import RunId
from remint.core.run import Run
from remint.core.tabletype import parse_tag
from remint.core.tableversion import StoredSegment, files_of, segments_of
from remint.ports.blobs import Blobs
from remint.ports.catalog import Transaction
from remint.ports.erasures import SubjectRows
from remint.ports.usecases.artifacts import Progress
from remint.services.artifacts import PROBE_FILE
from remint.services.needs import EVERY

CARRYING = frozenset({Kind.TABLE, Kind.FILES})
"""Kinds that hold rows; what else a step makes of rows is kept."""
_TOLD = frozenset({Kind.METRICS, Kind.REPORT, Kind.VALUE})
"""Kinds of small texts that may name a person."""

Wanted = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Held:
    """A table whose files hold rows of the subject.

    Attributes:
        wanted: the columns compared, each with the value looked for.
        rows: how many rows of the table have it; none if an edit removed them already.
    """

    table: Artifact
    wanted: Wanted = field(repr=False)
    rows: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What an erasure is about.

    Attributes:
        held: tables whose files hold rows of the subject, by digest.
        derived: tables and sets of files made of such tables, whose rows cannot be told apart; all of them goes.
        logs: of runs that read or made these, in which the value stands.
        kept: what else was made of them, by digest, and whether the value stands in it.
        probes: models that hold rows of the subject in their probe.
        runs: that rest on what goes, oldest first.
        examined: how many tables were looked at.
        unreadable: of these, how many have a column that cannot hold the value.
        absent: tables with the column whose bytes are not here.
        files: sets of files; they were not looked into.
        names: the versions of refs that an artifact was.
    """

    held: Mapping[Digest, Held]
    derived: Mapping[Digest, Kind]
    logs: frozenset[Digest]
    kept: Mapping[Digest, tuple[Kind, bool]]
    probes: frozenset[Digest]
    runs: tuple[RunId, ...]
    examined: int
    unreadable: int
    absent: tuple[Digest, ...]
    files: tuple[Digest, ...]
    names: Mapping[Digest, tuple[str, ...]]

    @property
    def affected(self) -> dict[Digest, Held]:
        """Tables that lose rows."""
        return {digest: one for digest, one in self.held.items() if one.rows}

    @property
    def gone(self) -> set[Digest]:
        """Everything whose bytes go."""
        return {*self.affected, *self.derived, *self.logs}


class _View:
    """The records that a survey reads, each once."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        gone = tx.erasures.in_force()
        self.artifacts = {one.digest: one for one, _ in tx.reach.artifacts() if one.digest not in gone}
        self.names: dict[Digest, list[str]] = {}
        self.paths: dict[Digest, set[str]] = {}
        for move in tx.reach.moves():
            self.names.setdefault(move.new, []).append(f"{move.name}@{move.serial}")
            self.paths.setdefault(move.new, set()).add(move.name.path)
        self._readers: dict[Digest, list[Run]] = {}

    def of(self, kind: Kind) -> list[Artifact]:
        """Return the artifacts of a kind, in order of digests."""
        return [self.artifacts[digest] for digest in sorted(self.artifacts) if self.artifacts[digest].kind is kind]

    def readers(self, digest: Digest) -> list[Run]:
        """Return the runs that read an artifact."""
        if digest not in self._readers:
            self._readers[digest] = self.tx.runs.readers(digest, limit=EVERY)
        return self._readers[digest]


class Surveyor:
    """Looks for the rows of one subject; what was read once is not read again.

    Args:
        blobs: the store.
        rows: finds rows in files.
        subject: whose.
        on_progress: called with how many bytes of files were looked at, and how many there are.
    """

    def __init__(self, blobs: Blobs, rows: SubjectRows, subject: Subject, on_progress: Progress | None = None) -> None:
        self._blobs = blobs
        self._rows = rows
        self._subject = subject
        self._on_progress = on_progress
        self._held: dict[tuple[Digest, tuple[str, ...]], int] = {}
        self._counts: dict[tuple[tuple[Digest, ...], tuple[str, ...]], int] = {}
        self._said: dict[Digest, bool] = {}

    def survey(self, tx: Transaction) -> Survey:
        """Return what an erasure of the subject is about, as one transaction sees it."""
        view = _View(tx)
        tables = view.of(Kind.TABLE)
        here = [table for table in tables if table.parts and all(self._blobs.has(part.blob) for part in table.parts)]
        columns = {table.digest: self._subject.columns_of(view.paths.get(table.digest, ())) for table in tables}
        while True:
            held = self._look(here, columns)
            derived, carrying = self._derived(view, held)
            more = self._more(view, held, columns)
            if more == columns:
                break
            columns = more
        kept, runs = self._dependents(view, {*(digest for digest, one in held.items() if one.rows), *derived})
        probes = frozenset(self._probes(view))
        has_column = [table for table in tables if columns[table.digest] & set(_types(table))]
        absent = sorted({table.digest for table in has_column} - {table.digest for table in here})
        unreadable = [table for table in has_column if not self.wanted(table, columns[table.digest])]
        names = {digest: tuple(view.names.get(digest, ())) for digest in {*held, *derived, *kept, *probes}}
        return Survey(
            held=held,
            derived=derived,
            logs=frozenset(self._logs(view, {*held, *derived}, carrying)),
            kept={digest: (view.artifacts[digest].kind, self._is_named(view.artifacts[digest])) for digest in sorted(kept)},
            probes=probes,
            runs=tuple(sorted(runs)),
            examined=len(has_column) - len(absent),
            unreadable=len(unreadable),
            absent=tuple(absent),
            files=tuple(one.digest for one in view.of(Kind.FILES) if one.digest not in derived),
            names=names,
        )

    def wanted(self, table: Artifact, columns: Iterable[str]) -> dict[str, object]:
        """Return those of some columns that a table has and that can hold the value, each with the value as it lies there."""
        types = _types(table)
        values = {name: value_in(parse_tag(types[name]), self._subject.value) for name in sorted(columns) if name in types}
        return {name: value for name, value in values.items() if value is not None}

    def is_dirty(self, part: Part, wanted: Wanted) -> bool:
        """Return whether a file of a table holds rows of the subject, also such as an edit removes."""
        key = (part.blob, tuple(wanted))
        if key not in self._held:
            self._held[key] = self._rows.held(self._blobs.path(part.blob), wanted)
        return self._held[key] > 0

    # ---- tables

    def _look(self, tables: Sequence[Artifact], columns: Mapping[Digest, frozenset[str]]) -> dict[Digest, Held]:
        """Return those of some tables whose files hold rows of the subject."""
        asked = {table.digest: self.wanted(table, columns[table.digest]) for table in tables}
        sizes = {
            (part.blob, tuple(asked[table.digest])): part.size_bytes
            for table in tables
            if asked[table.digest]
            for part in files_of(table.parts)
        }
        total, done, seen = sum(sizes.values()), 0, set[tuple[Digest, tuple[str, ...]]]()
        found: dict[Digest, Held] = {}
        for table in tables:
            wanted, is_held = asked[table.digest], False
            for part in files_of(table.parts) if wanted else ():
                is_held = self.is_dirty(part, wanted) or is_held
                if (part.blob, tuple(wanted)) not in seen:
                    seen.add((part.blob, tuple(wanted)))
                    done += part.size_bytes
                    if self._on_progress is not None:
                        self._on_progress(done, total)
            if is_held:
                found[table.digest] = Held(table, wanted, self._rows_of(table, wanted))
        return found

    def _rows_of(self, table: Artifact, wanted: Wanted) -> int:
        """Return how many rows of a table are the subject's; only segments with a file that holds one are read."""
        return sum(
            self._count(chain, wanted)
            for chain in segments_of(table.parts, table.facts["segment_rows"])
            if any(self.is_dirty(part, wanted) for part in chain.parts)
        )

    def _count(self, chain: StoredSegment, wanted: Wanted) -> int:
        key = (tuple(part.blob for part in chain.parts), tuple(wanted))
        if key not in self._counts:
            self._counts[key] = self._rows.count([self._blobs.path(part.blob) for part in chain.parts], wanted)
        return self._counts[key]

    def _more(
        self, view: _View, held: Mapping[Digest, Held], columns: Mapping[Digest, frozenset[str]]
    ) -> dict[Digest, frozenset[str]]:
        """Return the columns to look at, now that it is known what was found: also in what was made of it, or shares files."""
        dirty: dict[Digest, set[str]] = {}
        for one in held.values():
            for part in files_of(one.table.parts):
                if self.is_dirty(part, one.wanted):
                    dirty.setdefault(part.blob, set()).update(one.wanted)
        made, _ = _downstream(view, held)
        more: dict[Digest, frozenset[str]] = {}
        for digest, known in columns.items():
            shared = {name for part in view.artifacts[digest].parts for name in dirty.get(part.blob, ())}
            more[digest] = known | shared | (set(self._subject.columns) if digest in made else set())
        return more

    # ---- what was made of them

    def _derived(self, view: _View, held: Mapping[Digest, Held]) -> tuple[dict[Digest, Kind], list[Run]]:
        """Return what was made of tables that lose rows and has no column to tell rows apart, with the runs in between."""
        waiting = [digest for digest, one in held.items() if one.rows]
        seen, derived, runs = set(waiting), dict[Digest, Kind](), dict[RunId, Run]()
        while waiting:
            for run in view.readers(waiting.pop()):
                runs[run.id] = run
                for digest in _made(run) - seen:
                    made = view.artifacts.get(digest)
                    if made is None or made.kind not in CARRYING or set(self._subject.columns) & set(_types(made)):
                        continue
                    seen.add(digest)
                    derived[digest] = made.kind
                    waiting.append(digest)
        return dict(sorted(derived.items())), list(runs.values())

    def _dependents(self, view: _View, starts: Iterable[Digest]) -> tuple[set[Digest], set[RunId]]:
        """Return what was made of some artifacts and stays, and every run that rests on them."""
        first = set(starts)
        made, runs = _downstream(view, first)
        return {digest for digest in made - first if digest in view.artifacts}, runs

    # ---- texts and probes

    def _logs(self, view: _View, artifacts: Iterable[Digest], readers: Sequence[Run]) -> set[Digest]:
        makers = [run for digest in artifacts for run in view.tx.runs.makers(digest, limit=EVERY)]
        logs = {run.end.log for run in (*readers, *makers) if run.end is not None and run.end.log is not None}
        return {digest for digest in logs if digest in view.artifacts and self._is_named(view.artifacts[digest])}

    def _is_named(self, artifact: Artifact) -> bool:
        """Return whether the value stands in a small text, as a word of its own."""
        if artifact.digest not in self._said:
            is_text = artifact.kind in _TOLD or artifact.kind is Kind.LOG
            blobs = [part.blob for part in artifact.parts if is_text and self._blobs.has(part.blob)]
            self._said[artifact.digest] = any(self._subject.is_named_in(self._blobs.get(blob)) for blob in blobs)
        return self._said[artifact.digest]

    def _probes(self, view: _View) -> set[Digest]:
        """Return the models whose probe holds a row of the subject."""
        found: set[Digest] = set()
        for model in view.of(Kind.MODEL):
            columns = set(self._subject.columns) & set(model.facts.get("features", ()))
            probe = next((part for part in model.parts if part.path == PROBE_FILE), None)
            number = value_in(parse_tag("float64"), self._subject.value)
            if columns and probe is not None and number is not None and self._blobs.has(probe.blob):
                wanted = dict.fromkeys(sorted(columns), number)
                if self.is_dirty(probe, wanted):
                    found.add(model.digest)
        return found


def _types(artifact: Artifact) -> dict[str, str]:
    """Return the columns of a table with their types; nothing of anything else."""
    return (
        {column["name"]: column["type"] for column in artifact.facts.get("schema", ())} if artifact.kind is Kind.TABLE else {}
    )


def _made(run: Run) -> set[Digest]:
    return {output.artifact for output in run.end.outputs.values()} if run.end is not None else set()


def _downstream(view: _View, starts: Iterable[Digest]) -> tuple[set[Digest], set[RunId]]:
    """Return everything that was made of some artifacts, directly or through others, and the runs in between."""
    waiting = list(starts)
    made, runs = set[Digest](), set[RunId]()
    while waiting:
        for run in view.readers(waiting.pop()):
            runs.add(run.id)
            fresh = _made(run) - made
            made |= fresh
            waiting += fresh
    return made, runs
