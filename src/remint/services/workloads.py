"""Workloads: short tokens for programs elsewhere, for what an issuer signed about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from remint.core.entry import Entry
from remint.core.idtoken import issuer_said, refused, require_claims
from remint.core.principal import PrincipalKind
from remint.core.provider import Workload, parse_workloads
from remint.core.ref import PRODUCTION
from remint.core.token import Token
from remint.core.vouched import identity_digest, proof_digest
from remint.core.window import MINUTE_US
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.oidc import Issuers
from remint.ports.usecases.context import Context
from remint.ports.usecases.identity import Issued
from remint.services.access import Access
from remint.services.identity import digest_of, new_secret


@dataclass(frozen=True)
class WorkloadService:
    """See ports.usecases.signins.Workloads.

    Attributes:
        told: the setting `workload`.
    """

    catalog: Catalog
    access: Access
    clock: Clock
    issuers: Issuers
    told: Mapping[str, Any]

    def exchange(self, proof: str, *, name: str = "") -> Issued:
        """Return a token for a proof."""
        issuer = issuer_said(proof)
        named = [one for one in parse_workloads(self.told).values() if one.issuer == issuer and name in {"", one.name}]
        if not named:
            raise refused("unknown", "no workload here is of that issuer and name")
        claims = self.issuers.claims(issuer, proof)
        fitting = [one for one in named if _fits(one, claims)]
        if len(fitting) != 1:
            why = "it fits several workloads; say which" if fitting else "it does not say what a workload here must say"
            raise refused("claims", why)
        workload, now_us = fitting[0], self.clock.now_us()
        subject = require_claims(claims, issuer=issuer, audience=workload.audience, now_us=now_us)
        number = claims.get("jti")
        if not isinstance(number, str) or not 0 < len(number) <= 255:
            raise refused("number", "it has no number (jti), so it could be shown again")
        return self._issued(workload, subject, number, now_us)

    def _issued(self, workload: Workload, subject: str, number: str, at_us: int) -> Issued:
        """Return the token of a workload, if the service may have it and the proof was not exchanged before."""
        owner, secret = workload.principal, new_secret(self.clock)
        context, resource = Context(owner, PRODUCTION, workload.scopes), f"workload {workload.name}"
        with self.access.recording(context, "token:exchange", resource), self.catalog.begin() as tx:
            _require_service(tx, workload)
            self.access.require(tx, replace(context, scopes=None), "token:exchange", resource)
            ends_us = at_us + workload.minutes * MINUTE_US
            token = Token(0, owner, resource, workload.scopes, None, at_us, ends_us)
            token = replace(token, number=tx.tokens.add(token, digest_of(secret)))
            proof = proof_digest(workload.issuer, number)
            if not tx.identities.spend(proof, token=token.number, at_us=at_us):
                raise refused("replayed", "it was exchanged before")
            facts = {
                "workload": workload.name,
                "identity": identity_digest(workload.issuer, subject),
                "proof": proof,
                "owner": owner,
                "scopes": sorted(token.scopes),
                "ends_us": ends_us,
            }
            tx.entries.append(Entry("token:exchange", f"token {token.number}", owner, at_us, facts))
        return Issued(secret, token)


def _fits(workload: Workload, claims: Mapping[str, Any]) -> bool:
    """Return whether claims are for a workload and say all that they must, to the letter."""
    said = claims.get("aud")
    every: Sequence[Any] = said if isinstance(said, list) else [said]
    return workload.audience in every and all(claims.get(name) == value for name, value in workload.claims.items())


def _require_service(tx: Transaction, workload: Workload) -> None:
    found = tx.principals.get(workload.principal)
    if found is None or found.left_us is not None or found.kind is not PrincipalKind.SERVICE:
        raise refused("unknown", f"the service of workload {workload.name} is not here")
