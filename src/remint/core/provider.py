"""Who vouches for whom: the issuers that people sign in with, and those whose workloads get tokens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from remint.core.action import OWN, SCOPES
from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.ref import require_name
from remint.errors import Invalid

FLAT = "oidc"
"""The name of the only provider, where the setting `oidc` is one and not several by name."""

MINUTES_MAX = 60
NAME_MAX = 40
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider that people sign in with.

    Attributes:
        label: what the page to sign in calls it.
        issuer: exactly as it names itself.
        client_id: what it knows this server by.
        scope: what is asked of it.
        groups_claim: the claim that says groups.
        groups: the team that each group means.
        create: a first sign-in makes a principal; otherwise only those that an owner linked sign in.
    """

    name: str
    label: str
    issuer: str
    client_id: str
    scope: tuple[str, ...]
    groups_claim: str
    groups: Mapping[str, str]
    create: bool


@dataclass(frozen=True, slots=True)
class Workload:
    """A program elsewhere, such as a pipeline of CI, that shows what an issuer signed about it.

    Attributes:
        issuer: exactly as it names itself.
        audience: for whom the proof must be.
        claims: what the proof must say, exactly.
        principal: the service that the token acts as.
        scopes: what the token is limited to.
        minutes: how long it lasts.
    """

    name: str
    issuer: str
    audience: str
    claims: Mapping[str, str]
    principal: PrincipalId
    scopes: frozenset[str]
    minutes: int


def parse_providers(table: Mapping[str, Any]) -> dict[str, Provider]:
    """Return the providers of the setting `oidc`, by name.

    Raises:
        Invalid: something in it is unknown, missing, or has a value it cannot have.

    Example:
        >>> parse_providers({"issuer": "https://login.example.org", "client_id": "remint"})["oidc"].groups_claim
        'groups'
    """
    if not table:
        return {}
    named = {FLAT: table} if isinstance(table.get("issuer"), str) or "client_id" in table else table
    return {name: _provider(name, said) for name, said in named.items()}


def parse_workloads(table: Mapping[str, Any]) -> dict[str, Workload]:
    """Return the workloads of the setting `workload`, by name.

    Raises:
        Invalid: something in it is unknown, missing, or has a value it cannot have.
    """
    return {name: _workload(name, said) for name, said in table.items()}


def is_safe_url(url: str) -> bool:
    """Return whether what is fetched from an address cannot be altered on its way: it is on this machine, or TLS.

    Example:
        >>> [
        ...     is_safe_url(one)
        ...     for one in ("https://x.org", "http://127.0.0.1:3000", "http://x.org", "https://u:p@x.org", "file:///x")
        ... ]
        [True, True, False, False, False]
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def name_for(provider: str, wanted: object, identity: Digest, *, is_taken: bool = False) -> PrincipalId:
    """Return the name of a new principal: that of the provider, and what it calls the person as far as that is a name.

    The name of the provider stands first, so that nobody takes a name of this project by calling himself so elsewhere.

    Args:
        provider: its name in the settings.
        wanted: what it calls the person.
        identity: the digest of its issuer and subject.
        is_taken: another principal has that name.

    Example:
        >>> name_for("acme", "Ana.Lima", Digest("b3:" + "0f" * 32)), name_for("acme", None, Digest("b3:" + "0f" * 32))
        ('acme-ana.lima', 'acme-0f0f0f0f0f0f')
    """
    short = identity.hex[:12]
    word = re.sub(r"[^a-z0-9._-]+", "-", wanted.lower())[:NAME_MAX].strip("-._") if isinstance(wanted, str) else ""
    return PrincipalId("-".join([provider, *([word] if word else []), *([short] if is_taken or not word else [])]))


_PROVIDER = {"issuer", "client_id", "label", "scope", "groups_claim", "groups", "create"}
_WORKLOAD = {"issuer", "audience", "claims", "principal", "scopes", "minutes"}


def _provider(name: str, said: object) -> Provider:
    where = FLAT if name == FLAT else f"{FLAT}.{name}"
    table = _table(where, said, _PROVIDER, needed=("issuer", "client_id"))
    create = table.get("create", False)
    if not isinstance(create, bool):
        raise _invalid(where, "`create` is true or false")
    scope = _names(where, "scope", table.get("scope", ["openid", "profile"]))
    if "openid" not in scope:
        raise _invalid(where, "`scope` holds openid")
    groups = _words(where, "groups", table.get("groups", {}))
    for team in groups.values():
        require_name(team, what="team")
    return Provider(
        name=require_name(name, what="provider"),
        label=_text(where, "label", table.get("label", name)),
        issuer=_issuer(where, table["issuer"]),
        client_id=_text(where, "client_id", table["client_id"]),
        scope=scope,
        groups_claim=_text(where, "groups_claim", table.get("groups_claim", "groups")),
        groups=groups,
        create=create,
    )


def _workload(name: str, said: object) -> Workload:
    where = f"workload.{name}"
    table = _table(where, said, _WORKLOAD, needed=("issuer", "audience", "claims", "principal", "scopes"))
    claims = _words(where, "claims", table["claims"])
    if not claims:
        raise _invalid(where, "`claims` says what the proof must say; without it every workload of the issuer would do")
    scopes = frozenset(_names(where, "scopes", table["scopes"]))
    if not scopes or not scopes <= set(SCOPES) - {OWN}:
        raise _invalid(where, f"`scopes` are of {', '.join(one for one in SCOPES if one != OWN)}")
    minutes = table.get("minutes", 15)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= MINUTES_MAX:
        raise _invalid(where, f"`minutes` is a whole number from 1 to {MINUTES_MAX}")
    return Workload(
        name=require_name(name, what="workload"),
        issuer=_issuer(where, table["issuer"]),
        audience=_text(where, "audience", table["audience"]),
        claims=claims,
        principal=PrincipalId(require_name(_text(where, "principal", table["principal"]), what="principal")),
        scopes=scopes,
        minutes=minutes,
    )


def _table(where: str, said: object, known: set[str], *, needed: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(said, Mapping):
        raise _invalid(where, "it is a table")
    unknown = sorted(set(said) - known)
    if unknown:
        secret = "; a secret comes from the variable REMINT_OIDC_SECRET" if "secret" in unknown[0] else ""
        raise _invalid(where, f"there is no `{unknown[0]}` in it{secret}")
    missing = [name for name in needed if name not in said]
    if missing:
        raise _invalid(where, f"it lacks `{missing[0]}`")
    return said


def _issuer(where: str, value: object) -> str:
    issuer = _text(where, "issuer", value)
    if not is_safe_url(issuer) or urlsplit(issuer).query:
        raise _invalid(where, "`issuer` is an address with https, as the issuer writes it; http on this machine alone")
    return issuer


def _text(where: str, name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 300:
        raise _invalid(where, f"`{name}` is a text")
    return value


def _names(where: str, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _invalid(where, f"`{name}` is a list of names")
    return tuple(_text(where, name, one) for one in value)


def _words(where: str, name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(one, str) and one for one in value.values()):
        raise _invalid(where, f"`{name}` is a table of texts")
    return dict(value)


def _invalid(where: str, why: str) -> Invalid:
    return Invalid(f"the setting {where} is not understood", why=why, next_step="mend it in remint.toml")
