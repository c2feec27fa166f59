"""What was seen of folders, compared with what was known."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.digest import digest_bytes
from remint.core.manifest import rows_of
from remint.core.worktree import Folder, Known, Refused, in_order, is_as_known, known_of, look, packed, settled, shown, some

A, B = digest_bytes(b"a"), digest_bytes(b"b")
letters = st.sampled_from(["a", "b", "a.b", "a-", "b0", "é"])
sets = st.sets(st.lists(letters, min_size=1, max_size=4).map("/".join), max_size=12).filter(
    lambda held: not any(f"{one}/" == other[: len(one) + 1] for one in held for other in held)
)


def seen(**files):
    """Return a folder with the stats of its files."""
    return Folder("", "\0".join(sorted(files)), packed(number for name in sorted(files) for number in files[name]))


def known(**files):
    folder = seen(**files)
    return Known(folder.path, folder.names, folder.stats, A.raw * len(files))


def test_an_untouched_folder_is_as_known():
    assert is_as_known(seen(a=(1, 2, 3, 4), b=(1, 2, 3, 5)), known(a=(1, 2, 3, 4), b=(1, 2, 3, 5)))


@pytest.mark.parametrize(
    "stat", [(9, 2, 3, 4), (1, 9, 3, 4), (1, 2, 9, 4), (1, 2, 3, 9)], ids=["size", "mtime", "ctime", "inode"]
)
def test_a_file_touched_in_any_way_is_read_again(stat):
    found = look(seen(a=stat, b=(1, 1, 1, 1)), known(a=(1, 2, 3, 4), b=(1, 1, 1, 1)))
    assert (found.before, found.digests) == ({0: A.raw}, [b"", A.raw])


def test_only_another_size_says_that_the_content_is_another():
    found = look(seen(a=(9, 2, 3, 4), b=(1, 9, 9, 9)), known(a=(1, 2, 3, 4), b=(1, 2, 3, 4)))
    assert (sorted(found.before), found.resized) == ([0, 1], {0})


def test_a_new_file_is_read_and_a_removed_one_named():
    found = look(seen(b=(1, 2, 3, 4)), known(a=(1, 2, 3, 4)))
    assert (found.before, found.removed) == ({0: None}, ["a"])


def test_every_file_of_an_unknown_folder_is_read():
    assert look(seen(a=(1, 2, 3, 4)), None).before == {0: None}


def test_a_file_known_with_inode_0_is_always_read():
    stats = settled(packed([1, 50, 60, 7]), before_ns=60)
    assert look(seen(a=(1, 50, 60, 7)), Known("", "a", stats, A.raw)).before == {0: A.raw}


@pytest.mark.parametrize(("mtime", "ctime", "inode"), [(59, 59, 7), (60, 59, 0), (59, 60, 0), (10**18, 59, 0)])
def test_a_file_changed_after_the_moment_does_not_settle(mtime, ctime, inode):
    stats = settled(packed([1, mtime, ctime, 7, 1, 2, 3, 8]), before_ns=60)
    assert list(array("q", stats)) == [1, mtime, ctime, inode, 1, 2, 3, 8]


def test_an_inode_number_with_the_highest_bit_is_kept():
    assert packed([1, -5, 3, 2**64 - 1]) == array("q", [1, -5, 3, -1]).tobytes()


@given(sets)
def test_files_of_folders_come_in_order_of_their_paths(held):
    rows = rows_of((path, A, 1) for path in held)
    folders = known_of([rows])
    again = [path for chunk in in_order(folders[path] for path in sorted(folders)) for path in chunk.paths]
    assert again == list(rows.paths)


@given(sets)
def test_what_is_known_of_a_manifest_has_its_sizes_and_digests(held):
    rows = rows_of((path, A if number % 2 else B, number) for number, path in enumerate(sorted(held)))
    folders = known_of([rows])
    again = [row for chunk in in_order(folders[path] for path in sorted(folders)) for row in chunk.each()]
    assert again == list(rows.each())


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("plain é 漢", "plain é 漢"),
        ("two\nlines", "two\\nlines"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\udcff", "\\xff"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_a_name_is_printed_on_one_line_in_one_direction(name, printed):
    assert shown(name) == printed


def test_at_most_five_of_what_was_refused_are_named():
    assert some([Refused(f"p{number}", "a pipe") for number in range(8)]).endswith("p4 (a pipe), and 3 more")
    assert some([Refused("p", "a pipe")]) == "p (a pipe)"
