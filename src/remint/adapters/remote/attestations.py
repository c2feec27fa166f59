"""What is signed about artifacts on a server; the server signs with the keys it holds for its principals."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.adapters.remote.connection import Connection, words
from remint.core.attestation import Attested
from remint.core.digest import Digest
from remint.ports.usecases.attestations import Card, Scan
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class _Attested:
    attested: list[Attested]


@dataclass(frozen=True)
class RemoteAttestations:
    """See ports.usecases.attestations.Attestations."""

    connection: Connection

    def list(self, digest: Digest) -> Sequence[Attested]:
        """Return what is signed about an artifact, newest first."""
        return self.connection.call("GET", words("artifacts", digest, "evidence"), _Attested).attested

    def sign(self, _context: Context, digest: Digest, *, predicate: str, note: str = "") -> Attested:
        """Sign a statement about an artifact."""
        body = {"predicate": predicate, "note": note}
        return self.connection.call("POST", words("artifacts", digest, "evidence"), Attested, body=body)

    def add(self, _context: Context, digest: Digest, content: bytes) -> Attested:
        """Record a DSSE envelope that somebody signed elsewhere."""
        body = {"envelope": content.decode(errors="replace")}
        return self.connection.call("POST", words("artifacts", digest, "envelopes"), Attested, body=body)

    def scan(self, _context: Context, digest: Digest) -> Scan:
        """Look for what runs when the files of an artifact are loaded."""
        return self.connection.call("POST", words("artifacts", digest, "scans"), Scan)

    def set_card(self, _context: Context, digest: Digest, text: str) -> Card:
        """Keep a card of an artifact."""
        return self.connection.call("PUT", words("artifacts", digest, "card"), Card, body={"text": text})

    def card(self, digest: Digest) -> Card:
        """Return what is recorded about an artifact, with the newest card."""
        return self.connection.call("GET", words("artifacts", digest, "card"), Card)
