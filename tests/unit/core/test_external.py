"""Definitions of models that somebody else runs."""

import pytest

from remint.core.artifact import Kind, record_digest
from remint.core.canonical import encode_value
from remint.core.external import Service, service_of

CHAT = Service("Acme", "chat-large", "2026-05", "https://acme.example/v1")


def test_the_digest_of_a_definition_is_frozen():
    digest = record_digest(Kind.DEFINITION, encode_value(CHAT.value()))
    assert digest == "b3:bf979e5fb16b0b134f0ef9704c950e11b1f4fc7c4073f74e3ee9d80b9136213b"


def test_a_definition_is_read_as_it_was_written():
    assert service_of(CHAT.value()) == CHAT


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"external": "hosted service"}, {**CHAT.value(), "external": "files"}, {**CHAT.value(), "version": 5}],
)
def test_other_values_describe_no_service(value):
    assert service_of(value) is None
