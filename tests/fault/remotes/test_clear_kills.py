"""A killed collection in a remote loses nothing that is needed, and the next one completes it."""

import shutil
from pathlib import Path

import pytest

from remint.core.ids import PrincipalId
from remint.core.remote import artifact_of, decode_artifact, index_entries
from remint.core.remotefence import FENCE, FenceState, Pushing, Sweeper, decode_fence, encode_fence, encode_pushing
from remint.errors import Unavailable
from remint.services import fencing
from tests.fault.remotes.dying import NEWEST, clear, kill_everywhere, opened, pull
from tests.fault.remotes.test_kills import files_of

ANA = PrincipalId("ana")


@pytest.fixture(scope="module")
def cleared(tmp_path_factory):
    return kill_everywhere("clear", tmp_path_factory.mktemp("cleared"))


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    return kill_everywhere("push", tmp_path_factory.mktemp("pushed"))


def state_of(folder):
    return decode_fence((folder / "remote" / FENCE).read_bytes())


def an_hour_later(folder):
    """Let the time of a killed collection be over."""
    path = folder / "remote" / FENCE
    if path.exists():
        held = encode_fence(FenceState(state_of(folder).epoch, Sweeper(ANA, 0)))
        path.unlink()
        path.write_bytes(held)


def a_day_later(folder):
    """Let the time of a killed push be over."""
    for path in (folder / "remote" / "pushing").glob("*.json"):
        path.unlink()
        path.write_bytes(encode_pushing(Pushing(ANA, 0)))


def rest_of(folder):
    """Return the names in a remote, without what is being written and said there."""
    remote = folder / "remote"
    names = {path.relative_to(remote).as_posix() for path in remote.rglob("*") if path.is_file()}
    return {name for name in names if name.startswith(("packs/", "index/", "objects/", "artifacts/"))}


def copied(folders, to):
    return [Path(shutil.copytree(folder, to / folder.name)) for folder in folders]


def test_after_a_killed_collection_all_that_is_needed_can_be_pulled(cleared, tmp_path):
    states = [len(rest_of(folder)) for folder in cleared]
    assert len(cleared) > 20
    assert states[0] > states[-1]
    for folder in copied(cleared, tmp_path):
        pull(folder)
        assert files_of(folder, "other") == NEWEST


def test_a_killed_collection_is_completed_by_the_next_one(cleared, tmp_path):
    for folder in copied(cleared, tmp_path):
        an_hour_later(folder)
        clear(folder)
        assert rest_of(folder) == rest_of(cleared[-1])
        assert state_of(folder).sweeper is None
        pull(folder)
        assert files_of(folder, "other") == NEWEST


def test_until_an_hour_is_over_nobody_pushes_after_a_killed_collection(cleared, tmp_path, monkeypatch):
    monkeypatch.setattr(fencing, "PUSH_PATIENCE_S", 0.0)
    monkeypatch.setattr(fencing, "PUSH_PAUSE_S", 0.0)
    held = [one for one in cleared if (one / "remote" / FENCE).exists() and state_of(one).sweeper is not None]
    folder = copied(held[-1:], tmp_path)[0]
    app = opened(folder, "one")
    with pytest.raises(Unavailable, match="nothing was pushed"):
        app.remotes.push(app.context(), ["data/landing"])
    an_hour_later(folder)
    app.remotes.push(app.context(), ["data/landing"])
    app.close()


def test_what_a_killed_push_left_goes_a_day_later(pushed, tmp_path):
    for folder in copied(pushed, tmp_path):
        a_day_later(folder)
        clear(folder)
        left = rest_of(folder)
        remote = folder / "remote"
        records = [(digest, path) for path in remote.glob("artifacts/*") if (digest := artifact_of(f"artifacts/{path.name}"))]
        named = {part.blob.raw for digest, path in records for part in decode_artifact(digest, path.read_bytes()).parts}
        held = {raw for path in remote.glob("index/*") for raw, _, _ in index_entries(path.read_bytes())}
        assert named <= held
        assert bool(left) == bool(records)
        assert not list((remote / "pushing").glob("*"))
