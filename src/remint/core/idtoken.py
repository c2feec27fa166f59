"""What an issuer signs about somebody, and when it counts. All but the signature is checked here."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from remint.errors import Denied

IDENTITY = "identity"
ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA", "Ed25519"})
"""Signatures with a public key alone; none at all, and those with a shared secret, are no proof."""

_HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
LEEWAY_S = 60
"""How far the clock of an issuer may be from ours."""

LONGEST = 16_384
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


def refused(reason: str, why: str) -> Denied:
    """Return the refusal of somebody who could not show who it is.

    Args:
        reason: a stable word, for the audit log.
        why: in words.
    """
    return Denied(
        "nobody is known by what was shown",
        why=f"rule identity: {why}",
        next_step="sign in again; if it stays so, ask an owner to look at `[oidc]` or `[workload]` in remint.toml",
        rule=IDENTITY,
        reason=reason,
    )


def key_wanted(token: str) -> tuple[str, str | None]:
    """Return the algorithm of a signed token and the id of the key that is said to have made it; nothing of it is trusted yet.

    Raises:
        Denied: it is no such token, or asks for what is never done: another algorithm, or a key that it brings along.
    """
    if len(token) > LONGEST or not _TOKEN.fullmatch(token):
        raise refused("unreadable", "it is no signed token")
    header = _decoded(token.partition(".")[0])
    algorithm, key = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise refused("algorithm", f"it is not signed by one of {', '.join(sorted(ALGORITHMS))}")
    unknown = sorted(set(header) - _HEADER)
    if unknown:
        raise refused("header", f"its header says {unknown[0][:20]!r}, and no token says where its key is from")
    if key is not None and not isinstance(key, str):
        raise refused("header", "the id of its key is no text")
    return str(algorithm), key


def issuer_said(token: str) -> str:
    """Return whom a token says it is from; nothing of it is trusted yet.

    Raises:
        Denied: it says none.
    """
    key_wanted(token)
    issuer = _decoded(token.split(".")[1]).get("iss")
    if not isinstance(issuer, str):
        raise refused("issuer", "it does not say who vouches")
    return issuer


def require_claims(claims: Mapping[str, Any], *, issuer: str, audience: str, now_us: int, nonce: str | None = None) -> str:
    """Return the subject of what an issuer signed, if it counts here and now.

    Args:
        claims: whose signature is right.
        issuer: who must have signed, exactly as it names itself.
        audience: for whom it must be.
        now_us: the time.
        nonce: what it must answer to; None if nothing was asked.

    Raises:
        Denied: it is of another issuer, for somebody else, too old or not of now, or does not answer to what was asked.

    Example:
        >>> said = {"iss": "https://x.org", "aud": "remint", "sub": "7", "exp": 100}
        >>> require_claims(said, issuer="https://x.org", audience="remint", now_us=99_000_000)
        '7'
    """
    if claims.get("iss") != issuer:
        raise refused("issuer", "another issuer signed it")
    _require_audience(claims, audience)
    now_s = now_us / 1_000_000
    ends_s = _time(claims, "exp")
    if ends_s is None:
        raise refused("no-end", "it does not say when it ends")
    if now_s >= ends_s + LEEWAY_S:
        raise refused("expired", "its time is over")
    for name in ("nbf", "iat"):
        begins_s = _time(claims, name)
        if begins_s is not None and now_s < begins_s - LEEWAY_S:
            raise refused("early", "its time has not come")
    if nonce is not None and claims.get("nonce") != nonce:
        raise refused("nonce", "it does not answer to this sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise refused("subject", "it does not say whom it is about")
    return subject


def _require_audience(claims: Mapping[str, Any], audience: str) -> None:
    said = claims.get("aud")
    every = [said] if isinstance(said, str) else said
    if not isinstance(every, list) or audience not in every:
        raise refused("audience", "it is not for this server")
    party = claims.get("azp", audience if len(every) == 1 else None)
    if len(every) > 1 and party != audience:
        raise refused("audience", "it is for several, and was not given to this server")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a time in seconds since 1970; None where none is said."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 53:
        raise refused("unreadable", f"its {name} is no time")
    return float(value)


def groups_in(claims: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Return the groups that claims say; None if they say nothing of groups.

    Raises:
        Denied: what they say is no list of names.

    Example:
        >>> sorted(groups_in({"groups": ["risk", "ml"]}, "groups")), groups_in({}, "groups")
        (['ml', 'risk'], None)
    """
    said = claims.get(name)
    if said is None:
        return None
    every = [said] if isinstance(said, str) else said
    if not isinstance(every, list) or not all(isinstance(one, str) for one in every):
        raise refused("groups", f"its {name} is no list of names")
    return frozenset(every)


def _decoded(part: str) -> Mapping[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise refused("unreadable", "it is no signed token") from error
    if not isinstance(found, dict):
        raise refused("unreadable", "it is no signed token")
    return found
