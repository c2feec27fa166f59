"""Manifests: segments, the digest over them, and differences."""

import zlib
from array import array
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.artifact import Part
from remint.core.digest import Digest, digest_bytes
from remint.core.manifest import MOST_ROWS, Rows, Segment, cut, decode, difference, encode, manifest_digest, read, rows_of
from remint.errors import Corrupt, Invalid, InvalidName
from tests.vectors.records import reference
from tests.vectors.records.frozen import cases

A, B, C = digest_bytes(b"a"), digest_bytes(b"b"), digest_bytes(b"c")
SETS = [case for case in cases("files") if case["kind"] == "files"]
BORDER = "b/2867.txt"
words = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=4).filter(
    lambda w: w not in {".", ".."}
)
paths = st.lists(words, min_size=1, max_size=3).map("/".join)
sets = st.dictionaries(
    st.one_of(paths, st.just(BORDER)), st.tuples(st.sampled_from([A, B, C]), st.integers(1, 2**63 - 1)), max_size=8
).filter(lambda held: not any(f"{one}/" == other[: len(one) + 1] for one in held for other in held))


def rows(held):
    return rows_of((path, digest, size) for path, (digest, size) in held.items())


def stored(*given_rows):
    """Return the parts of a manifest, and its segments by blob."""
    made = [(encode(one), one) for one in cut(given_rows)]
    parts = [Part(one.paths[0], digest_bytes(content), one.size_bytes) for content, one in made]
    return parts, {digest_bytes(content): content for content, _ in made}


def digest_of(given_rows):
    return manifest_digest(Segment(digest_bytes(encode(one)), len(one), one.size_bytes) for one in cut([given_rows]))


def without_border(count):
    names = (f"n{number:08}" for number in range(2 * count))
    return list(islice((name for name in names if zlib.crc32(name.encode()) & 0xFFF), count))


def numbered(names):
    return Rows(names, A.raw * len(names), array("Q", [1] * len(names)))


def compared(old, new):
    left, right = stored(rows(old)), stored(rows(new))
    held = {**left[1], **right[1]}
    return difference(left[0], right[0], lambda part: decode(held[part.blob]))


@pytest.mark.parametrize("case", SETS, ids=range(len(SETS)))
def test_a_set_of_files_is_frozen(case):
    segments = [encode(one) for one in cut([rows_of((path, Digest(blob), size) for path, blob, size in case["parts"])])]
    assert [content.hex() for content in segments] == case["segments"]
    assert [content.hex() for content, _, _ in reference.segments(case["parts"])] == case["segments"]


@pytest.mark.parametrize("case", SETS, ids=range(len(SETS)))
def test_the_digest_of_a_set_of_files_is_frozen(case):
    made = digest_of(rows_of((path, Digest(blob), size) for path, blob, size in case["parts"]))
    assert made == reference.manifest(case["parts"]) == case["digest"]


@given(sets)
def test_both_implementations_make_the_same_segments(held):
    parts = [(path, digest, size) for path, (digest, size) in held.items()]
    assert [encode(one) for one in cut([rows(held)])] == [content for content, _, _ in reference.segments(parts)]


@given(sets)
def test_what_was_written_is_read(held):
    again = list(read(encode(one) for one in cut([rows(held)])))
    assert {path: (digest, size) for one in again for path, digest, size in one.each()} == held


@given(sets, st.integers(1, 8))
def test_the_size_of_chunks_leaves_no_trace(held, size):
    whole = rows(held)
    chunks = [whole.part(start, start + size) for start in range(0, len(whole), size)]
    assert list(cut(chunks)) == list(cut([whole]))


@given(sets, sets)
def test_two_sets_share_a_digest_only_if_they_are_equal(one, other):
    assert (digest_of(rows(one)) == digest_of(rows(other))) == (one == other)


def test_a_segment_ends_after_a_path_that_is_a_border():
    made = list(cut([rows({"b/2868.txt": (A, 1), BORDER: (A, 1), "b/1.txt": (B, 1)})]))
    assert [list(one.paths) for one in made] == [["b/1.txt", BORDER], ["b/2868.txt"]]


def test_a_segment_ends_at_the_most_rows_it_may_hold():
    names = without_border(MOST_ROWS + 3)
    parts = [(name, A, 1) for name in names]
    made = [encode(one) for one in cut([numbered(names[:1000]), numbered(names[1000:])])]
    assert [len(decode(content)) for content in made] == [MOST_ROWS, 3]
    assert made == [content for content, _, _ in reference.segments(parts)]


def test_a_full_segment_that_ends_at_a_border_is_followed_by_the_next():
    border = next(f"o{n}" for n in range(10**6) if not zlib.crc32(f"o{n}".encode()) & 0xFFF)
    whole = [*without_border(MOST_ROWS - 1), border, "p"]
    assert [len(one) for one in read(encode(one) for one in cut([numbered(whole)]))] == [MOST_ROWS, 1]


def test_one_changed_file_rewrites_one_segment():
    names = [f"d{number // 100:04}/f{number:06}" for number in range(40_000)]
    changed = numbered(names)
    changed = Rows(names, changed.digests[: 32 * 20_000] + B.raw + changed.digests[32 * 20_001 :], changed.sizes)
    before, after = ({encode(one) for one in cut([given_rows])} for given_rows in (numbered(names), changed))
    assert len(before) > 5
    assert (len(before - after), len(after - before)) == (1, 1)


