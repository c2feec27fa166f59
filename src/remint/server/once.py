"""Requests with a key: carried out once, and answered alike however often they are sent."""

from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remint.core.asked import Asked, require_key
from remint.core.digest import digest_record
from remint.server.responses import response_of
from remint.server.routes import Call, Row

KEY = "idempotency-key"
AGAIN = "Idempotency-Replayed"
_NONCE_BYTES = 16


def once(row: Row, request: Request, call: Call[Any, Any], body: bytes) -> Response:
    """Carry out a request with a key, or answer as before.

    What it changes and that it was carried out are one transaction, so a request whose answer was lost never has its effect
    twice. An answer that must not be stored is not kept.

    Raises:
        Invalid: the key is none, or named another request.
        Conflict: it was carried out and its answer is not known.
    """
    url = request.url
    said = (request.method, url.path, url.query, call.context.workspace, request.headers.get("if-match", ""))
    digest = digest_record("request v1", [msgspec.json.encode(said), body])
    nonce = call.app.clock.entropy(_NONCE_BYTES).hex()
    context = replace(call.context, asked=Asked(require_key(request.headers[KEY]), digest, nonce))
    before = call.app.requests.answered(context)
    if before is not None:
        status, headers, content = msgspec.msgpack.decode(before)
        return Response(content, status, {**headers, AGAIN: "true"})
    response = response_of(row, row.endpoint(replace(call, context=context)))
    if "no-store" not in response.headers.get("cache-control", ""):
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        call.app.requests.keep(context, msgspec.msgpack.encode((response.status_code, headers, bytes(response.body))))
    return response
