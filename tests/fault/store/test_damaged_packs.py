"""A pack damaged anywhere gives no wrong bytes, loses no other record, and is healed by putting the same bytes again."""

import os
import random
import shutil
from pathlib import Path

import pytest

from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.blobs.pack import FILE_HEADER, HEADER_BYTES, MARK
from remint.adapters.blobs.packs import Packs
from remint.core.digest import digest_bytes, from_raw
from remint.errors import BlobAltered, BlobMissing, Invalid

CONTENTS = [b"first", b"", b"the third, somewhat longer", b"x" * 60, b"last"]
DIGESTS = [digest_bytes(content) for content in CONTENTS]
SEAL_AT_FIVE = Limits(records=5)
LARGE = random.Random(3).randbytes(600_000)
READING = {
    "open": lambda blobs, digest, _out: blobs.open(digest),
    "path": lambda blobs, digest, _out: blobs.path(digest),
    "write_files": lambda blobs, digest, out: blobs.write_files([(digest.raw, str(out))]),
}


def store_with(root, *, sealed):
    """Return the one pack of a new store with the contents."""
    blobs = LocalBlobs(root, limits=SEAL_AT_FIVE)
    for content in CONTENTS:
        blobs.put(content)
    if sealed:
        blobs.put(b"one more")
    (found,) = (root / "packs").glob("*.pack" if sealed else "*.open")
    for other in (root / "packs").iterdir():
        if other != found:
            other.unlink()
    return found


@pytest.fixture(params=[True, False], ids=["sealed", "open"])
def pack(request, tmp_path):
    return store_with(tmp_path / "store", sealed=request.param)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "store"


def rewrite(pack, content):
    pack.chmod(0o644)
    pack.write_bytes(content)


def read(blobs, digest):
    """Return what a store says of a digest: its bytes, or the name of the error."""
    try:
        return blobs.get(digest)
    except (BlobMissing, BlobAltered) as error:
        return type(error).__name__


def place_of(pack, content):
    return pack.read_bytes().index(digest_bytes(content).raw) - len(MARK)


def test_one_flipped_bit_anywhere_never_gives_wrong_bytes_and_loses_one_record_at_most(pack, root):
    sound = pack.read_bytes()
    for at in range(len(sound)):
        flipped = bytearray(sound)
        flipped[at] ^= 1 << (at % 8)
        rewrite(pack, bytes(flipped))
        blobs = LocalBlobs(root)
        found = [read(blobs, digest) for digest in DIGESTS]
        wrong = [(got, content) for got, content in zip(found, CONTENTS, strict=True) if got != content]
        assert len(wrong) <= 1, at
        assert {got for got, _ in wrong} <= {"BlobMissing", "BlobAltered"}, at


def test_one_flipped_bit_anywhere_is_healed_by_putting_everything_again(pack, root, tmp_path):
    sound = pack.read_bytes()
    for at in range(len(sound)):
        copy = tmp_path / f"copy{at}"
        shutil.copytree(root, copy)
        flipped = bytearray(sound)
        flipped[at] ^= 1 << (at % 8)
        rewrite(copy / "packs" / pack.name, bytes(flipped))
        blobs = LocalBlobs(copy)
        for content in CONTENTS:
            blobs.put(content)
        assert [read(blobs, digest) for digest in DIGESTS] == CONTENTS, at
        assert [read(LocalBlobs(copy), digest) for digest in DIGESTS] == CONTENTS, at
        shutil.rmtree(copy)


def test_a_pack_cut_short_anywhere_gives_the_records_before_the_cut(pack, root):
    sound = pack.read_bytes()
    ends = [place_of(pack, content) + HEADER_BYTES + len(content) for content in CONTENTS]
    for size in range(len(sound)):
        rewrite(pack, sound[:size])
        blobs = LocalBlobs(root)
        whole = [read(blobs, digest) == content for digest, content in zip(DIGESTS, CONTENTS, strict=True)]
        assert whole == [end <= size for end in ends], size
        wrong = {read(blobs, digest) for digest in DIGESTS} - {*CONTENTS}
        assert wrong <= {"BlobMissing", "BlobAltered"}, size


def test_an_open_pack_cut_short_anywhere_goes_on_after_its_last_whole_record(root, tmp_path):
    pack = store_with(root, sealed=False)
    sound = pack.read_bytes()
    for size in range(0, len(sound), 3):
        rewrite(pack, sound[:size])
        blobs = LocalBlobs(root)
        for content in CONTENTS:
            blobs.put(content)
        assert [read(LocalBlobs(root), digest) for digest in DIGESTS] == CONTENTS
        assert pack.read_bytes() == sound
        assert len(list((root / "packs").iterdir())) == 1


