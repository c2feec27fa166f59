"""A sweep killed anywhere removes nothing that is needed, and the next one completes it."""

import shutil
from pathlib import Path

import pytest

from remint.adapters.blobs.pack import HEADER_BYTES
from tests.fault.store.killing import AFTER, Project, State, kill_everywhere, needed, state_of, sweep

WHOLE = State(AFTER.digest, 2, None, frontier_fits=True, lost=(), altered=())


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Projects whose process was killed while it swept."""
    return kill_everywhere("sweep", tmp_path_factory.mktemp("swept"))


def disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file())


def test_nothing_needed_is_lost_at_any_point(killed):
    assert len(killed) > 20
    assert {state_of(project) for project in killed} == {WHOLE}


def test_it_was_killed_before_and_after_it_removed_something(killed):
    sizes = [disk_bytes(project.folder) for project in killed]
    assert sizes[-1] < min(sizes[:5])


def test_the_next_one_completes_it(killed, tmp_path):
    done = disk_bytes(killed[-1].folder)
    for project in [Project(Path(shutil.copytree(one.folder, tmp_path / one.folder.name))) for one in killed]:
        sweep(project)
        assert not set(project.blobs().digests()) - parts_of(project)
        assert state_of(project) == WHOLE
        assert disk_bytes(project.folder) <= 1.1 * done


def parts_in(blobs, raw):
    records = [location for found, location in blobs._packs.all_entries() if found == raw]
    return set().union(*(blobs._reader.parts_in(blobs._packs.read(place)[HEADER_BYTES:]) or () for place in records))


def parts_of(project):
    """Return what is needed and the parts of it."""
    blobs = project.blobs()
    found = set()
    for digest in blobs.digests():
        if digest.raw in needed():
            found |= {digest, *(other for other in blobs.digests() if other.raw in parts_in(blobs, digest.raw))}
    return found
