"""From what the endpoint of a route gave to a response."""

import msgspec
from starlette.responses import Response, StreamingResponse

from remint.core.plain import to_json
from remint.server.routes import Answer, Bytes, Row


def response_of(row: Row, given: object) -> Response:
    """Return what the endpoint of a route gave as a response."""
    if isinstance(given, Response):
        return given
    if isinstance(given, Bytes):
        headers = {**given.headers, "Content-Length": str(given.size_bytes)}
        return StreamingResponse(given.chunks, given.status, headers)
    answer = given if isinstance(given, Answer) else Answer(given)
    status = answer.status or row.status
    content = b"" if status == 304 else msgspec.json.encode(to_json(answer.value))
    return Response(content, status, answer.headers, "application/json" if content else None)
