"""A push to S3 and a collection there that are killed lose nothing that is needed, and the next one completes them."""

import pytest

from remint.adapters.remotes.object_store import open_store
from remint.core.ids import PrincipalId
from remint.core.remote import Place
from remint.core.remotefence import FENCE, PUSHING, FenceState, Pushing, Sweeper, decode_fence, encode_fence, encode_pushing
from tests.fault.remotes.stopping import opened, points
from tests.integration.remotes.altering import replace
from tests.integration.remotes.conftest import ANA, Side
from tests.support import s3

FILES = {str(n): bytes([n]) * 30_000 for n in range(20)}
NEWEST = {"7": FILES["7"]}
BO = PrincipalId("bo")


@pytest.fixture
def server(monkeypatch):
    if not s3.ENDPOINT:
        pytest.skip(s3.ABSENT)
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with s3.between() as told:
        yield told


def prepared(folder, server, versions):
    """Yield projects with two versions of a set, so many of which were pushed, each with a remote of its own."""
    for number in range(30):
        direct = s3.place()
        side = Side(folder / str(number), Place("team", "s3", direct.rest, {**direct.options, "endpoint": server.endpoint}))
        for version, files in enumerate((FILES, NEWEST), 1):
            for path in (side.root / "data/set").glob("*"):
                path.unlink()
            side.add("data/set", files)
            if version <= versions:
                side.push("data/set")
        side.app.close()
        yield side.root, direct


def a_day_later(place):
    """Let the time of what was killed be over."""
    remote = open_store(place)
    found = remote.get(FENCE)
    if found is not None:
        replace(place, FENCE, encode_fence(FenceState(decode_fence(found[0]).epoch, Sweeper(BO, 0))))
    for name in remote.names(PUSHING):
        replace(place, name, encode_pushing(Pushing(BO, 0)))


def names_of(place):
    remote = open_store(place)
    return {name for folder in ("packs/", "index/", "objects/", "artifacts/") for name in remote.names(folder)}


def pulled(place, folder):
    side = Side(folder, place)
    side.pull("data/set")
    files = side.files("data/set")
    side.app.close()
    return files


def cleared(root):
    app = opened(root)
    app.remotes.clear(ANA, unused_days=0)
    app.close()


def test_a_killed_collection_loses_nothing_and_the_next_one_completes_it(server, tmp_path):
    tried = points("clear", server, prepared(tmp_path, server, 2))
    assert len(tried) > 5
    for root, place in tried:
        assert pulled(place, root / "first") == NEWEST
        a_day_later(place)
        cleared(root)
        assert names_of(place) == names_of(tried[-1][1])
        assert decode_fence(open_store(place).get(FENCE)[0]).sweeper is None
        assert pulled(place, root / "second") == NEWEST


def test_a_killed_push_loses_nothing_and_the_next_one_completes_it(server, tmp_path):
    tried = points("push", server, prepared(tmp_path, server, 1))
    assert len(tried) > 5
    for root, place in tried:
        assert pulled(place, root / "first") in (FILES, NEWEST)
        a_day_later(place)
        cleared(root)
        app = opened(root)
        app.remotes.push(ANA, ["data/set"])
        app.close()
        cleared(root)
        assert pulled(place, root / "second") == NEWEST
        assert len(open_store(place).names("artifacts/")) == 1
        assert open_store(place).names(PUSHING) == {}
