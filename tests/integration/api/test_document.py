"""The OpenAPI document says what the server does: generated requests find no other answer."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from remint.server.api.table import ROWS
from remint.server.limits import Rates
from remint.server.openapi import document

EXAMPLES = 100 if os.environ.get("REMINT_TEST_FULL") == "1" else 8
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


schema = schemathesis.openapi.from_dict(document(ROWS, version="0"))


@pytest.fixture(scope="module")
def described(api):
    api.api._rates = Rates(1_000_000)
    api.add("words.txt", b"0123456789", "data/words")
    return api


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_no_answer_is_other_than_described(case, described):
    token = described.secret(described.project.ana)  # of this request alone: one of the requests revokes tokens
    answer = case.call(base_url=described.url, headers={"Authorization": f"Bearer {token}"})
    case.validate_response(answer, checks=CHECKS)


def test_every_route_is_described_with_what_it_needs(api):
    paths = api.client.get("/openapi.json").json()["paths"]
    told = {(path, method) for path, methods in paths.items() for method in methods}
    assert told == {(row.address.replace(":path", ""), row.method.lower()) for row in ROWS}
    assert paths["/api/remint/v1/refs"]["get"]["description"] == "Needs `catalog:read`."
