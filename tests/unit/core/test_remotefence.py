"""The records of pushes and collections in a remote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.ids import PrincipalId
from remint.core.remotefence import (
    DEAD_US,
    FenceState,
    Pushing,
    Sweeper,
    decode_fence,
    decode_pushing,
    encode_fence,
    encode_pushing,
    is_pushing,
    pushing_name,
)
from remint.errors import Corrupt

COUNTS = st.integers(min_value=0, max_value=2**53)
NAME = pushing_name("0" * 32)


@given(COUNTS, st.none() | st.builds(Sweeper, st.just(PrincipalId("ana")), COUNTS))
def test_what_a_fence_says_can_be_read_again(epoch, sweeper):
    state = FenceState(epoch, sweeper)
    assert decode_fence(encode_fence(state)) == state


@given(COUNTS)
def test_what_a_push_says_can_be_read_again(at_us):
    push = Pushing(PrincipalId("ana"), at_us)
    assert decode_pushing(NAME, encode_pushing(push)) == push


def test_the_records_are_the_documented_ones():
    held = FenceState(3, Sweeper(PrincipalId("ana"), 5))
    assert encode_fence(held) == b'{"epoch":3,"sweeper":{"by":"ana","until_us":5},"v":1}'
    assert encode_fence(FenceState()) == b'{"epoch":0,"sweeper":null,"v":1}'
    assert encode_pushing(Pushing(PrincipalId("ana"), 5)) == b'{"at_us":5,"by":"ana","v":1}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"epoch":3,"sweeper":null,"v":2}',
        b'{"epoch":3,"v":1}',
        b'{"epoch":true,"sweeper":null,"v":1}',
        b'{"epoch":-1,"sweeper":null,"v":1}',
        b'{"v":1,"epoch":3,"sweeper":null}',
        b'{"epoch":3,"more":1,"sweeper":null,"v":1}',
        b'{"epoch":3,"sweeper":[],"v":1}',
        b'{"epoch":3,"sweeper":{"by":7,"until_us":5},"v":1}',
        b'{"epoch":3,"sweeper":{"by":"ana","more":1,"until_us":5},"v":1}',
    ],
)
def test_what_is_no_such_record_is_refused(content):
    with pytest.raises(Corrupt, match=r"fence\.json"):
        decode_fence(content)
    with pytest.raises(Corrupt, match="pushing/"):
        decode_pushing(NAME, content)


def test_a_push_is_dead_after_a_day():
    push = Pushing(PrincipalId("ana"), 7)
    assert not push.is_dead(now_us=DEAD_US + 6)
    assert push.is_dead(now_us=DEAD_US + 7)


@pytest.mark.parametrize("name", ["pushing/", "pushing/0.json", f"pushing/{'0' * 32}", f"pushing/a/{'0' * 32}.json"])
def test_other_names_are_not_those_of_pushes(name):
    assert not is_pushing(name)
