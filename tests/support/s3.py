"""The S3 server that the setting REMINT_TEST_S3 names: its buckets, and something between it and us that counts and fails."""

import contextlib
import datetime as dt
import hashlib
import hmac
import http.client
import http.server
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from remint.core.remote import Place

ENDPOINT = os.environ.get("REMINT_TEST_S3", "")
KEY, SECRET, REGION = "remint-test", "remint-test-secret", "us-east-1"
ABSENT = "no S3 server: start one and set REMINT_TEST_S3 to its address, as .ci/run does"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


BUCKET = "remint-test"


def place(endpoint: str = ENDPOINT) -> Place:
    """Return where an empty remote is, in a bucket that is made if it does not exist."""
    _make_bucket(BUCKET)
    return Place("team", "s3", f"{BUCKET}/{secrets.token_hex(8)}/prefix", {"endpoint": endpoint, "region": REGION})


def _make_bucket(name: str) -> None:
    """Make a bucket, with a request signed as AWS Signature Version 4 asks."""
    host = urlsplit(ENDPOINT).netloc
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    nothing = hashlib.sha256(b"").hexdigest()
    heads = {"host": host, "x-amz-content-sha256": nothing, "x-amz-date": stamp}
    named = ";".join(heads)
    request = "\n".join(["PUT", f"/{name}", "", *(f"{key}:{value}" for key, value in heads.items()), "", named, nothing])
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    told = f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={named}, Signature={signature}"
    with contextlib.closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        connection.request("PUT", f"/{name}", headers={**heads, "authorization": told})
        answer = connection.getresponse()
        assert answer.status in {200, 409}, answer.read()


@dataclass
class Between:
    """Stands between a client and the S3 server.

    Attributes:
        endpoint: where the client finds it.
        asked: method and path of every request, in order.
        fail: is asked before a request is passed on; returns a status to answer with instead, 0 to hang up, or None.
    """

    endpoint: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    fail: Callable[[str, str], int | None] = lambda _method, _path: None

    def count(self, method: str, part: str = "") -> int:
        """Return how many requests of a method had this in their path."""
        return sum(one == method and part in path for one, path in self.asked)


@contextlib.contextmanager
def between() -> Iterator[Between]:
    """Put something between the client and the server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Passing)
    server.daemon_threads = True
    told = Between(f"http://127.0.0.1:{server.server_address[1]}")
    server.told = told  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Passing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        told: Between = self.server.told  # type: ignore[attr-defined]
        told.asked.append((self.command, self.path))
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        status = told.fail(self.command, self.path)
        if status is not None:
            self.close_connection = True
            if status:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()
            return
        with contextlib.closing(http.client.HTTPConnection(urlsplit(ENDPOINT).netloc, timeout=60)) as connection:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("content-length", answer.getheader("content-length") if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 - names that the server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has above
        """Say nothing."""
