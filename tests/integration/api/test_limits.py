"""What is too large, too deep, too often, or not what it says it is."""

import pytest

from remint.server.limits import Buckets, Rates
from tests.support.api import ProjectApi

JSON = {"Content-Type": "application/json"}


def post(api, content, **headers):
    return api.ask("POST", "/workspaces", content=content, headers={**JSON, **headers})


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "a", "name": "b"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": 1}',
        b'{"name": "a", "more": 1}',
        b'{"name": "\\ud800"}',
        b'{"name": "a"',
        b"[" * 100_000,
        b'{"name":' * 20 + b"1" + b"}" * 20,
        b"\xff\xfe",
        b"",
        b"null",
        b"1" * 5000,
    ],
)
def test_json_that_is_not_what_is_described_is_refused(api, content):
    assert post(api, content).status_code == 422


def test_a_body_that_is_too_large_is_refused(api):
    answer = post(api, b'{"name": "' + b"a" * (2 << 20) + b'"}')
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (413, "body-size")


def test_a_compressed_body_is_refused(api):
    assert post(api, b"", **{"Content-Encoding": "gzip"}).status_code == 415


def test_a_body_of_another_kind_is_refused(api):
    assert post(api, b"name=a", **{"Content-Type": "application/x-www-form-urlencoded"}).status_code == 415


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "order=name", "limit=" + "9" * 30])
def test_a_query_that_is_not_what_is_described_is_refused(api, query):
    assert api.ask("GET", f"/refs?{query}").status_code == 422


def test_a_token_that_asks_too_often_waits(tmp_path):
    api = ProjectApi(tmp_path)
    api.api._door.rates = Rates(1)
    answers = [api.ask("GET", "/whoami") for _ in range(3)]
    other = api.ask("GET", "/whoami", api.bo)
    api.close()
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert other.status_code == 200


def test_guessing_tokens_is_slow_and_keeps_nobody_out_who_shows_one_that_counts(tmp_path):
    # Once an address that had guessed was refused whatever it showed: who shared it could be locked out from beside.
    api = ProjectApi(tmp_path)
    answers = [api.ask("GET", "/whoami", f"rmt_{number:043}").status_code for number in range(12)]
    honest = api.ask("GET", "/whoami")
    api.close()
    assert answers == [401] * 10 + [429] * 2
    assert honest.status_code == 200


def test_a_bucket_fills_again():
    now = [0.0]
    buckets = Buckets(2, 2, now_s=lambda: now[0])
    assert [buckets.wait_s("ana") for _ in range(3)] == [0, 0, 0.5]
    now[0] = 0.5
    assert [buckets.wait_s("ana") for _ in range(2)] == [0, 0.5]
