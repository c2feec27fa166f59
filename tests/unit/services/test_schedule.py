"""Each thing after what it needs, several at once."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.services.schedule import in_order


@st.composite
def graphs(draw):
    size = draw(st.integers(0, 12))
    return [draw(st.sets(st.integers(0, place - 1))) if place else set() for place in range(size)]


@given(graphs(), st.integers(1, 4))
def test_everything_is_done_once_and_after_what_it_needs(needs, at_once):
    done, lock = [], threading.Lock()

    def work(place):
        with lock:
            assert needs[place] <= set(done)
            done.append(place)

    in_order(needs, work, at_once=at_once)
    assert sorted(done) == list(range(len(needs)))


@given(graphs(), st.integers(1, 4), st.data())
def test_nothing_that_needs_a_failure_is_begun(needs, at_once, data):
    bad = data.draw(st.sets(st.integers(0, max(0, len(needs) - 1))))
    begun = []

    def work(place):
        begun.append(place)
        if place in bad:
            raise ValueError(str(place))

    if bad & set(range(len(needs))):
        with pytest.raises(ValueError, match=r"\d"):
            in_order(needs, work, at_once=at_once)
    else:
        in_order(needs, work, at_once=at_once)
    assert all(not (needs[place] & bad) for place in begun)


def test_two_that_do_not_need_each_other_go_at_once():
    meeting = threading.Barrier(2, timeout=20)
    in_order([(), ()], lambda _place: meeting.wait(), at_once=2)


def test_never_more_than_may_go_at_once():
    going, most, lock = set(), [], threading.Lock()

    def work(place):
        with lock:
            going.add(place)
            most.append(len(going))
        threading.Event().wait(0.01)
        with lock:
            going.remove(place)

    in_order([()] * 9, work, at_once=3)
    assert max(most) <= 3


def test_what_goes_on_is_carried_to_its_end_when_another_fails():
    failed, ended = threading.Event(), []

    def work(place):
        if place == 0:
            failed.set()
            raise ValueError("first")
        assert failed.wait(20)
        ended.append(place)

    with pytest.raises(ValueError, match="first"):
        in_order([(), (), (1,)], work, at_once=2)
    assert ended == [1]


def test_with_one_at_once_all_is_done_in_this_thread():
    seen = []
    in_order([(), (), ()], lambda _place: seen.append(threading.current_thread()), at_once=1)
    assert set(seen) == {threading.current_thread()}
