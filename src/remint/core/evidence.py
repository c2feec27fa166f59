"""Evidence: signed statements about an artifact, in the in-toto form, in DSSE envelopes.

A statement binds what was found (the predicate) to the digest of what it was found on (the subject), so it cannot be carried
over to another artifact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.ids import PrincipalId

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATES = "https://remint.example/predicate/"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signed statement.

    Attributes:
        predicate: what kind of finding, for example `evaluated` or `reproduced`.
        facts: the finding; canonical JSON, with floats as text.
        payload: the exact bytes that were signed.
    """

    subject: Digest
    predicate: str
    facts: Mapping[str, Any]
    by: PrincipalId
    at_us: int
    payload: bytes
    signature: bytes

    def digest(self) -> Digest:
        """Return the digest of this evidence: of its payload and who signed it."""
        return digest_record("evidence v1", [canonical.dumps([self.by, self.signature.hex()]), self.payload])


def statement(subject: Digest, predicate: str, facts: Mapping[str, Any], *, by: PrincipalId, at_us: int) -> bytes:
    """Return the canonical bytes of an in-toto statement.

    Args:
        subject: the artifact spoken of.
        predicate: the kind of finding.
        facts: the finding; canonical JSON.
        by: who says so.
        at_us: when, UTC microseconds.
    """
    return canonical.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject.short, "digest": {"blake3": subject.hex}}],
            "predicateType": PREDICATES + predicate + "/v1",
            "predicate": {"by": by, "at_us": at_us, "facts": dict(facts)},
        }
    )


def pre_authentication(payload: bytes, *, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return what is signed for a payload: DSSE's pre-authentication encoding.

    Source:
        DSSE protocol v1.0.2, section "Signature Definition".

    Example:
        >>> pre_authentication(b"{}")
        b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(payload), payload)


def read_statement(payload: bytes) -> tuple[Digest, str, Mapping[str, Any], PrincipalId, int]:
    """Return subject, predicate, facts, signer and time of a statement that `statement` wrote."""
    record = canonical.loads(payload)
    predicate = record["predicateType"].removeprefix(PREDICATES).removesuffix("/v1")
    held = record["predicate"]
    subject = Digest("b3:" + record["subject"][0]["digest"]["blake3"])
    return subject, predicate, held["facts"], PrincipalId(held["by"]), held["at_us"]
