"""A pull onto a disk that is full keeps nothing by halves, and goes on once there is room."""

import random
import shutil
import subprocess

import pytest

from remint.core.remote import Place
from remint.errors import RefNotFound, Unavailable
from tests.integration.remotes.conftest import Side

FILES = {f"{number % 7}/{number}": random.Random(number).randbytes(40_000) for number in range(150)}


def mount(*arguments):
    return subprocess.run(["mount", *arguments], check=False, capture_output=True, text=True).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """A disk of three mebibytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not (shutil.which("mount") and mount("-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder))):
        pytest.skip("never: this machine lets nobody mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("large", [False, True])
def test_a_pull_onto_a_full_disk_moves_nothing_and_goes_on_when_there_is_room(disk, tmp_path, large):
    files = {"one": b"".join(FILES.values())} if large else FILES
    place = Place("team", "file", str(tmp_path / "remote"), {})
    giver = Side(tmp_path / "giver", place)
    digest = giver.add("data/set", files).digest
    giver.push("data/set")
    giver.app.close()
    taker = Side(disk / "taker", place)
    with pytest.raises(Unavailable) as refused:
        taker.pull("data/set")
    assert "disk" in refused.value.why
    with pytest.raises(RefNotFound):
        taker.at("data/set")
    assert not list((taker.root / ".remint" / "store" / "incoming").glob("*"))
    assert mount("-o", "remount,size=64m", str(disk))
    assert taker.pull("data/set").artifacts[0].moved
    assert (taker.at("data/set"), taker.files("data/set")) == (digest, files)
    taker.app.close()
