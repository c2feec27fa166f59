"""A killed push or pull is done or not done; nobody sees a ref whose bytes are not there, and the same call completes it."""

import contextlib
import shutil
from pathlib import Path

import pytest

from remint.core.digest import raw_digest
from remint.core.ref import RefName
from remint.core.remote import artifact_name, decode_artifact, decode_ref, index_entries, object_name, pack_name, ref_name
from remint.errors import RefNotFound
from tests.fault.remotes.dying import ANA, FILES, kill_everywhere, opened, pull, push

REF = RefName("main", "data", "landing")


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    return kill_everywhere("push", tmp_path_factory.mktemp("pushed"))


@pytest.fixture(scope="module")
def pulled(tmp_path_factory):
    return kill_everywhere("pull", tmp_path_factory.mktemp("pulled"))


def require_sound(folder):
    """Check each thing in a remote against what it names; return how far the push came."""
    remote = folder / "remote"
    indexes = {path.stem: path.read_bytes() for path in remote.glob("index/*")}
    assert all(raw_digest(index).hex() == name for name, index in indexes.items())
    assert all((remote / pack_name(name)).exists() for name in indexes)
    there = {raw for index in indexes.values() for raw, _, _ in index_entries(index)}
    path = remote / ref_name(REF)
    if not path.exists():
        return 0
    for version in decode_ref(REF, path.read_bytes()):
        artifact = decode_artifact(version.artifact, (remote / artifact_name(version.artifact)).read_bytes())
        for part in artifact.parts:
            assert part.blob.raw in there or (remote / object_name(part.blob)).exists()
    return 1


def copied(folders, to):
    return [Path(shutil.copytree(folder, to / folder.name)) for folder in folders]


def files_of(folder, side):
    app = opened(folder, side)
    out = folder / "out"
    app.artifacts.checkout(app.refs.resolve(ANA, "data/landing")[1].digest, out)
    app.close()
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def moves_of(folder, side):
    app = opened(folder, side)
    with contextlib.closing(app), contextlib.suppress(RefNotFound):
        moves = app.refs.log(ANA, "data/landing")
        app.artifacts.verify(moves[0].new)
        return len(moves)
    return 0


def test_a_killed_push_leaves_no_ref_without_its_bytes(pushed):
    states = [require_sound(folder) for folder in pushed]
    assert len(pushed) > 20
    assert (states[0], states[-1]) == (0, 1)
    assert states == sorted(states)


def test_a_killed_push_is_completed_by_the_next_one(pushed, tmp_path):
    for folder in copied(pushed, tmp_path):
        push(folder)
        assert require_sound(folder) == 1
        pull(folder)
        assert files_of(folder, "other") == FILES


def test_a_killed_pull_is_done_or_not_done(pulled):
    states = [moves_of(folder, "other") for folder in pulled]
    assert len(pulled) > 20
    assert (states[0], states[-1]) == (0, 1)
    assert states == sorted(states)


def test_a_killed_pull_is_completed_by_the_next_one(pulled, tmp_path):
    for folder in copied(pulled, tmp_path):
        pull(folder)
        assert moves_of(folder, "other") == 1
        assert files_of(folder, "other") == FILES
