"""The one address of the API that is asked without a token: a workload shows what an issuer signed about it, and gets one.

It keeps to OAuth 2.0 Token Exchange (RFC 8693): a form goes in, and JSON comes out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import json
from starlette.responses import Response

from remint.errors import Invalid
from remint.ports.usecases.identity import Issued
from remint.server.routes import API

EXCHANGE = f"{API}/tokens/exchange"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
PROOFS = frozenset({"urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"})
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_FIELDS = frozenset({"grant_type", "subject_token", "subject_token_type", "audience"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a workload asks.

    Attributes:
        proof: signed by its issuer.
        name: of the workload in the settings; empty for the only one that fits.
    """

    proof: str
    name: str


def read_exchange(form: Mapping[str, str]) -> Exchange:
    """Return what a workload asks.

    Raises:
        Invalid: it is no exchange of a signed token for an access token.
    """
    unknown = sorted(set(form) - _FIELDS)
    if unknown:
        raise _refused(f"it has the field {unknown[0][:40]!r}, which is not taken here")
    if form.get("grant_type") != GRANT:
        raise _refused(f"its grant_type is not {GRANT}")
    if form.get("subject_token_type") not in PROOFS:
        raise _refused("its subject_token_type is not urn:ietf:params:oauth:token-type:jwt")
    if not form.get("subject_token"):
        raise _refused("it has no subject_token")
    return Exchange(form["subject_token"], form.get("audience", ""))


def exchanged(issued: Issued) -> Response:
    """Return a token as the answer."""
    token = issued.token
    answer = {
        "access_token": issued.secret,
        "issued_token_type": ACCESS,
        "token_type": "Bearer",
        "expires_in": (token.ends_us - token.at_us) // 1_000_000,
        "scope": " ".join(sorted(token.scopes)),
    }
    return Response(json.encode(answer), 200, {"Cache-Control": "no-store"}, "application/json")


def _refused(why: str) -> Invalid:
    return Invalid("no token was given", why=why, next_step="see docs/how-to/sign-in-with-your-company.md")
