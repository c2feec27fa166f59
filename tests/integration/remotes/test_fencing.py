"""Pushes to a remote and collections in it keep out of each other's way."""

import contextlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from remint.adapters.clock.fixed import FixedClock
from remint.core.ids import PrincipalId
from remint.core.ref import RefName
from remint.core.remote import ARTIFACTS, ref_name
from remint.core.remotefence import (
    DEAD_US,
    FENCE,
    LEASE_US,
    LEFT_US,
    PUSHING,
    Pushing,
    decode_fence,
    decode_pushing,
    encode_pushing,
    pushing_name,
)
from remint.errors import Conflict, Corrupt, Unavailable
from remint.services import fencing
from remint.services.fencing import Gate
from tests.integration.remotes.altering import replace
from tests.integration.remotes.conftest import ANA, Side

BO = PrincipalId("bo")
FILES = {"a": b"one", "b/c": b"two" * 40_000}


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def gate(remote, clock):
    return Gate(remote, "team", clock, BO)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Nobody waits for long."""
    monkeypatch.setattr(fencing, "PUSH_PATIENCE_S", 0.2)
    monkeypatch.setattr(fencing, "COLLECT_PATIENCE_S", 0.2)
    monkeypatch.setattr(fencing, "PUSH_PAUSE_S", 0.01)
    monkeypatch.setattr(fencing, "COLLECT_PAUSE_S", 0.01)


def state_of(remote):
    return decode_fence(remote.get(FENCE)[0])


def test_each_collection_begins_an_epoch_and_gives_the_remote_back(gate, remote):
    for epoch in (1, 2):
        with gate.collecting():
            held = state_of(remote)
            assert (held.epoch, held.sweeper.by) == (epoch, BO)
        assert (state_of(remote).epoch, state_of(remote).sweeper) == (epoch, None)


def test_a_collection_that_fails_gives_the_remote_back(gate, remote):
    with pytest.raises(KeyError), gate.collecting():
        raise KeyError
    assert state_of(remote).sweeper is None


def test_one_collection_goes_on_at_a_time(gate, remote):
    with gate.collecting():
        with pytest.raises(Unavailable, match="nothing was given up in team") as told, gate.collecting():
            pass
        assert state_of(remote).sweeper is not None
    assert "bo is giving up" in told.value.why


def test_a_push_says_that_it_goes_on_and_ends_saying_it_also_after_an_error(gate, remote):
    said = []

    def push():
        with gate.pushing() as require_living:
            require_living()
            said.extend(decode_pushing(name, remote.get(name)[0]).by for name in remote.names(PUSHING))
            raise KeyError

    with pytest.raises(KeyError):
        push()
    assert said == [BO]
    assert remote.names(PUSHING) == {}


def test_pushes_go_on_side_by_side(gate, remote):
    with gate.pushing(), gate.pushing():
        assert len(remote.names(PUSHING)) == 2


def test_a_push_waits_for_a_collection_and_a_collection_for_a_push(gate, monkeypatch):
    monkeypatch.setattr(fencing, "PUSH_PATIENCE_S", 30.0)
    monkeypatch.setattr(fencing, "COLLECT_PATIENCE_S", 30.0)
    said, inside = [], threading.Event()

    def push():
        with gate.pushing():
            said.append("push begins")
            time.sleep(0.1)
            said.append("push ends")

    def collect():
        with gate.collecting():
            inside.set()
            time.sleep(0.3)
            said.append("collection ends")

    with ThreadPoolExecutor(2) as pool:
        collection = pool.submit(collect)
        assert inside.wait(30)
        pushed = pool.submit(push)
        collection.result()
        while "push begins" not in said:
            time.sleep(0.005)
        said.append("collection asked")
        with gate.collecting():
            said.append("collection begins")
        pushed.result()
    assert said == ["collection ends", "push begins", "collection asked", "push ends", "collection begins"]


def test_a_push_gives_up_after_a_while_and_leaves_no_trace(gate, remote):
    with gate.collecting():
        with pytest.raises(Unavailable, match="nothing was pushed to team") as told, gate.pushing():
            pass
        assert remote.names(PUSHING) == {}
    assert "bo is giving up" in told.value.why


def test_a_collection_gives_up_after_a_while_and_gives_the_remote_back(gate, remote):
    with gate.pushing():
        name = next(iter(remote.names(PUSHING)))
        with pytest.raises(Unavailable, match="nothing was given up in team") as told, gate.collecting():
            pass
        assert state_of(remote).sweeper is None
    assert "bo is pushing" in told.value.why
    assert name in told.value.next_step


def test_what_a_killed_push_left_is_removed_a_day_later(gate, remote, clock):
    name = pushing_name("0" * 32)
    remote.put(name, encode_pushing(Pushing(BO, clock.now_us())))
    clock.advance(DEAD_US - 1_000_000)
    with pytest.raises(Unavailable), gate.collecting():
        pass
    clock.advance(1_000_000)
    with gate.collecting():
        assert remote.names(PUSHING) == {}


def test_a_push_that_was_taken_for_dead_refuses_to_go_on(gate, remote, clock):
    with gate.pushing() as require_living:
        clock.advance(DEAD_US)
        with gate.collecting():
            pass
        with pytest.raises(Conflict, match="nothing was pushed to team"):
            require_living()


def test_after_a_killed_collection_others_wait_until_its_time_is_over(gate, remote, clock):
    killed = gate.collecting()
    killed.__enter__()
    clock.advance(LEASE_US - 1_000_000)
    with pytest.raises(Unavailable), gate.pushing():
        pass
    clock.advance(1_000_000)
    with gate.pushing():
        pass
    with gate.collecting():
        assert state_of(remote).epoch == 2


def test_a_long_collection_has_the_remote_for_longer(gate, remote, clock):
    with gate.collecting() as lease:
        before = state_of(remote).sweeper.until_us
        clock.advance(LEASE_US - LEFT_US - 1_000_000)
        lease.ensure()
        assert state_of(remote).sweeper.until_us == before
        clock.advance(2_000_000)
        remote.put("packs/one", b"1")
        lease.delete(["packs/one"])
        assert state_of(remote).sweeper.until_us - clock.now_us() > LEFT_US
    assert state_of(remote).sweeper is None
    assert remote.names("packs/") == {}


def test_a_collection_has_the_remote_for_longer_while_it_tells_of_progress(gate, remote, clock):
    told = []
    with gate.collecting() as lease:
        tell = lease.during(lambda done, total: told.append((done, total)))
        for done in range(5):
            clock.advance(LEFT_US + 60_000_000)
            tell(done, 5)
        assert state_of(remote).sweeper.until_us > clock.now_us() + LEFT_US
    assert told == [(done, 5) for done in range(5)]


@pytest.mark.parametrize("after_us", [LEASE_US - 60_000_000, LEASE_US + 60_000_000])
def test_a_collection_that_stood_still_for_too_long_removes_nothing_more(gate, remote, clock, after_us):
    remote.put("packs/one", b"1")

    def collect():
        with gate.collecting() as lease:
            clock.advance(after_us)
            lease.delete(["packs/one"])

    with pytest.raises(Unavailable, match="not all of it was given up"):
        collect()
    assert set(remote.names("packs/")) == {"packs/one"}
    assert state_of(remote).sweeper is None


def test_a_collection_whose_place_was_taken_removes_nothing_more(gate, remote, clock):
    remote.put("packs/one", b"1")

    def collect():
        with gate.collecting() as lease:
            clock.advance(LEASE_US)
            with gate.collecting():
                with pytest.raises(Unavailable):
                    lease.ensure()
                assert state_of(remote).epoch == 2
            lease.delete(["packs/one"])

    with pytest.raises(Unavailable, match="not all of it was given up"):
        collect()
    assert set(remote.names("packs/")) == {"packs/one"}


@pytest.mark.parametrize("content", [b"", b"{}", b'{"v":2}', b'{"epoch":-1,"sweeper":null,"v":1}'])
def test_a_fence_that_cannot_be_read_is_named(gate, remote, content):
    remote.put(FENCE, content)
    with pytest.raises(Corrupt, match=FENCE), gate.pushing():
        pass
    with pytest.raises(Corrupt, match=FENCE), gate.collecting():
        pass


def test_a_push_that_is_taken_for_dead_while_it_carries_moves_nothing(one, other, place, remote):
    one.add("data/set", FILES)
    names = []

    def lose(_done, _total):
        if not names:
            names.extend(remote.names(PUSHING))
            replace(place, names[0], None)

    with pytest.raises(Conflict, match="nothing was pushed"):
        one.push("data/set", on_progress=lose)
    assert remote.names(ARTIFACTS) == {}
    assert remote.get(ref_name(RefName("main", "data", "set"))) is None
    one.push("data/set")
    other.pull()
    assert other.files("data/set") == FILES


def test_a_push_leaves_no_trace_of_itself(one, remote):
    one.add("data/set", FILES)
    one.push("data/set", dry_run=True)
    one.push("data/set")
    assert remote.names(PUSHING) == {}
    assert remote.get(FENCE) is None


SHARED = [random.Random(n).randbytes(30_000) for n in range(60)]


def newest_only(root, place):
    side = Side(root, place)
    side.app.settings.values["retention"] = {"data/*": {"versions": 1}}
    return side


def write(side, name, until_s):
    """Push versions of a set until then, of files that others push too; return the files of the newest."""
    chosen, pushed, files = random.Random(name), 0, {}
    while time.monotonic() < until_s or pushed < 2:
        for path in (side.root / name).glob("*"):
            path.unlink()
        files = {str(n): content for n, content in enumerate(chosen.sample(SHARED, 12))}
        files["own"] = chosen.randbytes(chosen.choice([20_000, 200_000]))
        side.add(name, files)
        side.push(name)
        pushed += 1
    return files


def collect(side, until_s):
    """Collect until then, and once more; return how many artifacts went."""
    gone, is_over = 0, False
    while not is_over:
        is_over = time.monotonic() > until_s + 5
        with contextlib.suppress(Unavailable):
            gone += len(side.app.remotes.clear(ANA, unused_days=0).given)
        time.sleep(0.05)
    return gone


def test_nothing_that_is_pushed_while_others_collect_is_lost(place, remote, tmp_path, monkeypatch):
    monkeypatch.setattr(fencing, "PUSH_PATIENCE_S", 60.0)
    monkeypatch.setattr(fencing, "COLLECT_PATIENCE_S", 1.0)
    until_s = time.monotonic() + 5
    sides = {name: newest_only(tmp_path / name, place) for name in ("w0", "w1", "w2", "collector", "fresh", "again")}
    with ThreadPoolExecutor(4) as pool:
        collecting = pool.submit(collect, sides["collector"], until_s)
        written = {name: pool.submit(write, sides[name], f"data/{name}", until_s) for name in ("w0", "w1", "w2")}
        newest = {f"data/{name}": one.result() for name, one in written.items()}
        assert collecting.result() > 0
    sides["fresh"].pull()
    assert {name: sides["fresh"].files(name) for name in newest} == newest
    sides["fresh"].app.remotes.clear(ANA, unused_days=0)
    sides["again"].pull()
    assert {name: sides["again"].files(name) for name in newest} == newest
    assert len(remote.names(ARTIFACTS)) == 3
    for side in sides.values():
        side.app.close()
