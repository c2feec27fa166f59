"""Issuers of identities: asking them over the network, and checking what they signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from remint.core.provider import Provider


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a provider gives for the code of a sign-in; nothing of it is checked yet.

    Attributes:
        id_token: signed by the provider.
        access_token: with which it answers more about the same person; empty if it gave none.
    """

    id_token: str
    access_token: str


class Issuers(Protocol):
    """Issuers, by their addresses. What they publish is fetched once and kept for a while; safe from several threads."""

    def authorization_url(self, issuer: str) -> str:
        """Return where a provider lets people sign in.

        Raises:
            Unavailable: it does not answer, or names itself otherwise. Retryable.
        """
        ...

    def redeem(self, provider: Provider, *, code: str, verifier: str, redirect: str) -> Redeemed:
        """Give back the code of a sign-in; a code counts once, so this is not called again after a failure.

        Args:
            provider: which.
            code: that the browser brought.
            verifier: what the challenge of this sign-in was made of (PKCE).
            redirect: the address that the browser was sent back to.

        Raises:
            Denied: the provider refuses the code.
            Unavailable: it does not answer.
        """
        ...

    def claims(self, issuer: str, token: str) -> Mapping[str, Any]:
        """Return what a token says that an issuer signed; only that the issuer said it is checked. Idempotent.

        Raises:
            Denied: the signature is not that of a key of the issuer, or is of a kind that is no proof.
            Unavailable: the issuer does not answer.
        """
        ...

    def about(self, issuer: str, access_token: str) -> Mapping[str, Any]:
        """Return what a provider says of whom an access token is about; empty if it says no more. Idempotent.

        Raises:
            Unavailable: it does not answer.
        """
        ...
