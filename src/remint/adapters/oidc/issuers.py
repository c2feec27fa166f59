"""Issuers as OpenID Connect Discovery describes them (see ports.oidc.Issuers); the extra `oidc` brings the signatures."""

import base64
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from remint.adapters.oidc.fetching import Answered, fetch_json
from remint.core.idtoken import key_wanted, refused
from remint.core.provider import Provider, is_safe_url
from remint.errors import Unavailable
from remint.ports.oidc import Redeemed

KEPT_S = 3600
"""How long what an issuer publishes is kept."""

ASKED_AGAIN_S = 60
"""How often at most its keys are fetched again because a token names one that is not among them."""

RESTED_S = 10
"""How long an issuer that did not answer is not asked again: nobody who waits for it keeps others waiting."""

_KINDS = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
_CURVES = {"ES256": "P-256", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}


@dataclass
class _Published:
    """What an issuer published, and when it was fetched."""

    document: Mapping[str, Any] = field(default_factory=dict)
    document_s: float = -KEPT_S
    keys: tuple[Mapping[str, Any], ...] = ()
    keys_s: float = -KEPT_S
    failed_s: float = -KEPT_S
    fetching: threading.Lock = field(default_factory=threading.Lock)


class HttpIssuers:
    """Issuers over HTTP.

    Args:
        secret_of: returns the secret that this server has at a provider of that name; empty if none.
        now_s: a clock that never goes back, in seconds.
    """

    def __init__(self, secret_of: Callable[[str], str], *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._secret_of = secret_of
        self._now_s = now_s
        self._published: dict[str, _Published] = {}
        self._holding = threading.Lock()

    def authorization_url(self, issuer: str) -> str:
        """Return where a provider lets people sign in."""
        return self._endpoint(issuer, "authorization_endpoint")

    def redeem(self, provider: Provider, *, code: str, verifier: str, redirect: str) -> Redeemed:
        """Give back the code of a sign-in."""
        url, secret = self._endpoint(provider.issuer, "token_endpoint"), self._secret_of(provider.name)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        ways = self._document(provider.issuer).get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in ways:
            pair = f"{urllib.parse.quote(provider.client_id, safe='')}:{urllib.parse.quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
        else:
            form |= {"client_id": provider.client_id, **({"client_secret": secret} if secret else {})}
        try:
            said = fetch_json(url, form=urllib.parse.urlencode(form).encode("ascii"), headers=headers)
        except Answered as error:
            raise refused("code", "the provider does not take the code of this sign-in") from error
        id_token, access_token = said.get("id_token"), said.get("access_token", "")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise refused("code", "the provider gave no ID token for the code of this sign-in")
        return Redeemed(id_token, access_token)

    def claims(self, issuer: str, token: str) -> Mapping[str, Any]:
        """Return what a token says that an issuer signed."""
        algorithm, key_id = key_wanted(token)
        found = self._key(issuer, algorithm, key_id)
        library = _library()
        try:
            signed = library.jws.deserialize_compact(token, found, [algorithm], _registry(library))
            said = json.loads(signed.payload)
        except (library.errors.JoseError, ValueError, RecursionError) as error:
            raise refused("signature", "its signature is not that of the issuer") from error
        if not isinstance(said, dict):
            raise refused("unreadable", "it says nothing")
        return said

    def about(self, issuer: str, access_token: str) -> Mapping[str, Any]:
        """Return what a provider says of whom an access token is about."""
        if not access_token or "userinfo_endpoint" not in self._document(issuer):
            return {}
        url = self._endpoint(issuer, "userinfo_endpoint")
        try:
            return fetch_json(url, headers={"Authorization": f"Bearer {access_token}"})
        except Answered:
            return {}

    # ---- what an issuer publishes

    def _held(self, issuer: str) -> _Published:
        with self._holding:
            return self._published.setdefault(issuer, _Published())

    def _document(self, issuer: str) -> Mapping[str, Any]:
        held = self._held(issuer)
        with held.fetching:
            if self._now_s() - held.document_s >= KEPT_S:
                document = self._fetched(held, issuer.rstrip("/") + "/.well-known/openid-configuration")
                if document.get("issuer") != issuer:
                    raise _not_itself(issuer, f"what it publishes is of {str(document.get('issuer'))[:100]!r}")
                held.document, held.document_s = document, self._now_s()
            return held.document

    def _endpoint(self, issuer: str, name: str) -> str:
        url = self._document(issuer).get(name)
        if not isinstance(url, str) or not is_safe_url(url):
            raise _not_itself(issuer, f"its {name} is no address with https")
        return url

    def _key(self, issuer: str, algorithm: str, key_id: str | None) -> Any:  # noqa: ANN401 - a key of the library
        found = self._matching(issuer, algorithm, key_id, is_unknown=False)
        if not found:
            found = self._matching(issuer, algorithm, key_id, is_unknown=True)
        if len(found) != 1:
            raise refused("key", "the issuer has no key of that name" if not found else "it does not say which key signed it")
        library = _library()
        try:
            return library.jwk.import_key(_public(found[0]))
        except (library.errors.JoseError, ValueError, TypeError) as error:
            raise refused("key", "the key of the issuer is not readable") from error

    def _matching(self, issuer: str, algorithm: str, key_id: str | None, *, is_unknown: bool) -> list[Mapping[str, Any]]:
        """Return the keys of an issuer that may have signed: of the kind of the algorithm, and of that id if one is said.

        Args:
            issuer: whose.
            algorithm: of the signature.
            key_id: that the token names.
            is_unknown: no key that is known fits, so ask the issuer once more, unless that was just done.
        """
        url = self._endpoint(issuer, "jwks_uri")
        held = self._held(issuer)
        with held.fetching:
            if self._now_s() - held.keys_s >= (ASKED_AGAIN_S if is_unknown else KEPT_S):
                if held.keys:
                    held.keys_s = self._now_s()
                keys = self._fetched(held, url).get("keys", [])
                held.keys = tuple(one for one in keys if isinstance(one, dict)) if isinstance(keys, list) else ()
                held.keys_s = self._now_s()
            every = held.keys
        return [one for one in every if _fits(one, algorithm) and (key_id is None or one.get("kid") == key_id)]

    def _fetched(self, held: _Published, url: str) -> Mapping[str, Any]:
        if self._now_s() - held.failed_s < RESTED_S:
            raise _not_itself(url, "it did not answer a moment ago")
        try:
            return fetch_json(url)
        except Answered as error:
            held.failed_s = self._now_s()
            raise _not_itself(url, f"it answered with {error}") from error
        except Unavailable:
            held.failed_s = self._now_s()
            raise


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Return whether a key is one for checking signatures of an algorithm."""
    right = key.get("kty") == _KINDS[algorithm] and key.get("crv", _CURVES.get(algorithm)) == _CURVES.get(algorithm)
    return right and key.get("use", "sig") == "sig" and key.get("alg", algorithm) in {algorithm, "EdDSA", "Ed25519"}


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a key is needed to check signatures."""
    return {name: key[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in key}


def _registry(library: ModuleType) -> Any:  # noqa: ANN401 - of the library
    """Return the algorithms of the library; which of them count is decided before, and `EdDSA` is said by many issuers."""

    class Chosen(library.jws.JWSRegistry):  # type: ignore[misc,name-defined]
        def get_alg(self, name: str) -> Any:  # noqa: ANN401 - of the library
            return self.algorithms[name]

    return Chosen()


def _library() -> ModuleType:
    try:
        import joserfc
        import joserfc.errors
        import joserfc.jwk
        import joserfc.jws
    except ImportError as error:
        raise Unavailable(
            "nobody can sign in by an issuer",
            why="the library that checks signatures of issuers is not installed",
            next_step="install it: `pip install 'remint[oidc]'`",
        ) from error
    return joserfc


def _not_itself(issuer: str, why: str) -> Unavailable:
    return Unavailable(f"the issuer {issuer[:200]} was not asked", why=why, next_step="look at its address in remint.toml")
