"""Identities that others vouch for: a principal is known by what an issuer calls it.

Never by a name or an address of e-mail: those are not unique, and pass from one person to another.
"""

from dataclasses import dataclass

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class Link:
    """That an issuer's word for somebody means a principal.

    Attributes:
        issuer: the address of who vouches, exactly as it names itself.
        subject: what it calls whom it vouches for; the same word of two issuers is two identities.
    """

    issuer: str
    subject: str
    principal: PrincipalId
    by: PrincipalId
    at_us: int

    def digest(self) -> Digest:
        """Return what stands in the audit log for the issuer and the subject."""
        return identity_digest(self.issuer, self.subject)


def identity_digest(issuer: str, subject: str) -> Digest:
    """Return the digest of an issuer and of what it calls somebody."""
    return digest_record("identity v1", [canonical.dumps([issuer, subject])])


def proof_digest(issuer: str, number: str) -> Digest:
    """Return the digest of an issuer and of the number (`jti`) of something that it signed."""
    return digest_record("proof v1", [canonical.dumps([issuer, number])])
