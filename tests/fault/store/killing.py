"""Projects killed at every point while they keep, sweep, or make a catalog (tests.support.killing)."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.catalog.engine import SqlCatalog
from remint.core.artifact import Artifact, Kind, Part, files_digest
from remint.core.digest import Digest, digest_bytes
from remint.core.entry import Entry, Frontier, leaf_digest
from remint.core.ids import PrincipalId
from remint.core.log import first_bad
from remint.core.ref import Move, RefName
from tests.support.killing import at_every_point, killed_everywhere

ANA = PrincipalId("ana")
FLIGHTS = RefName("main", "data", "flights")
OLD, PUT, GIVEN, MADE, WHOLE = b"old", b"put " * 500, random.Random(0).randbytes(700_000), b"made" * 700, b"whole" * 900
MANY = tuple(random.Random(n).randbytes(3_000) for n in range(12))
LIMITS = Limits(pack_bytes=300_000, records=6, batch_bytes=20_000, spill_bytes=10_000)
"""Small, so that the work seals an open pack and writes packs of its own."""


def artifact_of(*contents: bytes) -> Artifact:
    """Return the set of files with these contents."""
    parts = tuple(Part(f"{n}.bin", digest_bytes(content), len(content)) for n, content in enumerate(contents))
    return Artifact(files_digest(Kind.FILES, parts), Kind.FILES, parts)


BEFORE, AFTER = artifact_of(OLD), artifact_of(PUT, GIVEN, MADE, WHOLE, *MANY)


@dataclass(frozen=True)
class Project:
    """A folder with a store, a catalog, and files to keep."""

    folder: Path

    def blobs(self) -> LocalBlobs:
        """Open the store."""
        return LocalBlobs(self.folder / "store", limits=LIMITS)

    def catalog(self) -> SqlCatalog:
        """Open the catalog."""
        return SqlCatalog(self.folder / "catalog.db")

    def make_files(self) -> None:
        """Write the files that the work keeps, where they are not."""
        (self.folder / "given").write_bytes(GIVEN)
        (self.folder / "made").write_bytes(MADE)
        (self.folder / "whole").write_bytes(WHOLE)
        for n, content in enumerate(MANY):
            (self.folder / f"many{n}").write_bytes(content)

    def has_committed(self) -> bool:
        """Return whether the work saw its commit come back."""
        return (self.folder / "committed").exists()


def prepare_keeping(project: Project) -> None:
    """Leave one artifact recorded, and the files for the work."""
    project.make_files()
    blobs, catalog = project.blobs(), project.catalog()
    for content in (OLD, b"1", b"2", b"3", b"4"):
        blobs.put(content)
    record(catalog, blobs, BEFORE)
    catalog.close()


def keep(project: Project) -> None:
    """Put, put a file, take two, put many, flush, and commit what refers to them."""
    blobs, catalog = project.blobs(), project.catalog()
    blobs.put(PUT)
    blobs.put_file(project.folder / "given")
    blobs.take(project.folder / "made")
    blobs.take(project.folder / "whole", whole=True)
    blobs.put(b"one more, for which a pack is sealed")
    assert len(list(blobs.put_files(f"{project.folder}/many{n}" for n in range(len(MANY))))) == len(MANY)
    record(catalog, blobs, AFTER)
    (project.folder / "committed").touch()
    catalog.close()


def record(catalog: SqlCatalog, blobs: LocalBlobs, artifact: Artifact) -> None:
    """Flush, then record an artifact, the move of the ref to it, and the entry, in one transaction; nothing if it is done."""
    blobs.flush()
    with catalog.begin() as tx:
        seen = tx.refs.get(FLIGHTS)
        old = seen.artifact if seen else None
        if old != artifact.digest:
            tx.artifacts.add(artifact, at_us=0)
            assert tx.refs.move(Move(FLIGHTS, 0, old, artifact.digest, ANA, 0, "kept"))
            tx.entries.append(Entry("ref:move", str(FLIGHTS), ANA, 0, {"from": old, "to": artifact.digest}))


def prepare_nothing(project: Project) -> None:
    """Leave an empty folder; load what migrations need, so that only the disk is between the calls."""
    folder = project.folder / "loading"
    folder.mkdir()
    SqlCatalog(folder / "catalog.db").close()
    shutil.rmtree(folder)


def open_new(project: Project) -> None:
    """Make a catalog."""
    project.catalog().close()


def prepare_sweeping(project: Project) -> None:
    """Leave two artifacts recorded, and among their bytes many that nothing needs."""
    prepare_keeping(project)
    keep(project)
    blobs = project.blobs()
    for n in range(20):
        blobs.put(b"needed by nobody %d " % n * 40)
    (project.folder / "dead").write_bytes(b"dead" * 500)
    blobs.take(project.folder / "dead", whole=True)
    blobs.put(random.Random(9).randbytes(500_000))
    blobs.flush()


def needed() -> set[bytes]:
    """Return the raw digests of what is recorded."""
    return {part.blob.raw for artifact in (BEFORE, AFTER) for part in artifact.parts}


def sweep(project: Project) -> None:
    """Remove what nothing needs."""
    project.blobs().sweep(needed)


SCENARIOS = {"keep": (prepare_keeping, keep), "open": (prepare_nothing, open_new), "sweep": (prepare_sweeping, sweep)}


@dataclass(frozen=True)
class State:
    """What is found in a project that was opened again."""

    ref: Digest | None
    entries: int
    first_bad: int | None
    frontier_fits: bool
    lost: tuple[Digest, ...]
    altered: tuple[Digest, ...]


def state_of(project: Project) -> State:
    """Open a project and check everything in it against everything else."""
    blobs, catalog = project.blobs(), project.catalog()
    with catalog.read() as tx:
        seen = tx.refs.get(FLIGHTS)
        leaves, frontier = tx.entries.leaves(), tx.entries.frontier()
        recorded = [tx.artifacts.get(digest) for digest in tx.artifacts.known([BEFORE.digest, AFTER.digest])]
    catalog.close()
    again = Frontier()
    for leaf in leaves:
        again = again.appended(leaf_digest(leaf))
    parts = [part for artifact in recorded for part in artifact.parts]
    kept = {digest: digest_bytes(blobs.get(digest)) for digest in blobs.digests()}
    lost = tuple(part.blob for part in parts if part.blob not in kept)
    altered = tuple(digest for digest, found in kept.items() if digest != found)
    return State(seen and seen.artifact, len(leaves), first_bad(leaves), again == frontier, lost, altered)


def main(scenario: str, root: str) -> None:
    """Try every point of a scenario."""
    prepare, work = SCENARIOS[scenario]
    first = Project(Path(root).with_name("first"))
    first.folder.mkdir()
    prepare(first)
    at_every_point(first.folder, Path(root), lambda folder: lambda: work(Project(folder)))


def kill_everywhere(scenario: str, folder: Path) -> list[Project]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return [Project(place) for place in killed_everywhere(__name__, scenario, folder)]
