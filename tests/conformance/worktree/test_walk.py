"""Walking through real folders (ports.worktree.Folders)."""

import os
import socket
import subprocess
import sys
import tempfile
from array import array
from pathlib import Path

import pytest

from remint.adapters.worktree.walk import DiskFolders
from remint.core.digest import digest_bytes
from remint.core.worktree import Known, in_order
from remint.errors import Conflict, Invalid, NotFound

ROOT = Path(__file__).parents[3]
folders = DiskFolders()


def make(root, *names):
    for name in names:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name)


def walked(root):
    walk = folders.walk(root)
    return walk, list(walk)


def paths(found):
    return [folder.path + name for folder in found for name in folder.files()]


def refusals(root):
    return {one.path: one.why for one in walked(root)[0].refused}


def test_every_file_is_found_with_its_stat(tmp_path):
    make(tmp_path, "b", "a", "d/e/f")
    found = walked(tmp_path)[1]
    stat = (tmp_path / "a").stat()
    assert sorted(paths(found)) == ["a", "b", "d/e/f"]
    assert list(array("q", found[0].stats))[:4] == [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def test_folders_come_in_an_order_that_gives_the_paths_in_order(tmp_path):
    names = ["a.b/x", "a/x", "a0/x", "a-/x", "a/b/c", "a!", "b", "a/b.c", "é/x", "a/a"]
    make(tmp_path, *names)
    held = [Known(one.path, one.names, one.stats, bytes(len(one.stats))) for one in walked(tmp_path)[1]]
    assert [path for chunk in in_order(held) for path in chunk.paths] == sorted(names)


def test_a_walk_over_a_file_finds_that_file(tmp_path):
    make(tmp_path, "one", "other")
    walk, found = walked(tmp_path / "one")
    assert (paths(found), walk.root) == (["one"], f"{tmp_path}/")


def test_a_walk_looks_again_each_time(tmp_path):
    walk = folders.walk(tmp_path)
    assert paths(walk) == []
    make(tmp_path, "new")
    assert paths(walk) == ["new"]


def test_a_link_to_a_file_stands_for_the_file(tmp_path):
    make(tmp_path, "in/a", "out")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    walk, found = walked(tmp_path / "in")
    assert (paths(found), walk.refused) == (["a", "link"], [])
    assert array("q", found[0].stats)[7] == (tmp_path / "out").stat().st_ino


def test_the_folder_itself_may_be_a_link(tmp_path):
    make(tmp_path, "real/a")
    (tmp_path / "link").symlink_to("real")
    assert paths(walked(tmp_path / "link")[1]) == ["a"]


def test_links_that_do_not_lead_to_a_file_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to("folder")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "loop").symlink_to("loop")
    assert refusals(tmp_path) == {
        "to-folder": "a link to a folder",
        "up": "a link to a folder",
        "nowhere": "a link that leads nowhere",
        "loop": "a link that leads to itself",
    }


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket"))
        assert refusals(tmp_path) == {"pipe": "a pipe", "null": "a link to a device", "socket": "a socket"}


def test_names_that_are_not_utf8_are_refused(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/folder\xff")).mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/file\xfe")).touch()
    assert refusals(tmp_path) == {"folder\udcff": "its name is not UTF-8", "file\udcfe": "its name is not UTF-8"}


def test_names_that_only_look_odd_are_kept(tmp_path):
    names = ["a\nb", "\u202ertl", "-rf", "a\\b", " ", "...", "漢"]
    make(tmp_path, *names)
    assert (sorted(paths(walked(tmp_path)[1])), refusals(tmp_path)) == (sorted(names), {})


def test_git_and_remints_own_folders_are_left_out_and_said(tmp_path):
    make(tmp_path, "a", ".git/config", "sub/.git/config", ".remint/keys/ana", ".gitignore")
    walk, found = walked(tmp_path)
    assert sorted(paths(found)) == [".gitignore", "a"]
    assert walk.left_out == [".git", ".remint", "sub/.git"]


def test_what_a_stopped_checkout_left_is_refused(tmp_path):
    make(tmp_path, ".remint-checkout/a")
    assert refusals(tmp_path) == {".remint-checkout": "what a stopped checkout left"}


def test_a_path_too_long_for_the_system_is_refused(tmp_path):
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(25):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
        Path("deep").touch()
    finally:
        os.chdir(before)
    found = refusals(tmp_path)
    assert set(found.values()) == {"its path is too long for this system"}


def test_a_file_whose_path_is_just_too_long_is_refused_before_anything_is_read(tmp_path):
    before, folder, left = Path.cwd(), tmp_path, 4085 - len(str(tmp_path))
    os.chdir(tmp_path)
    try:
        while left > 1:
            name = "d" * min(200, left - 1)
            left -= len(name) + 1
            Path(name).mkdir()
            os.chdir(name)
        Path("n" * 50).touch()
    finally:
        os.chdir(before)
    walk, found = walked(folder)
    assert walk.refused == []
    assert [one.why for one in folders.unreadable(walk.root, paths(found))] == ["its path is too long for this system"]


UNREADABLE = """
import os, sys
from pathlib import Path
from remint.adapters.worktree.walk import DiskFolders
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
walk = DiskFolders().walk(Path(sys.argv[1]))
found = [folder.path + name for folder in walk for name in folder.files()]
print([one.path for one in walk.refused], [one.path for one in DiskFolders().unreadable(walk.root, found)])
print(DiskFolders().digest(walk.root + "secret").why)
"""


def test_what_this_process_may_not_read_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        make(root, "open", "secret", "closed/a")
        (root / "secret").chmod(0)
        (root / "closed").chmod(0)
        command, environment = [sys.executable, "-c", UNREADABLE, folder], {"PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        (root / "closed").chmod(0o755)
    assert done.stdout.splitlines() == ["['closed/'] ['secret']", "it may not be read"], done.stderr


def test_nothing_there_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="missing was not read"):
        folders.walk(tmp_path / "missing")


def test_a_pipe_is_no_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="it is a pipe"):
        folders.walk(tmp_path / "pipe")


def test_a_folder_removed_while_it_is_walked_is_a_conflict(tmp_path):
    make(tmp_path, "a", "b/c")
    walk = iter(folders.walk(tmp_path))
    next(walk)
    (tmp_path / "b" / "c").unlink()
    (tmp_path / "b").rmdir()
    with pytest.raises(Conflict, match="removed while it was being read"):
        next(walk)


def test_a_file_is_hashed_as_it_is(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 3_000_000)
    assert folders.digest(str(tmp_path / "large")) == digest_bytes(b"x" * 3_000_000).raw
    assert folders.digest(str(tmp_path / "missing")).why == "No such file or directory"
