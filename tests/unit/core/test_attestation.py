"""Gates over what is signed: whose word counts, for how long."""

import pytest

from remint.core.attestation import DAY_US, Attested, described, parse_keys, scanned, signed
from remint.errors import Invalid

READ = Attested("bo", "code-review", 0, {})
SCAN = Attested("remint", "scanned", 0, {"findings": [{"severity": "medium", "what": "its format is not known"}]})
CARD = Attested("ana", "described", 0, {"card": "# Use\nby all\n"})


def test_a_signature_counts_until_it_is_too_old():
    gate = {"by": "bo", "max_days": "30"}
    assert signed(gate, [READ], now_us=30 * DAY_US)[0]
    assert signed(gate, [READ], now_us=31 * DAY_US) == (False, "bo signed code-review, 31 days ago, more than 30")


def test_a_scan_or_a_card_is_nobodys_signature():
    assert not signed({"by": "remint"}, [SCAN], now_us=0)[0]
    assert not signed({"by": "ana"}, [CARD], now_us=0)[0]


def test_the_newest_scan_counts_up_to_the_severity_of_the_gate():
    clean = Attested("remint", "scanned", 1, {"findings": []})
    assert scanned({"severity": "medium"}, [SCAN], now_us=0)[0]
    assert not scanned({"severity": "low"}, [SCAN, clean], now_us=1)[0]
    assert scanned({}, [clean, SCAN], now_us=1)[0]
    assert not scanned({"max_days": "1"}, [clean], now_us=3 * DAY_US)[0]


def test_a_scan_by_somebody_else_is_not_the_one_made_here():
    assert not scanned({}, [Attested("bo", "scanned", 0, {"findings": []})], now_us=0)[0]


def test_the_newest_card_counts():
    newer = Attested("bo", "described", 1, {"card": "# Limits\nnone\n"})
    assert described({"headings": ["use"]}, [CARD])[0]
    assert described({"headings": ["Use"]}, [newer, CARD]) == (False, "its card has no heading Use")


@pytest.mark.parametrize("text", ["", "abc", "0" * 63, "0" * 66, "g" * 64, 7, None])
def test_a_key_is_32_bytes(text):
    with pytest.raises(Invalid, match=r"keys\.vendor"):
        parse_keys({"vendor": text})


def test_a_key_has_a_name_that_no_principal_has():
    assert parse_keys({"vendor": "0a" * 32}) == {"key:vendor": b"\x0a" * 32}
