"""Which blobs came from whom: found for two days, of nobody else, whoever else writes and whatever a killed writer left."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from remint.adapters.clock.fixed import FixedClock
from remint.adapters.uploads.arrivals import FileArrivals
from remint.core.digest import raw_digest
from remint.errors import Unavailable

DAY_US = 86_400_000_000
NOON_US = 20_000 * DAY_US + DAY_US // 2


def raw(number):
    return raw_digest(b"%d" % number)


@pytest.fixture
def clock():
    return FixedClock(NOON_US)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state" / "arrivals"


@pytest.fixture
def arrivals(folder, clock):
    return FileArrivals(folder, clock)


def only(folder):
    """Return the one file in a folder."""
    (found,) = folder.iterdir()
    return found


def test_what_arrived_is_found(arrivals):
    arrivals.note("ana", [raw(1), raw(2)])
    arrivals.note("ana", [raw(3), raw(1)])
    assert arrivals.of("ana") == {raw(1), raw(2), raw(3)}


@pytest.mark.parametrize("other", ["bo", "", "an", "ana ", "Ana", "../ana", "a/na", "ana\0"])
def test_what_arrived_is_of_nobody_else(arrivals, other):
    arrivals.note("ana", [raw(1)])
    assert arrivals.of(other) == frozenset()
    arrivals.note(other, [raw(2)])
    assert (arrivals.of("ana"), arrivals.of(other)) == ({raw(1)}, {raw(2)})


def test_what_another_process_noted_is_found(arrivals, folder, clock):
    FileArrivals(folder, clock).note("ana", [raw(1)])
    assert arrivals.of("ana") == {raw(1)}


def test_where_nothing_arrived_nothing_is_found_or_made(arrivals, folder):
    arrivals.note("ana", [])
    assert (arrivals.of("ana"), folder.exists()) == (frozenset(), False)


@pytest.mark.parametrize(
    ("hour", "days", "expected"), [(0, 0, True), (0, 1, True), (0, 2, False), (23, 0, True), (23, 1, True), (23, 2, False)]
)
def test_what_arrived_counts_on_its_day_and_on_the_next(folder, hour, days, expected):
    clock = FixedClock(20_000 * DAY_US + hour * DAY_US // 24)
    arrivals = FileArrivals(folder, clock)
    arrivals.note("ana", [raw(1)])
    clock.advance(days * DAY_US)
    assert (raw(1) in arrivals.of("ana")) is expected


def test_what_does_not_count_any_more_is_gone_when_something_arrives(arrivals, folder, clock):
    arrivals.note("ana", [raw(1)])
    first = only(folder)
    clock.advance(DAY_US)
    arrivals.note("bo", [raw(2)])
    assert first.exists()
    clock.advance(DAY_US)
    arrivals.note("bo", [raw(3)])
    assert not first.exists()
    assert arrivals.of("bo") == {raw(2), raw(3)}


@pytest.mark.parametrize("left", [1, 16, 31, 33, 63])
def test_what_a_killed_writer_left_spoils_nothing_that_comes_after(arrivals, folder, left):
    arrivals.note("ana", [raw(1)])
    place = only(folder)
    place.write_bytes(place.read_bytes() + (raw(2) + raw(3))[:left])
    before = {raw(1), *([raw(2)] if left > 32 else [])}
    assert {one for one in arrivals.of("ana") if len(one) == 32} == before
    arrivals.note("ana", [raw(4), raw(5)])
    assert arrivals.of("ana") == {*before, raw(4), raw(5)}


def note_many(arrivals, numbers):
    for number in numbers:
        arrivals.note("ana", [raw(number), raw(-number)])


def test_nothing_is_lost_when_many_note_at_once(folder, clock):
    writers = [FileArrivals(folder, clock) for _ in range(8)]  # each opens the file for itself, as processes do
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note_many, writers, [range(first, 1_601, 8) for first in range(1, 9)]))
    assert FileArrivals(folder, clock).of("ana") == {raw(number) for number in range(-1_600, 1_601) if number}


def test_where_no_folder_can_be_made_it_is_told(tmp_path, clock):
    (tmp_path / "file").write_bytes(b"")
    arrivals = FileArrivals(tmp_path / "file", clock)
    with pytest.raises(Unavailable, match="it was not noted what arrived"):
        arrivals.note("ana", [raw(1)])
    assert arrivals.of("ana") == frozenset()


def test_where_no_file_can_be_written_it_is_told(arrivals, folder):
    arrivals.note("ana", [raw(1)])
    place = only(folder)
    place.unlink()
    place.mkdir()
    with pytest.raises(Unavailable, match="it was not noted what arrived"):
        arrivals.note("ana", [raw(2)])


def test_a_file_of_somebody_else_in_the_folder_is_left_alone(arrivals, folder):
    folder.mkdir(parents=True)
    (folder / ".nfs0001").write_bytes(b"theirs")
    arrivals.note("ana", [raw(1)])
    assert (arrivals.of("ana"), (folder / ".nfs0001").read_bytes()) == ({raw(1)}, b"theirs")
