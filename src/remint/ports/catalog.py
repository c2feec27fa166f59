"""The catalog: every record that is not bytes, in one transactional database.

The contract of every method below: it runs inside the transaction that `Catalog.begin` opened and commits nothing itself;
nothing of an
aborted transaction is ever seen; it may be called again in a new transaction after any failure; Unavailable is the only
retryable
error (the database was locked for too long or did not answer). Records marked insert-only are refused by the database
itself when anything tries to alter or delete them. Every list has a limit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from remint.core.artifact import Artifact
from remint.core.change import Change, Step
from remint.core.digest import Digest
from remint.core.entry import Entry, Frontier
from remint.core.evidence import Evidence
from remint.core.hold import Hold, Release
from remint.core.ids import ChangeId, PrincipalId, RunId
from remint.core.principal import Principal, RoleChange
from remint.core.recipe import Recipe
from remint.core.ref import Move, Ref, RefName, Selector
from remint.core.run import End, Hit, Run, Start
from remint.core.workspace import Workspace
from remint.ports.budgets import BudgetRecords
from remint.ports.erasures import Erasures
from remint.ports.glass import GlassRecords
from remint.ports.inventory import InventoryRecords
from remint.ports.origins import Origins
from remint.ports.requests import RequestRecords
from remint.ports.secrets import SecretRecords
from remint.ports.teams import IdentityRecords, TeamRecords
from remint.ports.tokens import Tokens
from remint.ports.validations import ValidationRecords

PAGE = 1000


class Artifacts(Protocol):
    """Artifacts; insert-only."""

    def add(self, artifact: Artifact, *, at_us: int) -> bool:
        """Record an artifact; return False, and write nothing, if its digest is already recorded. Idempotent.

        Raises:
            ArtifactErased: an erasure put a successor in its place.
        """
        ...

    def store_anew(self, artifact: Artifact, *, at_us: int) -> None:
        """Record that an artifact, which is recorded, is made of other parts from now on; the earlier record stays.

        Raises:
            NotFound: it is not recorded.
        """
        ...

    def get(self, digest: Digest) -> Artifact:
        """Return the artifact named `digest`.

        Raises:
            ArtifactNotFound: none is recorded.
        """
        ...

    def find(self, prefix: str) -> Artifact:
        """Return the one artifact whose digest starts with `prefix` (`b3:` and at least 12 digits).

        Raises:
            ArtifactNotFound: none, or more than one, does.
        """
        ...

    def known(self, digests: Iterable[Digest]) -> set[Digest]:
        """Return those of `digests` that are recorded."""
        ...


class Recipes(Protocol):
    """Recipes by plan key; insert-only."""

    def add(self, recipe: Recipe) -> Digest:
        """Record a recipe and return its plan key. Idempotent."""
        ...

    def get(self, key: Digest) -> Recipe:
        """Return the recipe with this plan key.

        Raises:
            NotFound: none is recorded.
        """
        ...


class Runs(Protocol):
    """Runs: a start and at most one end each; insert-only."""

    def start(self, start: Start) -> None:
        """Record that a run started."""
        ...

    def end(self, end: End) -> None:
        """Record how a run ended. Idempotent for the same end; a second, different end is a Conflict."""
        ...

    def get(self, run_id: RunId) -> Run:
        """Return one run.

        Raises:
            NotFound: no run of that id.
        """
        ...

    def find(self, text: str) -> RunId:
        """Return the one run whose id starts or ends with `text` (at least 8 digits).

        Raises:
            NotFound: none, or more than one, does.
        """
        ...

    def hits(self, plan_keys: Sequence[Digest]) -> dict[Digest, Hit]:
        """Return, for each plan key that has one, its newest run that is a cache source. One query for thousands of keys."""
        ...

    def hit(self, run_key: Digest) -> Hit | None:
        """Return the newest cache source with this run key, whatever it was planned as."""
        ...

    def latest_of_step(self, step: str, *, workspace: str | None = None) -> Run | None:
        """Return the newest finished run of a step, in one workspace if given: what a plan compares with."""
        ...

    def makers(self, artifact: Digest, *, limit: int = PAGE) -> list[Run]:
        """Return the finished runs that have `artifact` among their outputs, oldest first."""
        ...

    def readers(self, artifact: Digest, *, limit: int = PAGE) -> list[Run]:
        """Return the runs that had `artifact` among their inputs, oldest first."""
        ...

    def newest(self, *, limit: int = 50, before: RunId | None = None, step: str | None = None) -> list[Run]:
        """Return runs, newest first; `before` is the last id of the page before."""
        ...

    def open(self, *, limit: int = PAGE) -> list[Start]:
        """Return the starts that have no end yet."""
        ...

    def wall_times_us(self, steps: Iterable[str]) -> dict[str, int]:
        """Return the median wall time of the last 9 finished runs of each step that has any."""
        ...


class Refs(Protocol):
    """Refs and the history of their moves. The history is insert-only."""

    def get(self, name: RefName) -> Ref | None:
        """Return where a ref points, or None.

        Where a sandbox has no ref of its own, it shows its base as that was at the fork.
        """
        ...

    def move(self, move: Move) -> bool:
        """Point `move.name` at `move.new` if it still points at `move.old`; return False and write nothing otherwise.

        `move.old` is None to make a ref that must not exist. The history row is written in the same statement order;
        `serial` and `order`
        of the argument are ignored and assigned here. In a sandbox the ref of the base counts as the old value.

        Raises:
            ArtifactErased: an erasure put a successor in the place of `move.new`.
        """
        ...

    def select(self, name: RefName, selector: Selector) -> Move:
        """Return the move of `name` that a selector means.

        Raises:
            RefNotFound: there is none, or a digest prefix means more than one artifact.
        """
        ...

    def log(self, name: RefName, *, limit: int = 50, before: int | None = None) -> list[Move]:
        """Return the moves of a ref, newest first; for a sandbox its own, then those of its base before the fork.

        `before` is the order of the last move of the page before.
        """
        ...

    def seen_from(self, workspace: str, *, kind: str | None = None, after: str = "", limit: int = PAGE) -> list[Ref]:
        """Return the refs seen from a workspace, by name; `after` is the `kind/name` of the last of the page before."""
        ...

    def at(self, workspace: str, *, at_us: int | None = None, limit: int = PAGE) -> list[Move]:
        """Return the last move of each ref seen from a workspace at a time (UTC microseconds; None for now), by name."""
        ...

    def order(self) -> int:
        """Return the number of the last move of any ref; 0 if there is none."""
        ...

    def pointing(self, artifact: Digest, *, limit: int = PAGE) -> list[Move]:
        """Return every move, of any ref, to `artifact`, oldest first."""
        ...


class Workspaces(Protocol):
    """Workspaces; insert-only."""

    def add(self, workspace: Workspace) -> bool:
        """Record a workspace; return False if the name is taken."""
        ...

    def get(self, name: str) -> Workspace | None:
        """Return one workspace, or None."""
        ...

    def all(self, *, limit: int = PAGE) -> list[Workspace]:
        """Return all workspaces, oldest first."""
        ...


class Entries(Protocol):
    """The audit log; insert-only, one Merkle tree."""

    def append(self, entry: Entry) -> int:
        """Append an entry and return its number. In the same transaction as what it records, always."""
        ...

    def leaves(self, *, after: int = 0, limit: int = PAGE) -> list[bytes]:
        """Return the canonical bytes of entries in log order, those with a number greater than `after`."""
        ...

    def frontier(self) -> Frontier:
        """Return the frontier of the tree as stored."""
        ...


class Principals(Protocol):
    """Principals and their public keys; insert-only."""

    def add(self, principal: Principal) -> bool:
        """Record a principal; return False if the name is taken."""
        ...

    def get(self, principal_id: PrincipalId, *, at_us: int | None = None) -> Principal | None:
        """Return one principal with the roles it has, or those it had at a time; None if there is none."""
        ...

    def all(self, *, limit: int = PAGE) -> list[Principal]:
        """Return all principals with the roles they have, oldest first."""
        ...

    def change(self, change: RoleChange) -> None:
        """Record that a role was given or taken, or that a principal left. What it was made with stays."""
        ...

    def changes(self, *, limit: int = 100 * PAGE) -> list[RoleChange]:
        """Return every change of roles, oldest first."""
        ...


class Changes(Protocol):
    """Changes and the steps each went through; insert-only."""

    def add(self, change: Change) -> ChangeId:
        """Record a change and return its id: the next number. `change.id` of the argument is ignored."""
        ...

    def step(self, change_id: ChangeId, step: Step) -> None:
        """Record one step (opened, approved, merged …) of a change."""
        ...

    def get(self, change_id: ChangeId) -> Change:
        """Return one change with its steps in order.

        Raises:
            NotFound: there is none of that id.
        """
        ...

    def in_emergency(self, ref: RefName) -> list[Change]:
        """Return the changes that moved a ref in an emergency, oldest first."""
        ...

    def newest(self, *, limit: int = 50, ref: RefName | None = None) -> list[Change]:
        """Return changes, newest first."""
        ...


class EvidenceRecords(Protocol):
    """Signed evidence, by the artifact it speaks of; insert-only."""

    def add(self, evidence: Evidence) -> bool:
        """Record evidence; return False if the same is recorded already. Idempotent."""
        ...

    def of(self, subject: Digest, *, predicate: str | None = None, limit: int = PAGE) -> list[Evidence]:
        """Return evidence about an artifact, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class LogSegment:
    """A sealed piece of a usage log: the predictions of one deployment between two ids, as a table artifact."""

    deployment: str
    first_id: str
    last_id: str
    rows: int
    artifact: Digest


