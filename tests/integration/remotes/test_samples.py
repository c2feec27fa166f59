"""Samples of a set that was pulled lazily: read from the remote in ranges, and kept only where that is asked for."""

import random
from dataclasses import replace

import pytest

import remint.errors
from remint.errors import BlobMissing, Invalid
from tests.integration.remotes.conftest import ANA, Side
from tests.support import s3

SET = "data/landing"


def files_of(count, seed=1, size=3_000):
    draw = random.Random(seed)
    return {f"{number % 5}/{number:05}.bin": draw.randbytes(size + number) for number in range(count)}


def stored_bytes(side):
    store = side.root / ".remint" / "store"
    return sum(path.stat().st_size for folder in ("packs", "objects") for path in (store / folder).rglob("*") if path.is_file())


@pytest.fixture
def files():
    large = random.Random(9).randbytes(3 << 20)
    return {**files_of(600), "large.bin": large, "empty.bin": b""}


@pytest.fixture
def pulled(one, other, files):
    """A project that knows the set, and has no file of it."""
    one.add(SET, files)
    one.push(SET)
    other.pull(SET, lazy=True)
    return other


def test_every_sample_is_read_without_bringing_the_packs(pulled, files):
    before = stored_bytes(pulled)
    found = remint.samples(SET, pulled.root)
    assert dict(found) == files
    assert dict(found.stream(seed=3, buffer=100)) == files
    assert stored_bytes(pulled) == before


def test_what_is_kept_is_read_here_the_next_time(pulled, files, place, tmp_path):
    found = remint.samples(SET, pulled.root, keep=True)
    assert dict(found) == files
    assert stored_bytes(pulled) > sum(map(len, files.values()))
    settings = pulled.root / "remint.toml"
    settings.write_text('principal = "ana"\n')
    assert dict(remint.samples(SET, pulled.root)) == files


def test_without_a_remote_what_is_not_here_is_said(pulled):
    (pulled.root / "remint.toml").write_text('principal = "ana"\n')
    with pytest.raises(BlobMissing, match="the setting `remote` names no other place"):
        remint.samples(SET, pulled.root)[0]


def test_what_was_pushed_meanwhile_is_found(pulled, one, files):
    found = remint.samples(SET, pulled.root)
    assert found[0].content == files[found.paths[0]]
    more = files_of(50, seed=2)
    one.add("data/more", more)
    one.push("data/more")
    pulled.pull("data/more", lazy=True)
    source = found.source
    sampling = source._opened()
    rows = sampling.rows(pulled.app.artifacts.get(pulled.at("data/more")))
    assert dict(zip(rows.paths, sampling.read(list(rows.raws()), rows.sizes), strict=True)) == more


def test_a_ref_of_something_else_has_no_samples(one):
    table = one.root / "rows.csv"
    table.write_text("a\n1\n")
    one.app.artifacts.add(ANA, "data/rows", table, table=True)
    with pytest.raises(Invalid, match="has no samples"):
        remint.samples("data/rows", one.root)


def test_a_shuffled_epoch_asks_seldom(server, tmp_path):
    """3 MB of neighbours in runs of 1 MB: a handful of ranges, not one for each file."""
    place = s3.place()
    one, other = Side(tmp_path / "one", place), Side(tmp_path / "other", place)
    wanted = files_of(1000)
    one.add(SET, wanted)
    one.push(SET)
    counted = Side(tmp_path / "counted", replace(place, options={**place.options, "endpoint": server.endpoint}))
    counted.pull(SET, lazy=True)
    server.asked.clear()
    assert dict(remint.samples(SET, counted.root).stream(seed=3, buffer=512)) == wanted
    assert server.count("GET", "/packs/") <= 20
    for side in (one, other, counted):
        side.app.close()


def test_a_forked_process_says_that_it_cannot_ask_an_object_store(server, tmp_path):
    """It would wait for ever: the threads of the client are not there in a fork."""
    import multiprocessing

    place = s3.place()
    side = Side(tmp_path / "one", place)
    side.add(SET, files_of(3))
    side.push(SET)
    other = Side(tmp_path / "other", place)
    other.pull(SET, lazy=True)
    found = remint.samples(SET, other.root)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        told = pool.apply_async(_what_is_said, (found,)).get(timeout=60)
    assert "start processes with spawn" in told
    for one in (side, other):
        one.app.close()


def _what_is_said(found):
    try:
        return str(found[0])
    except remint.errors.Unavailable as error:
        return str(error)
