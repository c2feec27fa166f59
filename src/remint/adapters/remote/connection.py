"""The connection to a server: requests that are carried out once, and answers as the very nouns they are made of."""

import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from remint.adapters.remote.nouns import read
from remint.adapters.remote.problems import error_of
from remint.core.plain import to_json
from remint.errors import Denied, Invalid, LimitReached, Unavailable

API: Final = "/api/remint/v1"
TRIES: Final = 4
MOST_ANSWER_BYTES: Final = 256 << 20
"""The largest answer that is held in memory."""

PATIENCE_S: Final = 60.0
PIECE_BYTES: Final = 1 << 20
MOST_PROBLEM_BYTES: Final = 16 << 20
AT: Final = "Remint-Workspace"
MOST: Final = {"limit": 1000}
"""The query for the largest page."""

SOON: Final = {"connection", "rate"}
"""Rules of errors after which the same request may soon be answered."""

Kind = TypeVar("Kind")
Answered = TypeVar("Answered")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is.

    Attributes:
        prefix: of every path, without a slash at its end.
    """

    secure: bool
    host: str
    port: int
    prefix: str
    url: str


def parse_place(url: str) -> Place:
    """Return where a server is.

    Raises:
        Invalid: it is no URL of one, or would send tokens over a network in the clear.

    Example:
        >>> parse_place("https://remint.example/team/").prefix
        '/team'
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_server(url, "it is no URL") from None
    if not parts.path.isascii() or not url.isprintable() or " " in url:
        raise _no_server(url, "it holds letters that no URL holds")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _no_server(url, "it is no http:// or https:// URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _no_server(url, "it has more than a place: the token is given in REMINT_TOKEN or by `remint login`")
    secure = parts.scheme == "https"
    if not secure and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise _no_server(url, "without TLS others could read the token on its way")
    return Place(secure, parts.hostname, port or (443 if secure else 80), parts.path.rstrip("/"), url.rstrip("/"))


def _no_server(url: str, why: str) -> Invalid:
    shown = re.split("[?#]", url.rpartition("@")[2])[0][:200]
    return Invalid(f"{shown!r} is not a server", why=why, next_step="write it like https://remint.example")


class Connection:
    """Asks one server as one principal; for several threads, each with a connection of its own.

    Args:
        url: of the server.
        token: shown with every request, and nowhere else.
        workspace: of requests that name none.
    """

    def __init__(self, url: str, token: str, *, workspace: str = "main") -> None:
        self.place = parse_place(url)
        self.workspace = workspace
        self._token = token
        self._held = threading.local()
        self._open: list[http.client.HTTPConnection] = []

    def __repr__(self) -> str:
        return f"Connection({self.place.url!r})"

    def call(
        self,
        method: str,
        path: str,
        answer: type[Kind],
        *,
        body: object = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Kind:
        """Send a request and return what it is answered. It is sent again for a while if there is no answer.

        Args:
            method: of HTTP; a POST is carried out once, however often it is sent.
            path: below the API, each word quoted (`words`).
            answer: what the answer is read as.
            body: made of nouns; sent as JSON. None for no body.
            query: what is None or empty is left out.
            headers: besides, such as `AT` for another workspace.

        Raises:
            RemintError: what the server answered.
            Unavailable: it did not answer.
        """
        asked = _Asked(method, _with(path, query), _encoded(body), {**(headers or {}), **_media(body)})
        if method == "POST":
            asked.headers["Idempotency-Key"] = token_hex(16)
        return self._read(self._patiently(lambda: self._whole(asked)), answer)

    def fetch(self, path: str, *, body: object, headers: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """Ask for bytes and yield them as they arrive. Errors as `call`, also while they arrive."""
        asked = _Asked("POST", path, _encoded(body), {**(headers or {}), **_media(body)})
        connection, response = self._patiently(lambda: self._begun(asked))
        try:
            while piece := response.read(PIECE_BYTES):
                yield piece
            if response.length:
                raise self._unreadable("its answer broke off")
        except (OSError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        finally:
            if not response.isclosed():
                self._drop(connection)

    def send(
        self,
        path: str,
        chunks: Iterable[bytes],
        size_bytes: int,
        answer: type[Kind],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Kind:
        """Send bytes, once, and return what that is answered. Errors as `call`; what arrived before one stays."""
        media = {"Content-Type": "application/octet-stream", "Content-Length": str(size_bytes)}
        return self._read(self._whole(_Asked("PUT", path, chunks, {**(headers or {}), **media})), answer)

    def close(self) -> None:
        """Close what was opened. Idempotent."""
        while self._open:
            self._open.pop().close()

    # ---- one request

    def _patiently(self, ask: Callable[[], Answered]) -> Answered:
        """Return what is answered, asking again for a while if nothing is, or if it is too early."""
        for attempt in range(TRIES):
            try:
                return ask()
            except (Unavailable, LimitReached) as error:
                wait_s = 0.1 * 2**attempt if str(error.facts.get("rule")) in SOON else None
                if wait_s is None or attempt == TRIES - 1:
                    raise
                time.sleep(wait_s)
        raise AssertionError  # the last attempt returns or raises

    def _whole(self, asked: "_Asked") -> bytes:
        connection, response = self._begun(asked)
        try:
            text = response.read(MOST_ANSWER_BYTES + 1)
            if response.length and len(text) <= MOST_ANSWER_BYTES:
                raise http.client.IncompleteRead(text, response.length)
        except (OSError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        finally:
            if not response.isclosed():
                self._drop(connection)
        if len(text) > MOST_ANSWER_BYTES:
            raise self._unreadable("its answer is too large")
        return text

    def _begun(self, asked: "_Asked") -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send a request; return its answer, of which the body is still to be read."""
        headers = {
            "Authorization": f"Bearer {self._token}",
            AT: self.workspace,
            "Accept": "application/json",
            **asked.headers,
        }
        connection = self._connection()
        try:
            connection.request(asked.method, self.place.prefix + API + asked.path, body=asked.content, headers=headers)
            response = connection.getresponse()
            if response.status < 300:
                if response.length is None and not response.chunked:  # its end could not be told from a break
                    raise http.client.IncompleteRead(b"")
                return connection, response
            content = response.read(MOST_PROBLEM_BYTES)
        except (OSError, http.client.HTTPException) as error:
            self._drop(connection)
            raise self._silent(error) from error
        if response.status < 400 or not response.isclosed():
            self._drop(connection)
        if response.status < 400:
            raise self._unreadable("it sends elsewhere, and the token goes to nobody else")
        raise error_of(response.status, content)

    def _connection(self) -> http.client.HTTPConnection:
        held: http.client.HTTPConnection | None = getattr(self._held, "connection", None)
        if held is None:
            place = self.place
            if place.secure:
                context = ssl.create_default_context()
                held = http.client.HTTPSConnection(place.host, place.port, timeout=PATIENCE_S, context=context)
            else:
                held = http.client.HTTPConnection(place.host, place.port, timeout=PATIENCE_S)
            self._held.connection = held
            self._open.append(held)
        return held

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        self._held.connection = None
        with suppress(ValueError):
            self._open.remove(connection)
        connection.close()

    def _read(self, text: bytes, answer: type[Kind]) -> Kind:
        try:
            return read(json.loads(text), answer)
        except (ValueError, RecursionError, Invalid) as error:
            raise self._unreadable(f"its answer is not understood: {str(error)[:200]}") from error

    def _silent(self, error: Exception) -> Unavailable:
        words = str(error) or type(error).__name__
        return Unavailable(
            f"{self.place.url} did not answer",
            why=words[:200],
            next_step="check the address and the network, then do it again; nothing is done twice",
            rule="connection",
        )

    def _unreadable(self, why: str) -> Unavailable:
        return Unavailable(
            f"{self.place.url} did not answer as a Remint server",
            why=why,
            next_step="check the address; and that client and server are of versions that go together",
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    path: str
    content: bytes | Iterable[bytes] | None
    headers: dict[str, str]


def _encoded(body: object) -> bytes | None:
    return None if body is None else msgspec.json.encode(to_json(body))


def _media(body: object) -> dict[str, str]:
    return {} if body is None else {"Content-Type": "application/json"}


def _with(path: str, query: Mapping[str, object] | None) -> str:
    named = {name: value for name, value in (query or {}).items() if value is not None and value != ""}
    return path + ("?" + urlencode(named) if named else "")


def words(*parts: object) -> str:
    """Return a path of words, each quoted; what holds slashes is one word to the server, too.

    Example:
        >>> words("refs", "data", "a b/c")
        '/refs/data/a%20b/c'
    """
    return "".join("/" + quote(str(part), safe="/:@") for part in parts)


def require_token(token: str, url: str) -> str:
    """Return a token that may be sent.

    Raises:
        Denied: there is none, or it cannot be one.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Denied(
            f"nobody asks {url}",
            why="rule identity: no token is set" if not token else "rule identity: the token is none",
            next_step="give it in REMINT_TOKEN, or keep it: `remint login URL`",
            rule="identity",
        )
    return token
