"""Use cases of signing in by an issuer of identities: persons by the pages, workloads by what was signed about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.provider import Provider
from remint.core.vouched import Link
from remint.ports.usecases.context import Context
from remint.ports.usecases.identity import Issued


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way.

    Attributes:
        url: where the provider lets the person sign in.
        state: comes back with the browser; only the one that began the sign-in has it.
        nonce: stands in what the provider signs.
        verifier: goes to the provider with the code; the address holds only a digest of it.
    """

    url: str
    state: str
    nonce: str
    verifier: str


class SignIns(Protocol):
    """Signing in by the word of a provider. A principal is known by issuer and subject, never by a name or an e-mail."""

    def providers(self) -> Sequence[Provider]:
        """Return the providers that the settings name.

        Raises:
            Invalid: the setting `oidc` is not understood.
        """
        ...

    def begin(self, name: str, *, redirect: str) -> Begun:
        """Begin a sign-in.

        Args:
            name: of a provider.
            redirect: the address on this server that the browser is sent back to.

        Raises:
            NotFound: there is no such provider.
            Unavailable: it does not answer.
        """
        ...

    def finish(self, name: str, begun: Begun, *, code: str, state: str, redirect: str) -> Context:
        """Return who signed in. A first sign-in makes a principal, if the provider is set so; its teams follow its groups.

        Args:
            name: of the provider.
            begun: what `begin` returned in this browser.
            code: that the browser brought from the provider.
            state: that it brought.
            redirect: as for `begin`.

        Raises:
            NotFound: there is no such provider.
            Denied: rule `identity`: what the provider signed does not count here, or nobody is known by it; another rule: who
                signed in has no role, or a policy refuses it; it is known from then on all the same.
            Unavailable: the provider does not answer.
        """
        ...

    def link(self, context: Context, name: str, *, issuer: str, subject: str) -> Link:
        """Record that an issuer means a principal by a subject, for good. Idempotent.

        Raises:
            NotFound: there is no such principal.
            Conflict: it left, or the issuer means another one by that.
            Invalid: the issuer is no address, or the subject is no text.
            Denied: the caller is not an owner, or the principal is a service.
        """
        ...

    def links(self) -> Sequence[Link]:
        """Return whom issuers mean, oldest first."""
        ...


class Workloads(Protocol):
    """Short tokens for programs elsewhere, for what an issuer signed about them."""

    def exchange(self, proof: str, *, name: str = "") -> Issued:
        """Return a token of the service that the settings name for a workload. A proof is exchanged once.

        Args:
            proof: signed by the issuer (a JWT with `jti` and `exp`).
            name: of the workload in the settings; the only one that fits if empty.

        Raises:
            Denied: rule `identity`: the proof does not count, fits no workload, or was exchanged before.
            Unavailable: the issuer does not answer.
        """
        ...
