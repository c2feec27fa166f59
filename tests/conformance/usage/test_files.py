"""What the files of a usage log promise beyond the port: torn ends, altered bytes, full disks."""

import os
import resource
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.adapters.clock.fixed import FixedClock
from remint.adapters.tables.parquet import write_segment
from remint.adapters.usage import frames
from remint.adapters.usage.files import FileUsage, FileUsageWriter
from remint.errors import Corrupt, Unavailable
from tests.support.batches import batch


@pytest.fixture
def logs(tmp_path):
    return FileUsage(tmp_path / "usage", FixedClock(), write_segment)


def written(logs, count=3):
    """Write some batches, complete the file, and return its path."""
    writer = logs.writer("x")
    for number in range(count):
        writer.append(batch(number))
    writer.close()
    [path] = (logs._root / "x").glob("*.log")
    return path


def payloads(content):
    view = memoryview(content)
    found = [frames.payload_of(view, one, "f") for one in frames.frames_in(view, "f")]
    return [bytes(payload) for payload in found if payload is not None]


def framed(items):
    content, check = b"", frames.START
    for item in items:
        piece, check = frames.frame(check, item)
        content += piece
    return content


@given(st.lists(st.binary(max_size=700), max_size=5), st.data())
def test_a_file_cut_anywhere_holds_all_frames_before_the_cut(items, data):
    content = framed(items)
    cut = data.draw(st.integers(0, len(content)))
    ends = [len(framed(items[: count + 1])) for count in range(len(items))]
    assert payloads(content[:cut]) == items[: sum(end <= cut for end in ends)]


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4), st.data())
def test_any_altered_byte_is_refused(items, data):
    content = bytearray(framed(items))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Corrupt):
        payloads(bytes(content))


@given(st.lists(st.binary(min_size=1, max_size=900), min_size=2, max_size=4), st.data())
def test_sectors_that_a_loss_of_power_left_as_zeros_end_the_log(items, data):
    content = framed(items)
    lost = data.draw(st.integers(0, len(content) // frames.SECTOR)) * frames.SECTOR
    zeroed = content[:lost] + bytes(max(len(content) - lost, frames.LEAST_LOST))
    kept = payloads(zeroed)
    assert kept == items[: len(kept)]
    assert len(kept) >= sum(len(framed(items[: count + 1])) <= lost for count in range(len(items)))


def test_frames_cannot_change_places():
    one, check = frames.frame(frames.START, b"one")
    two, _ = frames.frame(check, b"two")
    with pytest.raises(Corrupt):
        payloads(two + one)


def test_a_file_with_a_frame_taken_out_is_refused():
    one, check = frames.frame(frames.START, b"one")
    _, check = frames.frame(check, b"two")
    three, _ = frames.frame(check, b"three")
    with pytest.raises(Corrupt):
        payloads(one + three)


def test_the_torn_end_of_a_dead_writer_is_cut_off(logs):
    path = written(logs)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    [piece] = logs.pieces("x")
    assert [held.ids for held in piece.batches] == [batch(0).ids, batch(1).ids]
    assert payloads(path.read_bytes()) == payloads(whole)[:-1]
    assert len(path.read_bytes()) < len(whole) - 5


def test_an_altered_log_is_neither_read_nor_searched(logs):
    path = written(logs)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Corrupt, match="altered"):
        logs.pieces("x")
    with pytest.raises(Corrupt, match="altered"):
        logs.find(batch(99).ids[0])


def test_an_id_altered_away_is_not_reported_as_never_given(logs):
    path = written(logs)
    wanted = batch(1).ids[0]
    content = path.read_bytes().replace(bytes.fromhex(wanted), bytes(16))
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        logs.find(wanted)


def test_a_large_log_goes_on_in_another_file(logs):
    writer = FileUsageWriter(logs._root / "x", FixedClock(), piece_bytes=600)
    for number in range(20):
        writer.append(batch(number))
    pieces = logs.pieces("x")
    assert len(pieces) > 3
    assert [one for piece in pieces for held in piece.batches for one in held.ids] == [
        one for number in range(20) for one in batch(number).ids
    ]
    assert logs.find(batch(11).ids[2]).features == {"distance": 11004.0, "wind": 11005.0}


def test_a_full_disk_leaves_no_half_record_and_the_log_goes_on(logs):
    writer = logs.writer("x")
    writer.append(batch(0))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
    try:
        with pytest.raises(Unavailable, match="not written"):
            writer.append(batch(1, rows=200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    writer.append(batch(2))
    [piece] = logs.pieces("x")
    assert [held.ids for held in piece.batches] == [batch(0).ids, batch(2).ids]


def test_what_was_appended_survives_the_death_of_the_process(logs):
    child = os.fork()
    if child == 0:
        logs.writer("x").append(batch(1))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    [piece] = logs.pieces("x")
    assert (piece.complete, [held.ids for held in piece.batches]) == (True, [batch(1).ids])
