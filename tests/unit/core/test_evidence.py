"""Evidence: statements in the in-toto form and the bytes signed for them."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remint.core.digest import Digest, digest_bytes
from remint.core.evidence import PAYLOAD_TYPE, Evidence, pre_authentication, read_statement, statement
from remint.core.ids import PrincipalId
from tests.vectors.records import reference
from tests.vectors.records.frozen import cases, whole

KEY = Ed25519PublicKey.from_public_bytes(bytes.fromhex(whole("evidence")["public_key"]))
by_case = pytest.mark.parametrize("case", cases("evidence"), ids=lambda case: case["predicate"])
MEANING = ("subject", "predicate", "facts", "by", "at_us")


def evidence_of(case):
    subject, predicate, facts, by, at_us = (case[key] for key in MEANING)
    payload, signature = case["payload"].encode(), bytes.fromhex(case["signature"])
    return Evidence(Digest(subject), predicate, facts, PrincipalId(by), at_us, payload, signature)


@by_case
def test_the_payload_is_frozen(case):
    subject, predicate, facts, by, at_us = (case[key] for key in MEANING)
    made = statement(Digest(subject), predicate, facts, by=PrincipalId(by), at_us=at_us)
    assert made.decode() == reference.statement(subject, predicate, facts, by, at_us) == case["payload"]


@by_case
def test_the_signed_bytes_are_frozen(case):
    made = pre_authentication(case["payload"].encode())
    assert made.hex() == reference.signed(case["payload"]).hex() == case["signed"]


@by_case
def test_the_frozen_signature_is_over_the_signed_bytes(case):
    KEY.verify(bytes.fromhex(case["signature"]), pre_authentication(case["payload"].encode()))


@by_case
def test_the_digest_of_evidence_is_frozen(case):
    made = reference.evidence(case["by"], case["signature"], case["payload"])
    assert evidence_of(case).digest() == made == case["digest"]


@by_case
def test_a_statement_reads_back(case):
    assert read_statement(case["payload"].encode()) == tuple(case[key] for key in MEANING)


@by_case
def test_another_signer_is_other_evidence(case):
    record = evidence_of(case)
    assert replace(record, by=PrincipalId("eve")).digest() != record.digest()


def test_the_length_of_a_payload_is_in_what_is_signed():
    assert pre_authentication(b"a b") == b"DSSEv1 %d %s 3 a b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode())


def test_a_statement_names_its_subject_in_full():
    subject = digest_bytes(b"a")
    assert subject.hex.encode() in statement(subject, "evaluated", {}, by=PrincipalId("ana"), at_us=0)
