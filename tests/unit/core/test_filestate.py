import pytest

from remint.core.filestate import FileState, is_settled

SECOND = 1_000_000_000
NOON = 1_795_000_000 * SECOND + 123_456_789


def changed(*, content_ns: int, attributes_ns: int) -> FileState:
    return FileState(content_ns, attributes_ns, 10, 7)


def test_a_file_that_changed_long_ago_is_settled():
    assert is_settled(changed(content_ns=NOON - SECOND, attributes_ns=NOON - SECOND), at_ns=NOON)


@pytest.mark.parametrize("age_ns", [0, 4_000_000, 49_000_000])
def test_a_file_that_changed_within_a_tick_is_not(age_ns):
    assert not is_settled(changed(content_ns=NOON - SECOND, attributes_ns=NOON - age_ns), at_ns=NOON)
    assert not is_settled(changed(content_ns=NOON - age_ns, attributes_ns=NOON - SECOND), at_ns=NOON)


def test_a_time_without_a_fraction_of_a_second_is_taken_for_one_of_a_coarse_file_system():
    whole = NOON - NOON % SECOND
    assert not is_settled(changed(content_ns=whole, attributes_ns=whole), at_ns=whole + 2 * SECOND)
    assert is_settled(changed(content_ns=whole, attributes_ns=whole), at_ns=whole + 3 * SECOND)


@pytest.mark.parametrize("ahead_ns", [1, 3600 * SECOND])
def test_a_file_from_the_future_is_not_settled_as_after_a_clock_was_set_back(ahead_ns):
    assert not is_settled(changed(content_ns=NOON + ahead_ns, attributes_ns=NOON - SECOND), at_ns=NOON)
    assert not is_settled(changed(content_ns=NOON - SECOND, attributes_ns=NOON + ahead_ns), at_ns=NOON)
