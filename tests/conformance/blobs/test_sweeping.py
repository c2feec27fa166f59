"""What nothing needs is removed, and nothing else: in every store."""

import random
import threading

import pytest

from remint.adapters.blobs import sweeping
from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.errors import BlobMissing, Corrupt, Unavailable

SMALL = Limits(pack_bytes=200_000, records=64, batch_bytes=20_000, spill_bytes=10_000)


def stored(blobs, count, *, size=400, seed=1):
    """Put random blobs; return their contents by digest."""
    draw = random.Random(seed)
    with blobs.adding():
        found = {blobs.put(content): content for content in (draw.randbytes(size) for _ in range(count))}
        blobs.flush()
    return found


def raw(digests):
    return {digest.raw for digest in digests}


def require_only(blobs, kept, gone):
    assert {digest: blobs.get(digest) for digest in kept} == kept
    assert not [digest for digest in gone if blobs.has(digest)]
    for digest in list(gone)[:3]:
        with pytest.raises(BlobMissing):
            blobs.get(digest)


class TestEveryStore:
    def test_what_is_needed_stays_and_the_rest_goes(self, blobs):
        found = stored(blobs, 40)
        kept = dict(list(found.items())[::4])
        swept = blobs.sweep(lambda: raw(kept))
        require_only(blobs, kept, set(found) - set(kept))
        assert swept.blobs == 30
        assert swept.size_bytes >= 30 * 400

    def test_a_dry_run_says_the_same_and_changes_nothing(self, blobs):
        found = stored(blobs, 40)
        kept = dict(list(found.items())[:5])
        would = blobs.sweep(lambda: raw(kept), dry_run=True)
        assert {digest: blobs.get(digest) for digest in found} == found
        assert blobs.sweep(lambda: raw(kept)) == would

    def test_a_store_without_anything_dead_is_left_as_it_is(self, blobs):
        found = stored(blobs, 20)
        assert blobs.sweep(lambda: raw(found)).blobs == 0
        require_only(blobs, found, ())

    def test_what_was_swept_can_be_put_again(self, blobs):
        found = stored(blobs, 10)
        blobs.sweep(lambda: ())
        require_only(blobs, {}, found)
        assert stored(blobs, 10) == found
        require_only(blobs, found, ())

    def test_a_large_blob_goes_and_stays_with_its_parts(self, blobs):
        draw = random.Random(3)
        large, other = draw.randbytes(3_000_000), draw.randbytes(4_000_000)
        kept, gone = blobs.put(large), blobs.put(other)
        blobs.sweep(lambda: {kept.raw})
        assert blobs.get(kept) == large
        assert not blobs.has(gone)
        assert sum(blobs.size(digest) for digest in blobs.digests() if digest != kept) <= 2 * len(large)

    def test_whole_files_are_swept_too(self, blobs, tmp_path):
        places = [tmp_path / "one", tmp_path / "two"]
        for place in places:
            place.write_bytes(place.name.encode() * 1000)
        one, two = (blobs.put_file(place, whole=True)[0] for place in places)
        assert blobs.sweep(lambda: {one.raw}).blobs == 1
        assert blobs.get(one) == b"one" * 1000
        assert not blobs.has(two)

    def test_what_is_asked_for_the_second_time_counts(self, blobs):
        found = stored(blobs, 10)
        answers = [set(), raw(found)]
        blobs.sweep(lambda: answers.pop(0) if len(answers) > 1 else answers[0])
        require_only(blobs, found, ())

    def test_a_sweep_waits_for_who_is_adding(self, blobs):
        content, entered, leave, live = b"found here already" * 30, threading.Event(), threading.Event(), set()
        blobs.put(content)
        order = []

        def add():
            with blobs.adding():
                digest = blobs.put(content)
                entered.set()
                leave.wait(20)
                live.add(digest.raw)
                order.append("recorded")

        adding = threading.Thread(target=add)
        adding.start()
        assert entered.wait(20)
        sweeping = threading.Thread(target=lambda: (blobs.sweep(lambda: set(live)), order.append("swept")))
        sweeping.start()
        threading.Event().wait(0.1)
        assert order == []
        leave.set()
        adding.join(20)
        sweeping.join(20)
        assert order == ["recorded", "swept"]
        assert [blobs.get(digest) for digest in blobs.digests()] == [content]

    def test_adding_may_be_nested(self, blobs):
        with blobs.adding(), blobs.adding():
            digest = blobs.put(b"inside")
        assert blobs.sweep(lambda: {digest.raw}).blobs == 0


