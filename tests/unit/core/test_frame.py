"""Frames: blobs one after another, taken apart in whatever pieces the stream arrives."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.digest import digest_bytes
from remint.core.frame import MOST_BYTES, Frame, Frames
from remint.errors import Invalid

HEADER = struct.Struct(">32sQB")
BLOBS = st.lists(st.tuples(st.binary(max_size=90), st.booleans()), max_size=5)


def frame_of(content, *, whole=False):
    return Frame(digest_bytes(content), len(content), whole)


def stream_of(blobs):
    return b"".join(frame_of(content, whole=whole).header() + content for content, whole in blobs)


def cut(stream, ends):
    """Return a stream in pieces that end there; some may be empty."""
    places = [0, *sorted(ends), len(stream)]
    return [stream[start:end] for start, end in pairwise(places)]


def taken(pieces):
    """Feed pieces; return each whole blob with its frame, what came of one that is not whole, and whether it could end."""
    frames, found, held = Frames(), [], b""
    for piece in pieces:
        for one in frames.feed(piece):
            held += one.content
            if one.is_last:
                found.append((one.frame, held))
                held = b""
    return found, held, frames.is_between


def ends_of(blobs):
    """Return the places in the stream of some blobs at which it could end."""
    return [len(stream_of(blobs[:count])) for count in range(len(blobs) + 1)]


@given(BLOBS, st.data())
def test_a_stream_gives_the_same_blobs_however_it_is_cut(blobs, data):
    stream = stream_of(blobs)
    ends = data.draw(st.lists(st.integers(0, len(stream))))
    assert taken(cut(stream, ends)) == ([(frame_of(content, whole=whole), content) for content, whole in blobs], b"", True)


@pytest.mark.parametrize("size", [1, 2, 7, 40, 41, 42, 1000])
def test_a_stream_in_equal_pieces_gives_the_same_blobs(size):
    blobs = [(b"", False), (b"one", True), (b"x" * 100, False), (b"", True)]
    pieces = cut(stream_of(blobs), range(size, len(stream_of(blobs)), size))
    assert [content for _, content in taken(pieces)[0]] == [content for content, _ in blobs]


@given(BLOBS, st.data())
def test_a_stream_that_breaks_off_gives_the_blobs_that_were_whole(blobs, data):
    end = data.draw(st.integers(0, len(stream_of(blobs))))
    found, _, is_between = taken([stream_of(blobs)[:end]])
    whole = [place for place in ends_of(blobs)[1:] if place <= end]
    assert [content for _, content in found] == [content for content, _ in blobs[: len(whole)]]
    assert is_between == (end in ends_of(blobs))


def test_an_empty_blob_is_one_piece_that_is_its_last():
    frames = Frames()
    pieces = list(frames.feed(frame_of(b"").header()))
    assert [(one.frame, one.content, one.is_last) for one in pieces] == [(frame_of(b""), b"", True)]


def test_the_bytes_of_a_blob_are_given_as_they_arrive():
    assert taken([frame_of(b"abcdef").header() + b"abc"]) == ([], b"abc", False)


@pytest.mark.parametrize(("fed", "expected"), [(0, True), (1, False), (40, False), (41, False), (43, False), (44, True)])
def test_a_stream_could_end_before_a_header_and_after_the_last_byte_of_a_blob(fed, expected):
    assert taken([stream_of([(b"abc", False)])[:fed]])[2] is expected


def test_a_header_is_as_the_format_says():
    digest = digest_bytes(b"abc")
    assert Frame(digest, 3, whole=True).header() == digest.raw + bytes([0, 0, 0, 0, 0, 0, 0, 3, 1])
    assert Frame(digest, 3).header() == digest.raw + bytes([0, 0, 0, 0, 0, 0, 0, 3, 0])


@pytest.mark.parametrize("split", [0, 1, 40])
@pytest.mark.parametrize(("size_bytes", "flag"), [(MOST_BYTES + 1, 0), (2**64 - 1, 1), (3, 2), (3, 255)])
def test_a_header_that_is_none_is_refused(size_bytes, flag, split):
    header = HEADER.pack(bytes(32), size_bytes, flag)
    with pytest.raises(Invalid) as refused:
        taken([header[:split], header[split:]])
    assert refused.value.facts["rule"] == "frames"


def test_a_blob_of_the_largest_size_is_taken():
    assert taken([HEADER.pack(bytes(32), MOST_BYTES, 1) + b"ab"]) == ([], b"ab", False)


def test_the_blobs_before_a_broken_header_are_given_first():
    given_first = Frames().feed(stream_of([(b"one", False), (b"", False)]) + HEADER.pack(bytes(32), 3, 2))
    assert [next(given_first).content, next(given_first).content] == [b"one", b""]
    with pytest.raises(Invalid):
        next(given_first)
