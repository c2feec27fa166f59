"""An issuer of identities on this machine: publishes its keys over HTTP, and signs whatever a test asks it to."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

AUDIENCE = "remint"


def part(value: Any) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class LocalIssuer:
    """An issuer with a key of each kind. What it answers may be changed by a test."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {
            "rsa": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
            "ec": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
            "ed": OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"}),
        }
        self.asked: Counter[str] = Counter()
        self.document: dict[str, Any] = {}
        self.id_token = ""
        self.userinfo: dict[str, Any] | None = None
        self.forms: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def claims(self, **more: Any) -> dict[str, Any]:
        """Claims that count now, with some set otherwise; None leaves one out."""
        now_s = int(time.time())
        held = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "7",
            "iat": now_s,
            "exp": now_s + 300,
            "jti": f"j{time.monotonic_ns()}",
        }
        return {name: value for name, value in {**held, **more}.items() if value is not None}

    def sign(self, claims: dict[str, Any], *, algorithm: str = "RS256", key: str = "rsa", **header: Any) -> str:
        named = {"alg": algorithm, "kid": key, **header}
        content = json.dumps(claims).encode()
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        return jws.serialize_compact(named, content, self.keys[key], registry=registry)

    def unsigned(self, claims: dict[str, Any]) -> str:
        return f"{part({'alg': 'none', 'kid': 'rsa'})}.{part(claims)}."

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """Sign as if the public key of the issuer were a shared secret."""
        told = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(claims)}"
        return f"{told}.{part(hmac.digest(self.keys['rsa'].as_pem(private=False), told.encode(), hashlib.sha256))}"

    def published(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            told = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "userinfo_endpoint": "/userinfo"}
            urls = {name: self.url + where for name, where in {**told, "jwks_uri": "/jwks"}.items()}
            return {"issuer": self.url, **urls, **self.document}
        if path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in self.keys.values()]}
        return self.userinfo if path == "/userinfo" else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked[self.path] += 1
                self._answer(issuer.published(self.path))

            def do_POST(self) -> None:
                issuer.forms.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._answer({"id_token": issuer.id_token, "access_token": "opaque"} if issuer.id_token else None)

            def _answer(self, found: dict[str, Any] | None) -> None:
                content = json.dumps(found).encode()
                self.send_response(200 if found is not None else 400)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Answers

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