class TestLocalStore:
    @pytest.fixture
    def root(self, tmp_path):
        return tmp_path / "store"

    def test_another_process_that_knows_the_old_packs_writes_again_what_was_swept(self, root):
        """It holds the pack open, so the bytes are still readable there after the sweep."""
        other = LocalBlobs(root, limits=SMALL)
        found = stored(other, 300)
        assert all(other.has(digest) for digest in found)
        sweeper = LocalBlobs(root, limits=SMALL)
        del other._appender._opened  # it ended its pack; only what it knows and has open for reading is left
        other._appender._opened = None
        sweeper.sweep(lambda: ())
        assert stored(other, 300) == found
        require_only(LocalBlobs(root), found, ())

    def test_a_process_that_never_looked_keeps_the_parts_of_what_is_needed(self, root):
        """Also if a merged index hides them, and for a list that has groups."""
        large = random.Random(5).randbytes(40_000_000)
        kept = LocalBlobs(root).put(large)
        gone = LocalBlobs(root).put(random.Random(6).randbytes(9_000_000))
        swept = LocalBlobs(root).sweep(lambda: {kept.raw})
        assert swept.size_bytes >= 9_000_000
        assert LocalBlobs(root).get(kept) == large
        assert not LocalBlobs(root).has(gone)

    def test_a_damaged_list_of_chunks_that_is_needed_stops_it(self, root):
        kept = LocalBlobs(root).put(random.Random(5).randbytes(1_000_000))
        before = sorted(LocalBlobs(root).digests())
        for pack in (root / "packs").iterdir():
            content = bytearray(pack.read_bytes())
            at = content.find(kept.raw)
            if at >= 0:
                content[at + 100] ^= 1
                pack.chmod(0o644)
                pack.write_bytes(content)
        with pytest.raises(Corrupt, match="what it was made of cannot be told"):
            LocalBlobs(root).sweep(lambda: {kept.raw})
        assert sorted(LocalBlobs(root).digests()) == before

    def test_a_pack_that_another_process_writes_is_left_to_it(self, root):
        writer, sweeper = LocalBlobs(root), LocalBlobs(root)
        kept = stored(writer, 5)
        sweeper.sweep(lambda: ())
        require_only(writer, kept, ())
        del writer
        assert sweeper.sweep(lambda: ()).blobs == 5

    def test_a_thorough_sweep_takes_also_what_another_process_has_open(self, root):
        writer = LocalBlobs(root)
        found = list(stored(writer, 9).items())
        kept = dict(found[::3])
        assert LocalBlobs(root).sweep(lambda: raw(kept), thorough=True).blobs == 6
        require_only(LocalBlobs(root), kept, {digest for digest, _ in found} - set(kept))
        with writer.adding():
            again = writer.put(found[1][1])
            writer.flush()
        require_only(LocalBlobs(root), {**kept, again: found[1][1]}, ())

    def test_a_thorough_sweep_leaves_nothing_that_is_not_needed(self, root, monkeypatch):
        monkeypatch.setattr(sweeping, "CHEAP_BYTES", 0)
        found = list(stored(LocalBlobs(root, limits=SMALL), 2_000).items())
        kept = dict([one for at, one in enumerate(found) if at % 100])
        assert LocalBlobs(root).sweep(lambda: raw(kept)).blobs == 0
        assert LocalBlobs(root).sweep(lambda: raw(kept), thorough=True).blobs == 20
        require_only(LocalBlobs(root), kept, {digest for digest, _ in found} - set(kept))

    def test_what_was_extracted_goes_too_also_what_an_earlier_sweep_left(self, root):
        blobs = LocalBlobs(root)
        gone, kept = (blobs.put(text) for text in (b"gone", b"kept"))
        places = [blobs.path(digest) for digest in (gone, kept)]
        LocalBlobs(root).sweep(lambda: {kept.raw})
        assert [place.exists() for place in places] == [False, True]
        places[0].write_bytes(b"gone")
        LocalBlobs(root).sweep(lambda: {kept.raw})
        assert [place.exists() for place in places] == [False, True]

    def test_mostly_dead_packs_are_written_anew_and_others_are_left(self, root, monkeypatch):
        monkeypatch.setattr(sweeping, "CHEAP_BYTES", 0)
        blobs = LocalBlobs(root, limits=SMALL)
        found = list(stored(blobs, 2_000).items())
        kept = dict([one for at, one in enumerate(found) if (at < 1000 and at % 10) or (at >= 1000 and at % 10 == 0)])
        before = disk_bytes(root)
        swept = LocalBlobs(root, limits=SMALL).sweep(lambda: raw(kept))
        require_only(LocalBlobs(root), kept, ())
        assert swept.rewritten > 0
        assert any(LocalBlobs(root).has(digest) for digest, _ in found if digest not in kept)
        assert disk_bytes(root) < 0.7 * before

    def test_somebody_who_adds_all_the_time_makes_it_give_up(self, root):
        blobs, other = LocalBlobs(root), LocalBlobs(root)
        kept = stored(blobs, 3)
        with other.adding(), pytest.raises(Unavailable, match="something was being added"):
            other._fence.sweeping(patience_s=0.1).__enter__()
        require_only(blobs, kept, ())

    def test_two_sweeps_at_once_remove_nothing_that_is_needed(self, root):
        found = stored(LocalBlobs(root, limits=SMALL), 600)
        kept = dict(list(found.items())[::7])
        failures, refused = [], []

        def sweep():
            try:
                LocalBlobs(root, limits=SMALL).sweep(lambda: raw(kept))
            except Unavailable as error:
                refused.append(error.why)
            except BaseException as error:
                failures.append(error)
                raise

        threads = [threading.Thread(target=sweep) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert all("somebody else is removing" in why for why in refused)
        require_only(LocalBlobs(root), kept, ())
        LocalBlobs(root, limits=SMALL).sweep(lambda: raw(kept))
        require_only(LocalBlobs(root), kept, set(found) - set(kept))

    @pytest.mark.parametrize("thorough", [False, True])
    def test_writers_and_sweeps_at_random_lose_nothing_that_was_recorded(self, root, thorough):
        """Writers put blobs, some of them put before and swept meanwhile, and record them inside `adding`."""
        live: dict = {}
        recording = threading.Lock()
        done = threading.Event()
        failures = []

        def write(seed):
            try:
                blobs, draw = LocalBlobs(root, limits=SMALL), random.Random(seed)
                for _ in range(60):
                    contents = [f"{draw.randrange(150)}".encode() * 40 for _ in range(10)]
                    with blobs.adding():
                        put = {blobs.put(content): content for content in contents}
                        blobs.flush()
                        with recording:
                            live.update(put)
                    with recording:
                        for digest in draw.sample(sorted(live), min(5, len(live))):
                            del live[digest]
            except BaseException as error:
                failures.append(error)
                raise
            finally:
                done.set()

        def needed():
            with recording:
                return {digest.raw for digest in live}

        writers = [threading.Thread(target=write, args=(seed,)) for seed in range(3)]
        for thread in writers:
            thread.start()
        sweeper = LocalBlobs(root, limits=SMALL)
        while any(thread.is_alive() for thread in writers):
            sweeper.sweep(needed, thorough=thorough)
        assert failures == []
        sweeper.sweep(needed, thorough=thorough)
        require_only(LocalBlobs(root), dict(live), ())


def disk_bytes(root):
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