class LogSegments(Protocol):
    """The index of sealed usage logs; insert-only."""

    def add(self, segment: LogSegment) -> bool:
        """Record a segment; return False if its artifact is recorded already. Idempotent."""
        ...

    def holding(self, prediction_id: str) -> Sequence[LogSegment]:
        """Return the segments whose id range holds `prediction_id`; at most a few. What was erased is none."""
        ...

    def of(self, deployment: str, *, limit: int = PAGE) -> list[LogSegment]:
        """Return the segments of a deployment in id order, without those that were erased."""
        ...


class Holds(Protocol):
    """Holds and their releases; insert-only."""

    def add(self, hold: Hold) -> int:
        """Record a hold, whatever its number says, and return the number it gets."""
        ...

    def release(self, number: int, release: Release) -> Hold:
        """Record the end of a hold; return the hold as it was.

        Raises:
            NotFound: there is none of that number.
            Conflict: it was released already.
        """
        ...

    def all(self, *, released: bool = False, limit: int = PAGE) -> list[Hold]:
        """Return the holds that stand, newest first; with `released` also those that ended."""
        ...

    def give_up(self, artifacts: Sequence[Digest], *, at_us: int) -> None:
        """Record that the bytes of artifacts are given up."""
        ...

    def given_up(self) -> set[Digest]:
        """Return every artifact whose bytes were given up once; they may be back."""
        ...


