"""What goes wrong between a project and an S3 server, and how little is asked of it."""

import random
import sys
import threading

import pytest

from remint.core.remote import REFS, Place
from remint.errors import Denied, Invalid, NotFound, RefMoved, Unavailable
from tests.integration.remotes.conftest import ANA, Side
from tests.support import s3

FILES = {"a": b"one", "b/c": b"two" * 40_000}


@pytest.fixture
def places(server):
    """The same remote: through what stands between, and as it is."""
    direct = s3.place()
    return Place("team", "s3", direct.rest, {**direct.options, "endpoint": server.endpoint}), direct


@pytest.fixture
def through(places, tmp_path):
    side = Side(tmp_path / "one", places[0])
    yield side
    side.app.close()


@pytest.fixture
def other(places, tmp_path):
    side = Side(tmp_path / "other", places[1])
    yield side
    side.app.close()


def test_twenty_thousand_small_files_take_at_most_thirty_requests(through, server, other):
    through.add("data/set", {f"{n % 100}/{n}": n.to_bytes(4, "big") * 2_500 for n in range(20_000)})
    through.push("data/set")
    assert len(server.asked) <= 30
    assert other.pull().packs >= 3


def test_pushing_nothing_new_takes_nine_requests(through, server):
    through.add("data/set", FILES)
    through.push("data/set")
    server.asked.clear()
    through.push("data/set")
    assert len(server.asked) <= 9
    assert server.count("PUT") <= 2


def test_of_two_pushes_at_once_one_wins_and_the_other_is_told(through, other, server):
    through.add("data/set", FILES)
    through.push("data/set")
    other.pull()
    mine = through.add("data/set", {"mine": b"1"}).digest
    theirs = other.add("data/set", {"theirs": b"2"}).digest

    def meanwhile(method, path):
        if method == "PUT" and f"/{REFS}" in path:
            server.fail = lambda _method, _path: None
            other.push("data/set")

    server.fail = meanwhile
    with pytest.raises(RefMoved) as told:
        through.push("data/set")
    assert (told.value.facts["here"], told.value.facts["there"]) == (mine, theirs)


def test_a_lost_answer_to_the_last_request_is_not_taken_for_a_race(through, server, other):
    through.add("data/set", FILES)
    lost = []

    def lose(method, path):
        if method == "PUT" and f"/{REFS}" in path and not lost:
            lost.append(path)
            return 503
        return None

    server.fail = lose
    assert through.push("data/set").artifacts[0].moved
    assert lost
    assert other.pull().artifacts[0].moved


def test_what_passes_is_tried_again(through, server, other):
    through.add("data/set", FILES)
    failed = []

    def now_and_then(method, path):
        if len(failed) < 3 and path not in failed:
            failed.append(path)
            return 503
        return None

    server.fail = now_and_then
    through.push("data/set")
    assert len(failed) == 3
    other.pull()
    assert other.files("data/set") == FILES


def test_a_pull_finds_what_a_collection_wrote_anew_meanwhile(through, server, other):
    other.app.settings.values["retention"] = {"data/*": {"versions": 1}}
    files = {str(n): random.Random(n).randbytes(30_000) for n in range(20)}
    other.add("data/set", files)
    other.push("data/set")
    for name in files.keys() - {"7"}:
        (other.root / "data/set" / name).unlink()
    other.add("data/set", {})
    other.push("data/set")
    collected = []

    def meanwhile(method, path):
        if method == "GET" and "/packs/" in path and not collected:
            collected.append(path)
            assert other.app.remotes.clear(ANA, unused_days=0).rewritten == 1

    server.fail = meanwhile
    assert through.pull("data/set").artifacts[0].moved
    assert collected
    assert through.files("data/set") == {"7": files["7"]}


def test_a_collection_of_nothing_takes_fourteen_requests(through, server):
    through.add("data/set", FILES)
    through.push("data/set")
    server.asked.clear()
    through.app.remotes.clear(ANA)
    assert len(server.asked) <= 14


def test_a_refusal_is_told_at_once(through, server):
    through.add("data/set", FILES)
    server.fail = lambda _method, _path: 403
    with pytest.raises(Denied, match="team"):
        through.push("data/set")
    assert len(server.asked) == 1


def test_wrong_credentials_are_named(through, server, monkeypatch):
    through.add("data/set", FILES)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(Denied, match="SignatureDoesNotMatch"):
        through.push("data/set")


def test_a_bucket_that_does_not_exist_is_named(server, tmp_path):
    side = Side(tmp_path / "one", Place("team", "s3", "no-such-bucket-here/p", {"endpoint": s3.ENDPOINT, "region": s3.REGION}))
    side.add("data/set", FILES)
    with pytest.raises((NotFound, Unavailable), match="team"):
        side.push("data/set")


def test_an_interrupted_push_goes_on_with_what_is_missing(through, server, other, monkeypatch):
    monkeypatch.setattr("remint.adapters.remotes.object_store.RETRIES", 0)
    through.add("data/set", {str(n): random.Random(n).randbytes(100_000) for n in range(1_400)})
    lock, uploaded = threading.Lock(), []

    def after_the_first(method, path):
        with lock:
            if method == "PUT" and "/packs/" in path:
                uploaded.append(path)
                return None if len(uploaded) == 1 else 0
        return None

    server.fail = after_the_first
    with pytest.raises(Unavailable):
        through.push("data/set")
    assert len(uploaded) > 1
    with pytest.raises(NotFound):
        other.pull()
    server.fail = lambda _method, _path: None
    server.asked.clear()
    through.push("data/set")
    assert server.count("PUT", uploaded[0]) == 0
    assert other.pull().artifacts[0].moved


def test_a_read_of_a_file_that_was_left_out_says_when_nobody_answers(through, server, other, monkeypatch):
    monkeypatch.setattr("remint.adapters.remotes.object_store.RETRIES", 0)
    other.add("data/set", FILES)
    other.push("data/set")
    through.pull(lazy=True)
    server.fail = lambda _method, _path: 503
    with pytest.raises(Unavailable, match="team"):
        through.files("data/set")
    server.fail = lambda _method, _path: None
    assert through.files("data/set") == FILES


def test_without_obstore_the_extra_is_named(tmp_path, monkeypatch):
    for name in ("obstore", "obstore.store", "obstore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    side = Side(tmp_path / "one", Place("team", "s3", "bucket", {}))
    side.add("data/set", FILES)
    with pytest.raises(Invalid, match=r"remint\[remote\]"):
        side.push("data/set")


def test_an_unknown_option_is_named(tmp_path):
    side = Side(tmp_path / "one", Place("team", "s3", "bucket", {"nonsense": "1"}))
    with pytest.raises(Invalid, match="nonsense"):
        side.app.remotes.pull(ANA, ())