@pytest.mark.parametrize("tail", [bytes(1), bytes(500), bytes(9000)], ids=len)
def test_zeros_that_a_loss_of_power_left_are_cut_off(root, tail):
    pack = store_with(root, sealed=False)
    sound = pack.read_bytes()
    rewrite(pack, sound + tail)
    blobs = LocalBlobs(root)
    assert [read(blobs, digest) for digest in DIGESTS] == CONTENTS
    blobs.put(b"new")
    assert pack.read_bytes().startswith(sound + MARK)


def test_a_damaged_open_pack_is_sealed_with_what_is_found_and_nothing_is_cut_off(root):
    pack = store_with(root, sealed=False)
    at = place_of(pack, CONTENTS[2])
    damaged = bytearray(pack.read_bytes())
    damaged[at + 40] ^= 1
    rewrite(pack, bytes(damaged))
    LocalBlobs(root).put(b"new")
    (sealed,) = (root / "packs").glob("*.pack")
    assert sealed.read_bytes().startswith(damaged)
    found = [read(LocalBlobs(root), digest) for digest in DIGESTS]
    assert found == [*CONTENTS[:2], "BlobMissing", *CONTENTS[3:]]


def test_a_damaged_last_record_of_an_open_pack_is_not_overwritten(root):
    pack = store_with(root, sealed=False)
    damaged = bytearray(pack.read_bytes())
    damaged[place_of(pack, CONTENTS[-1]) + 1] ^= 1
    rewrite(pack, bytes(damaged))
    LocalBlobs(root).put(b"new")
    (sealed,) = (root / "packs").glob("*.pack")
    assert sealed.read_bytes().startswith(damaged)


def test_a_sealing_that_was_killed_is_done_again(root):
    pack = store_with(root, sealed=True)
    half = pack.with_suffix(".open")
    sound = pack.read_bytes()
    index = sound.rindex(MARK)
    for size in range(index, len(sound) + 1, 7):
        pack.chmod(0o644)
        pack.replace(half)
        half.write_bytes(sound[:size])
        blobs = LocalBlobs(root, limits=SEAL_AT_FIVE)
        assert [read(blobs, digest) for digest in DIGESTS] == CONTENTS
        blobs.put(b"new")
        assert pack.read_bytes() == sound
        for other in (root / "packs").glob("*.open"):
            other.unlink()


def test_a_pack_that_vanished_is_missing_and_comes_back_by_putting(pack, root):
    blobs = LocalBlobs(root)
    pack.unlink()
    assert {read(blobs, digest) for digest in DIGESTS} == {"BlobMissing"}
    for content in CONTENTS:
        blobs.put(content)
    assert [read(LocalBlobs(root), digest) for digest in DIGESTS] == CONTENTS


def test_a_pack_that_vanishes_under_a_reader_is_missing_for_the_next(pack, root):
    blobs = LocalBlobs(root)
    assert read(blobs, DIGESTS[0]) == CONTENTS[0]
    pack.unlink()
    assert {read(LocalBlobs(root), digest) for digest in DIGESTS} == {"BlobMissing"}


@pytest.mark.parametrize("way", READING)
def test_every_way_of_reading_finds_the_damage(pack, root, tmp_path, way):
    content = CONTENTS[2]
    damaged = bytearray(pack.read_bytes())
    damaged[place_of(pack, content) + HEADER_BYTES] ^= 1
    rewrite(pack, bytes(damaged))
    blobs = LocalBlobs(root)
    with pytest.raises(BlobAltered) as altered:
        READING[way](blobs, digest_bytes(content), tmp_path / "out")
    assert altered.value.facts == {"digest": digest_bytes(content)}
    assert not (tmp_path / "out").exists()
    assert list((root / "incoming").iterdir()) == []


