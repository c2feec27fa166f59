"""Files of checkpoints: appended to a line at a time, read whole or at the end."""

import pytest

from remint.adapters.checkpoints.files import CheckpointFiles
from remint.errors import Unavailable


@pytest.fixture
def files(tmp_path):
    return CheckpointFiles(tmp_path, ["kept"])


def test_lines_come_back_in_order(files):
    files.append("kept", b"one\n")
    files.append("kept", b"two\n")
    assert files.lines("kept") == [b"one", b"two"]


def test_a_place_that_was_never_written_has_none(files):
    assert files.lines("kept") == ()


@pytest.mark.parametrize("length", [1, 99, 511, 4096])
def test_the_last_lines_of_a_long_file_are_whole(files, tmp_path, length):
    lines = [b"%08d" % number + b"x" * length for number in range(200_000 // length)]
    (tmp_path / "kept").write_bytes(b"".join(line + b"\n" for line in lines))
    last = files.lines("kept", only_last=True)
    assert len(last) < len(lines)
    assert last == lines[-len(last) :]


def test_of_a_short_file_the_last_lines_are_all(files):
    files.append("kept", b"one\n")
    assert files.lines("kept", only_last=True) == [b"one"]


def test_a_line_cut_off_by_a_crash_is_left_out_and_spoils_not_the_next(files, tmp_path):
    (tmp_path / "kept").write_bytes(b"one\ntw")
    assert files.lines("kept") == [b"one"]
    files.append("kept", b"three\n")
    assert files.lines("kept") == [b"one", b"tw", b"three"]


def test_a_place_that_cannot_be_reached_is_told(files, tmp_path):
    (tmp_path / "kept").mkdir()
    with pytest.raises(Unavailable):
        files.append("kept", b"one\n")
    with pytest.raises(Unavailable):
        files.lines("kept")
