"""Signing in by a provider: what the browser keeps between leaving and coming back, and the page it comes back to."""

import base64
import binascii
from dataclasses import asdict, dataclass

import msgspec
from starlette.requests import Request

from remint.ports.usecases.signins import Begun

SIGN_IN_S = 600
"""How long a sign-in may take."""


@dataclass(frozen=True, slots=True)
class SignedInPage:
    """A page that leads on.

    A cookie for requests of this site alone is not sent along a redirect from another site, but is from a page of this one.

    Attributes:
        after: the path to go to.
        who: the principal signed in.
    """

    after: str
    who: str
    title: str = "Signed in"


@dataclass(frozen=True, slots=True)
class Held:
    """What the browser keeps meanwhile."""

    state: str
    nonce: str
    verifier: str
    after: str


def cookie_of(request: Request) -> str:
    """Return the name of the cookie that holds it; over TLS one that no other host can set."""
    return "__Host-remint_signin" if request.url.scheme == "https" else "remint_signin"


def kept(begun: Begun, after: str) -> str:
    """Return what the browser keeps, as the value of a cookie."""
    held = Held(begun.state, begun.nonce, begun.verifier, after)
    return base64.urlsafe_b64encode(msgspec.json.encode(asdict(held))).decode("ascii")


def held_in(value: str) -> Held:
    """Return what a browser kept; nothing, if it kept none."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(value), type=Held)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return Held("", "", "", "/")


def callback_of(request: Request, name: str) -> str:
    """Return the address that a provider sends the browser back to."""
    return f"{request.url.scheme}://{request.headers.get('host', '')}/login/{name}/callback"
