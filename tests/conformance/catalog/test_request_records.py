"""What every catalog promises of requests that are carried out once (remint.ports.requests.RequestRecords)."""

import pytest

from remint.core.asked import Asked, Known
from remint.core.ids import PrincipalId
from remint.errors import Conflict
from tests.conformance.catalog.nouns import ANA

ASKED = Asked("key", "b3:1", "first")


def test_a_request_is_read_as_it_was_noted_and_answered(catalog):
    with catalog.begin() as tx:
        tx.requests.note(ANA, ASKED, at_us=5)
        tx.requests.note(ANA, ASKED, at_us=6)
        assert tx.requests.find(ANA, "key", now_us=7) == Known("b3:1", "first", 5, None)
        tx.requests.answer(ANA, ASKED, b"\x00answer")
    with catalog.read() as tx:
        assert (tx.writing, tx.requests.find(ANA, "key", now_us=7)) == (False, Known("b3:1", "first", 5, b"\x00answer"))
        assert tx.requests.find(PrincipalId("bo"), "key", now_us=7) is None


def test_a_second_sending_is_refused_and_does_not_replace_the_answer(catalog):
    second = Asked("key", "b3:1", "second")
    with catalog.begin() as tx:
        tx.requests.note(ANA, ASKED, at_us=5)
        with pytest.raises(Conflict, match="not carried out again"):
            tx.requests.note(ANA, second, at_us=6)
        tx.requests.answer(ANA, second, b"other")
        assert tx.requests.find(ANA, "key", now_us=7) == Known("b3:1", "first", 5, None)
