"""Fetching JSON from issuers: over TLS or on this machine, no redirects, not for long, and not much."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import IO, Any

from remint.core.provider import is_safe_url
from remint.errors import Unavailable

TIMEOUT_S = 5
MOST_BYTES = 1 << 20


class Answered(Exception):
    """An issuer answered with a status that says no.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - whatever the library gives
        """Follow none: what comes then is answered as it is."""


def fetch_json(url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """Return the JSON object at an address.

    Args:
        url: with https, or http on this machine.
        form: sent by POST if given.
        headers: of the request.

    Raises:
        Answered: the status is from 400 to 499.
        Unavailable: nothing answered in time, or not with an object of JSON of a size that such an answer has.
    """
    if not is_safe_url(url):
        raise _unavailable(url, "its address is neither https nor on this machine")
    request = urllib.request.Request(url, data=form, headers={"Accept": "application/json", **(headers or {})})  # noqa: S310 - above
    opener = urllib.request.build_opener(
        _NoRedirects, urllib.request.ProxyHandler(), urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return _object(url, answer)
    except urllib.error.HTTPError as error:
        with error:
            if 400 <= error.code < 500:
                raise Answered(error.code) from error
            raise _unavailable(url, f"it answered with status {error.code}") from error
    except (OSError, ValueError) as error:
        raise _unavailable(url, str(error)[:200]) from error


def _object(url: str, answer: IO[bytes]) -> Mapping[str, Any]:
    content = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _unavailable(url, f"its answer is larger than {MOST_BYTES} bytes")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _unavailable(url, "its answer is no JSON") from error
    if not isinstance(found, dict):
        raise _unavailable(url, "its answer is no object of JSON")
    return found


def _unavailable(url: str, why: str) -> Unavailable:
    return Unavailable(f"the issuer at {url[:200]} was not asked", why=why, next_step="try again; if it stays so, look at it")