@pytest.mark.parametrize("place", range(20, 600_000, 60_000))
def test_a_flipped_bit_in_a_chunk_is_found_and_healed(root, tmp_path, place):
    blobs = LocalBlobs(root)
    digest = blobs.put(LARGE)
    (pack,) = (root / "packs").iterdir()
    damaged = bytearray(pack.read_bytes())
    damaged[place] ^= 16
    rewrite(pack, bytes(damaged))
    blobs = LocalBlobs(root)
    assert read(blobs, digest) in {"BlobAltered", "BlobMissing"}
    with pytest.raises((BlobAltered, BlobMissing)):
        blobs.write_files([(digest.raw, f"{tmp_path}/out")])
    assert not (tmp_path / "out").exists()
    blobs.put(LARGE)
    blobs.write_files([(digest.raw, f"{tmp_path}/out")])
    assert blobs.get(digest) == blobs.path(digest).read_bytes() == (tmp_path / "out").read_bytes() == LARGE


def test_a_flipped_bit_in_the_list_of_a_large_blob_is_found_and_healed(root):
    digest = LocalBlobs(root).put(LARGE)
    (pack,) = (root / "packs").iterdir()
    sound = pack.read_bytes()
    start = sound.rindex(digest.raw) - len(MARK)
    for at in range(start, len(sound)):
        damaged = bytearray(sound)
        damaged[at] ^= 1 << (at % 8)
        rewrite(pack, bytes(damaged))
        assert read(LocalBlobs(root), digest) in {"BlobAltered", "BlobMissing"}, at
    blobs = LocalBlobs(root)
    blobs.put(LARGE)
    assert blobs.get(digest) == LARGE


def test_a_damaged_merged_index_hides_nothing(root, tmp_path):
    blobs = LocalBlobs(root, limits=Limits(pack_bytes=400, batch_bytes=300, spill_bytes=300))
    paths = [tmp_path / f"f{n}" for n in range(60)]
    for n, path in enumerate(paths):
        path.write_bytes(b"%03d" % n * 100)
    put = [digest_bytes(path.read_bytes()) for path in paths]
    list(blobs.put_files(map(str, paths)))
    merged = max((root / "index").glob("*.idx"), key=lambda path: path.stat().st_size)
    sound = merged.read_bytes()
    for at in range(0, len(sound), 41):
        damaged = bytearray(sound)
        damaged[at] ^= 128
        merged.write_bytes(damaged)
        blobs = LocalBlobs(root)
        assert [blobs.get(digest) for digest in put] == [path.read_bytes() for path in paths], at
        assert all(blobs.has(digest) for digest in put)


def test_a_merged_index_that_lost_its_records_is_replaced(root, tmp_path):
    blobs = LocalBlobs(root, limits=Limits(pack_bytes=400, batch_bytes=300, spill_bytes=300))
    for n in range(40):
        (tmp_path / f"f{n}").write_bytes(b"%03d" % n * 100)
    put = [digest for digest, _ in blobs.put_files(f"{tmp_path}/f{n}" for n in range(40))]
    (merged,) = (path for path in (root / "index").glob("*.idx") if path.stat().st_size > 600)
    content = merged.read_bytes()
    merged.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    blobs = LocalBlobs(root)
    assert [blobs.get(from_raw(raw)) for raw in put] == [b"%03d" % n * 100 for n in range(40)]
    assert not merged.exists()
    fresh = Packs(root)
    fresh.look()
    assert all(list(fresh.find(raw)) for raw in put)


def test_a_codec_of_later_is_refused_by_its_number(root):
    pack = store_with(root, sealed=False)
    from zlib import crc32

    content = bytearray(pack.read_bytes())
    at = place_of(pack, CONTENTS[0])
    content[at + 37] = 7
    content[at + 52 : at + 56] = crc32(content[at : at + 52]).to_bytes(4, "little")
    rewrite(pack, bytes(content))
    with pytest.raises(Invalid, match="codec 7"):
        LocalBlobs(root).get(DIGESTS[0])


def test_a_pack_of_a_later_format_is_refused_by_its_number(pack, root):
    from zlib import crc32

    later = FILE_HEADER[:12] + (2).to_bytes(4, "little")
    rewrite(pack, later + crc32(later).to_bytes(4, "little") + pack.read_bytes()[20:])
    with pytest.raises(Invalid, match="format 2"):
        LocalBlobs(root).get(DIGESTS[0])


def test_a_file_cut_short_while_it_is_being_read_is_an_error_and_not_a_signal(root):
    pack = store_with(root, sealed=True)
    blobs = LocalBlobs(root)
    assert read(blobs, DIGESTS[0]) == CONTENTS[0]
    pack.chmod(0o644)
    os.truncate(pack, len(FILE_HEADER))
    assert {read(blobs, digest) for digest in DIGESTS} <= {"BlobMissing", "BlobAltered"}
    assert Path(pack).stat().st_size == len(FILE_HEADER)
