"""Problems: every error as HTTP says it, with the same three sentences as in the terminal."""

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, json
from starlette.responses import Response

from remint.core.plain import to_json
from remint.errors import RemintError

MEDIA = "application/problem+json"
STATUS = {
    "not-found": 404,
    "conflict": 409,
    "denied": 403,
    "invalid": 422,
    "limit-reached": 429,
    "diverged": 409,
    "corrupt": 500,
    "unavailable": 503,
    "step-failed": 422,
    "internal": 500,
}
"""By the family of an error."""

OF_RULE = {
    "identity": 401,
    "method": 405,
    "precondition": 428,
    "body-size": 413,
    "media-type": 415,
    "range": 416,
    "known-host": 421,
    "own-origin": 403,
}
"""By the rule that refused, where the family does not say it all; the rules of HTTP itself are named here, too."""

OF_CODE = {"ref-moved": 412}
"""By the code: a ref moves only under a precondition of the request, which did not hold."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error (RFC 9457).

    Attributes:
        title: what did not happen.
        detail: why.
        next_step: what to do now.
        code: stable name of the error.
        request: id of the request, for the server's log.
    """

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    next_step: str
    code: str
    request: str
    facts: dict[str, Any]


def status_of(error: RemintError) -> int:
    """Return the status of an error."""
    rule = str(error.facts.get("rule", ""))
    return OF_RULE.get(rule) or OF_CODE.get(error.code) or STATUS[error.family]


def problem(error: RemintError, *, request: str) -> Response:
    """Return an error as the answer to a request."""
    status = status_of(error)
    facts = to_json({name: value for name, value in error.facts.items() if name not in {"headers", "traceback"}})
    body = Problem(f"urn:remint:error:{error.code}", error.what, status, error.why, error.next_step, error.code, request, facts)
    given = error.facts.get("headers")
    headers = {name: str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="remint"'
    if status in {429, 503}:
        headers.setdefault("Retry-After", "1")
    return Response(json.encode(body), status, {**headers, "Remint-Request": request}, MEDIA)


def failed() -> RemintError:
    """Return the error that stands for a fault of Remint; it says nothing of the inside."""
    return RemintError(
        "Remint itself failed",
        why="this is a fault of Remint, not of yours; nothing committed is lost",
        next_step="look into the log of the server under the id of this request, and report what it says",
    )
