"""Errors of a server, as the errors they were there."""

import json
from typing import Any, Final

from remint import errors
from remint.errors import RemintError, Unavailable

_FAMILIES: Final = {
    kind.family: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, RemintError) and "family" in vars(kind)
}


def _kinds(kind: type[RemintError]) -> dict[str, type[RemintError]]:
    found = {kind("", why="", next_step="").code: kind}
    for below in kind.__subclasses__():
        found |= _kinds(below)
    return found


_CODES: Final = _kinds(RemintError)
_OF_STATUS: Final = {401: "denied", 403: "denied", 404: "not-found", 409: "conflict", 412: "conflict", 429: "limit-reached"}


def error_of(status: int, content: bytes) -> RemintError:
    """Return the error that a problem document tells of.

    Args:
        status: of the answer.
        content: its body, whatever it is.
    """
    try:
        told: Any = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("title"), str):
        return Unavailable(
            f"the server answered {status}",
            why="it is no answer of Remint: something stands between, or it is another server",
            next_step="check the address, and the proxies on the way",
        )
    kind = _CODES.get(str(told.get("code"))) or _FAMILIES.get(_OF_STATUS.get(status, ""), Unavailable)
    facts = {str(name): value for name, value in told["facts"].items()} if isinstance(told.get("facts"), dict) else {}
    taken = {"self", "what", "why", "next_step"}
    words = {name: str(told.get(key) or "") for name, key in (("why", "detail"), ("next_step", "next_step"))}
    return kind(told["title"], **words, **{name: value for name, value in facts.items() if name not in taken})
