"""Asking a server that is silent, breaks off, sends elsewhere or is another one: told in words, done once, no token lost."""

import json
import socket
import threading
from collections import deque
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from remint.adapters.remote.connection import API, AT, TRIES, Connection, parse_place, require_token
from remint.errors import (
    BlobMissing,
    Conflict,
    Denied,
    Invalid,
    LimitReached,
    NotFound,
    RefMoved,
    RefNotFound,
    RemintError,
    Unavailable,
)

TOKEN = "rmt_the-secret-of-this-test"
TOOK = b'{"blobs": 2, "size_bytes": 30}'
PIECES = b"first" * 1000 + b"last"
RATE = {"title": "too often", "detail": "wait", "next_step": "wait", "code": "limit-reached", "facts": {"rule": "rate"}}


@dataclass(frozen=True)
class Taken:
    """What the answers here are read as."""

    blobs: int
    size_bytes: int


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


def answer(status, body=b"", *headers):
    """Return the bytes of an answer, after which the connection ends."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def problem(status, told):
    return answer(status, json.dumps(told).encode(), "Content-Type: application/problem+json")


def unsized(content, *headers):
    return "\r\n".join(["HTTP/1.1 200 OK", "Connection: close", *headers, "", ""]).encode() + content


GOOD = answer(200, TOOK)


class Foreign:
    """A server that answers with what it was given, in turn, then hangs up on whoever asks; None hangs up at once."""

    def __init__(self, answers):
        self.seen = []
        self._answers = deque(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()

    def _serve(self):
        while True:
            try:
                asking, _ = self._listening.accept()
            except OSError:
                return
            with asking, asking.makefile("rb") as arriving:
                self._answer(asking, arriving)

    def _answer(self, asking, arriving):
        line = arriving.readline().decode().strip()
        pairs = (text.decode().strip().partition(": ") for text in iter(arriving.readline, b"\r\n"))
        headers = {name.lower(): value for name, _, value in pairs}
        self.seen.append(Seen(line, headers, arriving.read(int(headers.get("content-length", "0")))))
        given = self._answers.popleft() if self._answers else None
        if given is not None:
            asking.sendall(given)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._serving.join(10)


@pytest.fixture
def serve():
    """Returns what begins a server of some answers, and a connection to it."""
    with ExitStack() as open_now:

        def begun(*answers, prefix=""):
            server = open_now.enter_context(Foreign(answers))
            connection = Connection(server.url + prefix, TOKEN, workspace="lab")
            return server, open_now.enter_context(closing(connection))

        yield begun


def refused(connection, kind):
    """Ask, and return the error, of which nothing shows the token."""
    with pytest.raises(kind) as raised:
        connection.call("POST", "/x", Taken, body={"a": 1})
    error = raised.value
    assert TOKEN not in f"{error} {error!r} {error.facts} {error.__cause__!r} {connection!r}"
    return error


def test_a_request_shows_who_asks_and_where_below_the_place_of_the_server(serve):
    server, connection = serve(GOOD, prefix="/team/")
    assert connection.call("POST", "/x", Taken, body={"a": [1]}, query={"q": "a b", "none": None, "no": ""}) == Taken(2, 30)
    (seen,) = server.seen
    assert (seen.line, seen.body) == (f"POST /team{API}/x?q=a+b HTTP/1.1", b'{"a":[1]}')
    assert (seen.headers["authorization"], seen.headers[AT.lower()]) == (f"Bearer {TOKEN}", "lab")


# ---- silence


def test_where_nobody_listens_it_is_told():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with closing(Connection(url, TOKEN)) as connection:
        error = refused(connection, Unavailable)
    assert (error.facts["rule"], url in error.what) == ("connection", True)


def test_a_request_without_an_answer_is_sent_a_few_times_and_no_more(serve):
    server, connection = serve()
    assert refused(connection, Unavailable).facts["rule"] == "connection"
    assert len(server.seen) == TRIES


@pytest.mark.parametrize(
    "broken",
    [
        None,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        GOOD[:-1],
        unsized(b"1e\r\n" + TOOK[:9], "Transfer-Encoding: chunked"),
        problem(429, RATE),
    ],
    ids=["hung up", "no HTTP", "in a header", "in the body", "in a chunk", "too often"],
)
def test_what_was_not_answered_is_asked_again_under_the_same_key(serve, broken):
    server, connection = serve(broken, GOOD)
    assert connection.call("POST", "/x", Taken, body={"a": 1}) == Taken(2, 30)
    assert len(server.seen) == 2
    assert len({(seen.line, seen.headers["idempotency-key"], seen.body) for seen in server.seen}) == 1


def test_a_request_that_only_reads_is_asked_again_without_a_key(serve):
    server, connection = serve(None, GOOD)
    assert connection.call("GET", "/x", Taken) == Taken(2, 30)
    assert [(seen.line.split()[0], "idempotency-key" in seen.headers) for seen in server.seen] == [("GET", False)] * 2


def test_each_request_has_a_key_of_its_own(serve):
    server, connection = serve(GOOD, GOOD)
    connection.call("POST", "/x", Taken)
    connection.call("POST", "/x", Taken)
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 2


def test_a_connection_that_the_server_ended_meanwhile_is_opened_again(serve):
    kept = GOOD.replace(b"Connection: close\r\n", b"")  # it says that it stays open, and ends it all the same
    server, connection = serve(kept, kept, GOOD)
    assert [connection.call("POST", "/x", Taken) for _ in range(3)] == [Taken(2, 30)] * 3
    assert len(server.seen) == 3


def test_after_it_was_closed_a_connection_may_be_closed_again(serve):
    _, connection = serve(GOOD)
    connection.call("GET", "/x", Taken)
    connection.close()
    connection.close()


# ---- another server


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_server_that_sends_elsewhere_is_refused_and_nobody_else_gets_the_token(serve, status):
    other, _ = serve(GOOD)
    server, connection = serve(answer(status, b"", f"Location: {other.url}/x"))
    error = refused(connection, Unavailable)
    assert "sends elsewhere" in error.why
    assert (len(server.seen), other.seen) == (1, [])


@pytest.mark.parametrize(
    "body",
    [b"<html>Sign in</html>", b"", b"\xff\xfe", b"[" * 100_000, b"[]", b"null", b"{}", b'{"blobs": "many", "size_bytes": 1}'],
    ids=["HTML", "nothing", "no UTF-8", "too deep", "a list", "null", "an empty object", "a word for a number"],
)
def test_an_answer_that_is_not_understood_is_refused_at_once(serve, body):
    server, connection = serve(answer(200, body))
    assert "not understood" in refused(connection, Unavailable).why
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b"[1]", b'{"detail": "Not Found"}', b'{"title": 7}', b"\xff", b"[" * 100_000],
    ids=["nothing", "HTML", "a list", "another object", "a title that is none", "no UTF-8", "too deep"],
)
@pytest.mark.parametrize("status", [400, 404, 500, 502])
def test_an_error_that_is_no_problem_of_ours_is_told_as_that_of_another_server(serve, status, body):
    server, connection = serve(answer(status, body))
    error = refused(connection, Unavailable)
    assert error.what == f"the server answered {status}"
    assert len(server.seen) == 1


# ---- problems


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "ref-not-found", RefNotFound),
        (409, "conflict", Conflict),
        (412, "ref-moved", RefMoved),
        (401, "denied", Denied),
        (422, "invalid", Invalid),
        (429, "limit-reached", LimitReached),
        (500, "blob-missing", BlobMissing),
        (500, "remint-error", RemintError),
        (503, "unavailable", Unavailable),
        (404, "of-a-later-version", NotFound),
        (409, "of-a-later-version", Conflict),
        (412, "of-a-later-version", Conflict),
        (403, "of-a-later-version", Denied),
        (429, "of-a-later-version", LimitReached),
        (418, "of-a-later-version", Unavailable),
    ],
)
def test_an_error_of_the_server_is_the_same_error_here(serve, status, code, kind):
    told = {"title": "what", "detail": "why", "next_step": "next", "code": code, "facts": {"ref": "main:data/x", "held": [1]}}
    server, connection = serve(problem(status, told))
    error = refused(connection, RemintError)
    assert type(error) is kind
    assert (error.what, error.why, error.next_step) == ("what", "why", "next")
    assert error.facts == {"ref": "main:data/x", "held": [1]}
    assert len(server.seen) == 1


@pytest.mark.parametrize("facts", [{}, None, [1], "rule", {"self": 1}, {"what": "x", "why": "y", "next_step": "z"}, {"": 1}])
@pytest.mark.parametrize("code", ["conflict", "limit-reached"])
def test_whatever_facts_an_error_has_it_says_what_it_said(serve, code, facts):
    _, connection = serve(problem(409, {"title": "what", "detail": "why", "next_step": "next", "code": code, "facts": facts}))
    error = refused(connection, RemintError)
    assert (error.code, error.what, error.why, error.next_step) == (code, "what", "why", "next")


@pytest.mark.parametrize("rule", [["rate"], {"rate": 1}, 7, None, "budget"])
def test_an_error_of_another_rule_is_told_at_once(serve, rule):
    server, connection = serve(problem(429, {**RATE, "facts": {"rule": rule}}))
    assert refused(connection, LimitReached).facts == {"rule": rule}
    assert len(server.seen) == 1


def test_a_server_that_is_asked_too_often_is_asked_again_for_a_while(serve):
    server, connection = serve(*[problem(429, RATE)] * TRIES, GOOD)
    assert refused(connection, LimitReached).facts == {"rule": "rate"}
    assert len(server.seen) == TRIES


# ---- bytes


@pytest.mark.parametrize(
    "given",
    [
        answer(200, PIECES),
        unsized(b"%x\r\n%s\r\n0\r\n\r\n" % (len(PIECES), PIECES), "Transfer-Encoding: chunked"),
    ],
    ids=["with a length", "in chunks"],
)
def test_bytes_are_given_as_they_were_sent(serve, given):
    server, connection = serve(None, given)
    assert b"".join(connection.fetch("/x", body={"a": 1})) == PIECES
    assert len(server.seen) == 2


@pytest.mark.parametrize("headers", [(), ("Content-Length: many",)])
def test_bytes_of_which_nobody_says_how_many_they_are_count_as_broken_off(serve, headers):
    _, connection = serve(*[unsized(PIECES, *headers)] * TRIES)
    with pytest.raises(Unavailable):
        list(connection.fetch("/x", body={"a": 1}))


def test_bytes_that_break_off_are_told_after_those_that_came(serve):
    _, connection = serve(answer(200, PIECES)[:-1])
    came = []
    with pytest.raises(Unavailable, match="broke off"):
        came.extend(iter(connection.fetch("/x", body={"a": 1})))
    assert b"".join(came) == PIECES[:-1]


def test_bytes_that_are_refused_are_an_error_before_the_first(serve):
    told = {"title": "gone", "detail": "why", "next_step": "next", "code": "artifact-not-found", "facts": {}}
    _, connection = serve(problem(404, told))
    with pytest.raises(NotFound, match="gone"):
        next(connection.fetch("/x", body={"a": 1}))


def test_bytes_are_sent_as_they_are_given(serve):
    server, connection = serve(GOOD)
    assert connection.send("/x", iter([PIECES[:99], b"", PIECES[99:]]), len(PIECES), Taken) == Taken(2, 30)
    (seen,) = server.seen
    assert (seen.line, seen.body) == (f"PUT {API}/x HTTP/1.1", PIECES)


def test_bytes_that_were_sent_without_an_answer_are_not_sent_again(serve):
    server, connection = serve(None, GOOD)
    with pytest.raises(Unavailable) as raised:
        connection.send("/x", iter([PIECES]), len(PIECES), Taken)
    assert (raised.value.facts["rule"], len(server.seen)) == ("connection", 1)


# ---- places and tokens


@pytest.mark.parametrize(
    "url",
    [
        "",
        "remint.example",
        "ftp://remint.example",
        "https://",
        "https://[::1",
        "https://remint.example:port",
        "https://remint.example:99999",
        "https://ana:hidden@remint.example",
        "https://hidden@remint.example",
        "https://:hidden@remint.example",
        "https://remint.example?token=hidden",
        "https://remint.example/#hidden",
        "http://remint.example",
        "http://127.0.0.1.example",
        "http://localhost@remint.example",
        "https://remint example",
        "https://remint.example/a b",
        "https://remint.example/é",
    ],
)
def test_what_is_no_server_is_refused_before_anything_is_sent_and_shows_no_secret(url):
    with pytest.raises(Invalid) as raised:
        Connection(url, TOKEN)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "secure", "port", "prefix"),
    [
        ("https://remint.example", True, 443, ""),
        ("https://remint.example:8443/", True, 8443, ""),
        ("HTTPS://Remint.Example/a/b//", True, 443, "/a/b"),
        ("http://localhost", False, 80, ""),
        ("http://127.0.0.1:8470", False, 8470, ""),
        ("http://[::1]:8470/x", False, 8470, "/x"),
    ],
)
def test_a_server_is_asked_with_tls_or_on_this_machine(url, secure, port, prefix):
    place = parse_place(url)
    assert (place.secure, place.port, place.prefix) == (secure, port, prefix)


@pytest.mark.parametrize(
    "token", ["", " ", "rmt_a b", "rmt_a\n", "rmt_a\r\nX-Admin: 1", "rmt_\u00e9", "rmt_\x7f", "Bearer rmt_a"]
)
def test_what_cannot_be_a_token_is_not_sent_and_not_shown(token):
    with pytest.raises(Denied) as raised:
        require_token(token, "https://remint.example")
    assert raised.value.facts == {"rule": "identity"}
    assert not token.strip() or token.strip() not in str(raised.value)


def test_a_token_is_taken_as_it_is():
    assert require_token(TOKEN, "https://remint.example") == TOKEN