@dataclass(frozen=True, slots=True)
class RunReach:
    """What one run names.

    Attributes:
        behind: its inputs, its code, its log, its environment as declared and as observed.
        made: its outputs.
    """

    id: RunId
    at_us: int
    behind: frozenset[Digest]
    made: frozenset[Digest]


class Reach(Protocol):
    """All records at once, for deciding which artifacts are needed. Nothing here has a limit; read in one transaction."""

    def moves(self) -> Iterator[Move]:
        """Yield every move of every ref, oldest first."""
        ...

    def named(self) -> set[Digest]:
        """Return every artifact that a change, a piece of evidence, a log segment or a hold that stands is about.

        Evidence of an erasure counts not: what it is about is kept for as long as what it stands for would have been.
        """
        ...

    def runs(self) -> Iterator[RunReach]:
        """Yield what each run names, oldest run first."""
        ...

    def artifacts(self) -> Iterator[tuple[Artifact, int]]:
        """Yield every artifact and when it was recorded, in UTC microseconds."""
        ...


class Facts(Protocol):
    """Small facts about the installation itself: its id, the format of its store."""

    def get(self, name: str) -> str | None:
        """Return one fact, or None."""
        ...

    def set_once(self, values: Mapping[str, Any]) -> None:
        """Record facts that are not recorded yet; what stands stays."""
        ...


class Transaction(Protocol):
    """One transaction: all of the records, together.

    Attributes:
        writing: whether it may write.
    """

    @property
    def writing(self) -> bool: ...  # noqa: D102 - see the class
    @property
    def artifacts(self) -> Artifacts: ...  # noqa: D102 - the type says it
    @property
    def recipes(self) -> Recipes: ...  # noqa: D102
    @property
    def runs(self) -> Runs: ...  # noqa: D102
    @property
    def refs(self) -> Refs: ...  # noqa: D102
    @property
    def workspaces(self) -> Workspaces: ...  # noqa: D102
    @property
    def entries(self) -> Entries: ...  # noqa: D102
    @property
    def principals(self) -> Principals: ...  # noqa: D102
    @property
    def changes(self) -> Changes: ...  # noqa: D102
    @property
    def evidence(self) -> EvidenceRecords: ...  # noqa: D102
    @property
    def log_segments(self) -> LogSegments: ...  # noqa: D102
    @property
    def holds(self) -> Holds: ...  # noqa: D102
    @property
    def erasures(self) -> Erasures: ...  # noqa: D102
    @property
    def origins(self) -> Origins: ...  # noqa: D102
    @property
    def glass(self) -> GlassRecords: ...  # noqa: D102
    @property
    def reach(self) -> Reach: ...  # noqa: D102
    @property
    def facts(self) -> Facts: ...  # noqa: D102
    @property
    def requests(self) -> RequestRecords: ...  # noqa: D102
    @property
    def secrets(self) -> SecretRecords: ...  # noqa: D102
    @property
    def tokens(self) -> Tokens: ...  # noqa: D102
    @property
    def teams(self) -> TeamRecords: ...  # noqa: D102
    @property
    def identities(self) -> IdentityRecords: ...  # noqa: D102
    @property
    def budgets(self) -> BudgetRecords: ...  # noqa: D102
    @property
    def inventory(self) -> InventoryRecords: ...  # noqa: D102
    @property
    def validations(self) -> ValidationRecords: ...  # noqa: D102


class Catalog(Protocol):
    """The database of records."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """Open a writing transaction; commit at the end of the block, roll back on any error.

        Writers take turns: a second one waits. When the block ends without an error the records survive a loss of power.

        Raises:
            Unavailable: another writer held the database for too long, or the disk is full; nothing was written.
        """
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """Open a reading transaction: one consistent view, never blocked by a writer. Writing in it is an error."""
        ...

    def close(self) -> None:
        """Release the database. Idempotent."""
        ...
