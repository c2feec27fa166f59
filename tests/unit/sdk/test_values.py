"""Sets of files as steps see them."""

import pytest

from remint.errors import NotFound
from remint.sdk.values import Files


@pytest.fixture
def below(tmp_path):
    (tmp_path / "in" / "d").mkdir(parents=True)
    (tmp_path / "in" / "b").write_text("one")
    (tmp_path / "in" / "d" / "a").write_text("two")
    (tmp_path / "secret").write_text("no")
    return Files.below(tmp_path / "in")


def test_a_folder_gives_its_files_by_path(below, tmp_path):
    assert below.names == ["b", "d/a"]
    assert (below.read("d/a"), below.folder) == (b"two", tmp_path / "in")


@pytest.mark.parametrize("name", ["missing", "d", "../secret", "/etc/passwd", "d/../b"])
def test_only_the_files_of_the_set_have_a_path(below, name):
    with pytest.raises(NotFound, match="there is no file"):
        below.path(name)


def test_the_only_file_needs_no_name(tmp_path):
    (tmp_path / "one").write_text("1")
    assert Files.below(tmp_path).read() == b"1"
    assert Files({"x": tmp_path / "one"}).read() == b"1"


def test_of_several_files_one_must_be_named(below):
    with pytest.raises(NotFound, match="unnamed"):
        below.path()


def test_files_put_together_one_by_one_have_no_folder(tmp_path):
    with pytest.raises(NotFound, match="has no folder"):
        _ = Files({"x": tmp_path}).folder
