"""Who fails to show who it is leaves an entry, but cannot fill the audit log by trying."""

import pytest

from remint.adapters.clock.fixed import FixedClock
from remint.services.failures import MOST, Failures
from tests.support.api import ProjectApi
from tests.support.pages import Person

MINUTE_US = 60_000_000


@pytest.fixture
def clock():
    return FixedClock(1_800_000_000_000_000)


@pytest.fixture
def failures(app, clock):
    return Failures(app.catalog, clock)


@pytest.fixture
def told(entries):
    def read():
        return [
            (one["resource"], *(one["facts"][name] for name in ("reason", "network", "count")))
            for one in entries("session:begin")
        ]

    return read


def test_the_first_failure_is_an_entry_at_once(failures, entries):
    failures.note("203.0.113.77", "token", "unknown")
    (entry,) = entries("session:begin")
    assert (entry["by"], entry["decision"], entry["resource"]) == ("remint", "deny", "token")
    assert entry["facts"] == {"rule": "identity", "reason": "unknown", "network": "203.0.113.0/24", "count": 1}


def test_those_that_follow_within_a_minute_are_one_entry(failures, clock, told):
    for number in range(500):
        failures.note(f"203.0.113.{number % 250}", "token", "unknown")
    assert told() == [("token", "unknown", "203.0.113.0/24", 1)]
    clock.advance(MINUTE_US)
    failures.flush()
    failures.flush()
    assert told()[1:] == [("token", "unknown", "203.0.113.0/24", 499)]


def test_a_minute_of_failures_begins_another_minute(failures, clock, told):
    for _ in range(3):
        for _ in range(10):
            failures.note("203.0.113.7", "token", "unknown")
        clock.advance(MINUTE_US)
        failures.flush()
    assert [count for *_, count in told()] == [1, 9, 10, 10]


def test_ways_reasons_and_networks_are_told_apart(failures, told):
    for address, way, reason in (("203.0.113.7", "token", "unknown"), ("203.0.113.7", "workload", "expired")):
        failures.note(address, way, reason)
    failures.note("2001:db8::7", "token", "unknown")
    assert told() == [
        ("token", "unknown", "203.0.113.0/24", 1),
        ("workload", "expired", "203.0.113.0/24", 1),
        ("token", "unknown", "2001:db8::/48", 1),
    ]


def test_from_however_many_networks_they_come_the_log_does_not_fill(failures, told):
    for number in range(5 * MOST):
        failures.note(f"2001:db8:{number:x}::1", "token", "unknown")
    assert len(told()) == MOST + 1
    failures.flush(all_of_them=True)
    assert sum(count for *_, count in told()) == 5 * MOST
    assert told()[-1] == ("token", "others", "others", 4 * MOST - 1)


def test_a_clock_that_was_set_back_does_not_keep_failures_untold(failures, clock, told):
    failures.note("203.0.113.7", "token", "unknown")
    failures.note("203.0.113.7", "token", "unknown")
    failures.clock = FixedClock(clock.now_us() - 3600 * 1_000_000)
    failures.flush()
    assert [count for *_, count in told()] == [1, 1]


def test_guessing_by_the_api_and_by_the_page_leaves_two_entries_and_what_counts_is_let_in(tmp_path):
    api = ProjectApi(tmp_path)
    answers = [api.ask("GET", "/whoami", f"rmt_{number:043}").status_code for number in range(6)]
    person = Person(api.url)
    person.get("/login")
    pages = [person.post("/login", token=f"rmt_{number:043}").status for number in range(6)]
    good = Person(api.url).sign_in(api.bo).get("/changes").status
    found = api.entries("session:begin")
    api.close()
    assert (answers, pages, good) == ([401] * 6, [403] * 4 + [429] * 2, 200)
    assert [(one["resource"], one["facts"]["network"], one["facts"]["count"]) for one in found] == [
        ("token", "127.0.0.0/24", 1)
    ]


def test_what_was_not_told_yet_is_told_when_the_server_ends(tmp_path):
    api = ProjectApi(tmp_path)
    for number in range(4):
        api.ask("GET", "/whoami", f"rmt_{number:043}")
    api.api.close()
    with api.app.catalog.read() as tx:
        leaves = b"".join(tx.entries.leaves())
    api.close()
    assert leaves.count(b'"session:begin"') == 2
    assert b'"count":3' in leaves
