"""Tasks take turns for the processors."""

import threading

import pytest

from remint.adapters.compute.room import Room


def stay(room, wanted, entered, leave):
    with room.taken(wanted):
        entered.append(wanted)
        leave.wait(20)


def started(*arguments):
    thread = threading.Thread(target=stay, args=arguments)
    thread.start()
    return thread


def until(condition):
    for _ in range(2_000):
        if condition():
            return True
        threading.Event().wait(0.005)
    return False


def test_as_many_as_there_are_processors_are_let_in():
    room, entered, leave = Room(3), [], threading.Event()
    threads = [started(room, 1, entered, leave) for _ in range(5)]
    assert until(lambda: len(entered) == 3)
    assert not until_soon(lambda: len(entered) > 3)
    leave.set()
    for thread in threads:
        thread.join(20)
    assert len(entered) == 5


def until_soon(condition):
    threading.Event().wait(0.05)
    return condition()


def test_a_task_of_several_threads_takes_so_many_processors():
    room, entered, leave = Room(3), [], threading.Event()
    first = started(room, 2, entered, leave)
    assert until(lambda: entered == [2])
    second = started(room, 2, entered, leave)
    assert not until_soon(lambda: len(entered) > 1)
    leave.set()
    first.join(20)
    second.join(20)
    assert entered == [2, 2]


def test_a_task_that_wants_more_than_there_are_takes_them_all():
    room = Room(2)
    with room.taken(64):
        assert True
    with room.taken(1), room.taken(1):
        assert True


def test_who_came_first_goes_first():
    room, entered, leave = Room(2), [], threading.Event()
    first = started(room, 1, entered, leave)
    assert until(lambda: entered == [1])
    big = started(room, 2, entered, leave)
    assert until(lambda: len(room._queue) == 1)
    small = started(room, 1, entered, leave)
    assert not until_soon(lambda: len(entered) > 1)
    leave.set()
    for thread in (first, big, small):
        thread.join(20)
    assert entered == [1, 2, 1]


def test_an_interrupt_ends_who_is_in_and_who_waits_and_nobody_later():
    room, outcome, leave = Room(1), [], threading.Event()

    def work(wanted):
        try:
            with room.taken(wanted) as held:
                outcome.append("in")
                leave.wait(20)
                held.check()
        except KeyboardInterrupt:
            outcome.append("over")

    threads = [threading.Thread(target=work, args=(1,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert until(lambda: outcome == ["in"] and len(room._queue) == 1)
    room.interrupt()
    assert until(lambda: outcome == ["in", "over"])
    leave.set()
    for thread in threads:
        thread.join(20)
    assert outcome == ["in", "over", "over"]
    with room.taken(1) as held:
        held.check()


def test_an_error_inside_gives_the_room_back():
    room = Room(1)
    with pytest.raises(ValueError, match="bad"), room.taken(1):
        raise ValueError("bad")
    with room.taken(1):
        assert True
