"""Ids sort by time, tell it back, and are checked when they come in."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.ids import made_at_us, parse_id, uuid7
from remint.errors import InvalidName

times_us = st.integers(0, (1 << 48) * 1000 - 1)
entropies = st.binary(min_size=8, max_size=16)


@given(times_us, entropies)
def test_an_id_is_a_uuid_of_version_7(at_us, entropy):
    parsed = uuid.UUID(uuid7(at_us, entropy))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


@given(times_us, entropies)
def test_an_id_tells_its_time_to_the_microsecond(at_us, entropy):
    assert made_at_us(uuid7(at_us, entropy)) == at_us


@given(times_us, times_us, entropies, entropies)
def test_ids_sort_by_the_time_they_were_made(one_us, other_us, one, other):
    earlier, later = sorted([one_us, other_us])
    assert uuid7(earlier, one) < uuid7(later, other) or earlier == later


@given(times_us, entropies, entropies)
def test_ids_of_one_moment_differ_by_their_entropy(at_us, one, other):
    same_tail = one[:8].hex()[1:] == other[:8].hex()[1:] and (one[0] ^ other[0]) & 0x3F == 0
    assert (uuid7(at_us, one) == uuid7(at_us, other)) == same_tail


def test_the_example_of_the_rfc_comes_out():
    # RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC and rand_b 0x18C4DC0C0C07398F; its rand_a is random, ours is 797 us.
    made = uuid7(1_645_557_742_000_000 + 797, (0x18C4DC0C0C07398F).to_bytes(8, "big"))
    assert made == "017f22e279b07cc098c4dc0c0c07398f"


@pytest.mark.parametrize(("at_us", "size"), [(0, 7), (-1, 8), ((1 << 48) * 1000, 8)])
def test_an_id_is_not_made_of_too_little_entropy_or_an_impossible_time(at_us, size):
    with pytest.raises(ValueError, match="an id needs"):
        uuid7(at_us, bytes(size))


@given(times_us, entropies)
def test_an_id_is_read_with_dashes_and_capitals(at_us, entropy):
    made = uuid7(at_us, entropy)
    assert parse_id(str(uuid.UUID(made)).upper()) == made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "018bcfe568007000800000000000000",
        "018bcfe56800700080000000000000000",
        "018bcfe5680040008000000000000000",
        "018bcfe568007000c000000000000000",
        "018bcfe568007000800000000000000g",
        "018bcfe56800700080000000000000٠0",
        "018bcfe5680070008000000000000000\n",
    ],
)
def test_a_text_that_is_no_uuid7_is_refused(text):
    with pytest.raises(InvalidName, match="is not an id"):
        parse_id(text)