def test_one_added_file_rewrites_one_segment():
    names = [f"d{number // 100:04}/f{number:06}" for number in range(40_000)]
    more = sorted([*names, "d0200/f020000b"])
    before, after = ({encode(one) for one in cut([numbered(given_names)])} for given_names in (names, more))
    assert (len(before - after), len(after - before)) == (1, 1)


@pytest.mark.parametrize("bad", ["/a", "a//b", "a/", "../a", "a/..", ".", "./a", "a/./b"])
def test_a_path_that_leads_elsewhere_is_refused_both_ways(bad):
    with pytest.raises(InvalidName):
        rows_of([(bad, A, 1)])
    with pytest.raises(Corrupt, match="cannot be read"):
        decode(encode(Rows(sorted([bad, "zz"]), A.raw * 2, array("Q", [1, 1]))))


@pytest.mark.parametrize("names", [["a", "a"], ["a", "a/b"], ["a", "a.txt", "a/b"]])
def test_a_set_holds_a_path_once_and_not_as_file_and_folder(names):
    with pytest.raises(Invalid, match="cannot be a file of this set"):
        rows_of((name, A, 1) for name in names)


def test_a_name_that_is_not_unicode_is_refused():
    with pytest.raises(Invalid, match="not UTF-8"):
        rows_of([("\udcff", A, 1)])


def test_rows_out_of_order_are_never_written():
    with pytest.raises(ValueError, match="do not ascend"):
        list(cut([numbered(["b"]), numbered(["a"])]))


WHOLE = encode(rows({"a": (A, 1), "b": (B, 2)}))
DAMAGED = {
    "empty": b"",
    "another kind of bytes": b"PAR1" + WHOLE[4:],
    "another format": WHOLE[:8] + b"\3" + WHOLE[9:],
    "no rows": WHOLE[:12] + bytes(4),
    "too many rows": WHOLE[:12] + b"\xff\xff\xff\xff" + WHOLE[16:],
    "one row fewer": WHOLE[:12] + b"\1" + WHOLE[13:],
    "a byte missing": WHOLE[:-1],
    "not UTF-8": WHOLE[:16] + b"\xff" + WHOLE[17:],
    "out of order": WHOLE[:16] + b"b\0a" + WHOLE[19:],
    "a path twice": WHOLE[:16] + b"a\0a" + WHOLE[19:],
    "an empty path": WHOLE[:16] + b"\0aa" + WHOLE[19:],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_bytes_that_are_no_segment_are_refused(content):
    with pytest.raises(Corrupt, match="a manifest cannot be read"):
        decode(content)


def test_a_segment_that_should_have_ended_earlier_is_refused():
    with pytest.raises(Corrupt, match="ended earlier"):
        decode(encode(numbered([BORDER, "c"])))


@pytest.mark.parametrize("order", [["b", "a"], ["a", "a"], ["a", "b"]])
def test_segments_that_do_not_continue_each_other_are_refused(order):
    with pytest.raises(Corrupt, match="does not continue"):
        list(read(encode(numbered([name])) for name in order))


@given(sets, sets)
def test_a_difference_turns_the_older_set_into_the_newer_one(old, new):
    found = compared(old, new)
    made = {path: held for path, held in old.items() if path not in {gone for gone, _, _ in found.removed}}
    for before, after in found.renamed:
        made[after] = (made.pop(before)[0], new[after][1])
    made |= {path: (next(d for d in (A, B, C) if d.raw == raw), size) for path, raw, size in found.added}
    made |= {path: new[path] for path in found.changed}
    assert {path: digest for path, (digest, _) in made.items()} == {path: digest for path, (digest, _) in new.items()}


def test_a_file_under_another_name_is_renamed_and_not_removed_and_added():
    found = compared({"old": (A, 1), "kept": (B, 1)}, {"new": (A, 1), "kept": (B, 1)})
    assert (found.renamed, found.added, found.removed, found.changed) == ([("old", "new")], [], [], [])


def test_empty_files_are_not_renamed():
    empty = digest_bytes(b"")
    found = compared({"old": (empty, 0)}, {"new": (empty, 0)})
    assert (found.renamed, [path for path, _, _ in found.added]) == ([], ["new"])


def test_segments_that_both_have_are_not_read():
    names = [f"d{number // 100:04}/f{number:06}" for number in range(40_000)]
    old, new = stored(numbered(names)), stored(numbered([*names, "z"]))
    read_blobs = []

    def load(part):
        read_blobs.append(part.blob)
        return decode({**old[1], **new[1]}[part.blob])

    found = difference(old[0], new[0], load)
    assert [path for path, _, _ in found.added] == ["z"]
    assert len(read_blobs) <= 2 < len(old[0])


def test_the_first_difference_is_the_first_path():
    assert compared({"a": (A, 1), "b": (A, 1)}, {"a": (A, 1), "b": (B, 1)}).first() == "b"


def test_equal_sets_do_not_differ():
    assert not compared({"a": (A, 1)}, {"a": (A, 1)})
