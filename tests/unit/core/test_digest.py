"""Digests of files and of records."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.digest import Digest, FileHasher, digest_bytes, digest_file, digest_record, from_raw
from remint.errors import InvalidDigest
from tests.vectors.records import reference
from tests.vectors.records.frozen import cases

by_case = pytest.mark.parametrize("case", cases("digests"), ids=range(len(cases("digests"))))


@by_case
def test_the_digest_of_a_file_is_frozen(case):
    content = bytes.fromhex(case["content"])
    assert digest_bytes(content) == reference.file_digest(content) == case["file"]


@by_case
def test_the_digest_of_a_record_is_frozen(case):
    content = bytes.fromhex(case["content"])
    assert digest_record(case["kind"], [content]) == reference.record(case["kind"], content) == case["record"]


def test_the_digest_of_nothing_is_that_of_every_blake3_tool():
    assert digest_bytes(b"") == "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_a_file_in_pieces_has_the_digest_of_the_whole(pieces):
    hasher = FileHasher()
    for piece in pieces:
        hasher.update(piece)
    whole = b"".join(pieces)
    assert (hasher.digest(), hasher.size_bytes) == (digest_bytes(whole), len(whole))


@pytest.mark.parametrize("content", [b"", b"x", bytes(200_000)], ids=len)
def test_a_file_on_disk_has_the_digest_of_its_bytes(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert digest_file(path) == digest_bytes(content)


@given(st.text(max_size=5), st.binary(max_size=50), st.text(max_size=5), st.binary(max_size=50))
def test_records_of_two_kinds_never_share_a_digest(kind, content, other_kind, other):
    same = (kind, content) == (other_kind, other)
    assert (digest_record(kind, [content]) == digest_record(other_kind, [other])) == same


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_reads_back_from_its_text_and_its_bytes(raw):
    digest = from_raw(raw)
    assert Digest.parse(str(digest)) == digest
    assert digest.raw == raw
    assert (digest.hex, digest.short) == (raw.hex(), "b3:" + raw.hex()[:12])


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text + "\n", lambda text: text[:-1], lambda text: text[3:], lambda _: ""]
)
def test_a_text_that_is_no_digest_is_refused(change):
    with pytest.raises(InvalidDigest, match="is not a digest"):
        Digest.parse(change(str(digest_bytes(b"a"))))


def test_a_digest_survives_a_process_boundary():
    digest = digest_bytes(b"a")
    assert type(pickle.loads(pickle.dumps(digest))) is Digest
