"""Attestations: what somebody else signed about an artifact, as DSSE envelopes with in-toto statements, and gates over them."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core import scan
from remint.core.card import lacking
from remint.core.digest import Digest
from remint.core.evidence import PAYLOAD_TYPE, PREDICATES, STATEMENT_TYPE
from remint.core.ref import require_name
from remint.errors import Invalid

ATTESTED, PRESENTED, SCANNED, DESCRIBED = "attested", "presented", "scanned", "described"
"""Predicates of evidence: a principal's word, an envelope from outside, a scan, a card."""

SCANNER = "remint"
"""Who signs the scans that are made here."""

LONGEST_BYTES = 1 << 20
"""Bytes of an envelope."""

DAY_US = 86_400_000_000
KEY = "key:"
"""What stands before the name of a key of the settings; no principal has such a name."""


@dataclass(frozen=True, slots=True)
class Attested:
    """What was found to be signed about an artifact.

    Attributes:
        by: a principal, or `key:NAME` for a key of the settings.
        predicate: what it says: a word for what was signed here, the address of the predicate for what came from outside.
        at_us: when it was recorded here, UTC microseconds.
        facts: the predicate itself.
    """

    by: str
    predicate: str
    at_us: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What an in-toto statement says.

    Attributes:
        subjects: the artifacts spoken of.
        predicate: what kind of thing is said, as an address.
        facts: the predicate itself.
    """

    subjects: frozenset[Digest]
    predicate: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope with an in-toto statement, read but not yet verified.

    Attributes:
        payload: the exact bytes that are signed.
        signatures: as they stand there; one of them must hold.
        said: what the payload says.
    """

    payload: bytes
    signatures: tuple[bytes, ...]
    said: Said


def read_envelope(content: bytes) -> Envelope:
    """Return an envelope.

    Args:
        content: JSON with `payloadType`, `payload` and `signatures`; payload and signatures in base64.

    Raises:
        Invalid: it is no DSSE envelope with an in-toto statement about artifacts named by their blake3 digest.
    """
    if len(content) > LONGEST_BYTES:
        raise _no_envelope(f"it has more than {LONGEST_BYTES} bytes")
    try:
        outer = json.loads(content)
        if outer["payloadType"] != PAYLOAD_TYPE:
            raise _no_envelope(f"its payload is not of the type {PAYLOAD_TYPE}")
        payload = base64.b64decode(outer["payload"], validate=True)
        signatures = tuple(base64.b64decode(one["sig"], validate=True) for one in outer["signatures"][:20])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _no_envelope(f"{type(error).__name__}: {str(error)[:100]}") from None
    return Envelope(payload, signatures, read_payload(payload))


def read_payload(payload: bytes) -> Said:
    """Return what a statement says.

    Args:
        payload: an in-toto statement, in JSON.

    Raises:
        Invalid: it is none, or names no artifact by its blake3 digest.
    """
    try:
        inner = json.loads(payload)
        if inner["_type"] != STATEMENT_TYPE:
            raise _no_envelope(f"its statement is not of the type {STATEMENT_TYPE}")
        named = [one["digest"]["blake3"] for one in inner["subject"] if "blake3" in one["digest"]]
        subjects = frozenset(Digest.parse(f"b3:{word}") for word in named)
        predicate, facts = inner["predicateType"], inner.get("predicate") or {}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _no_envelope(f"{type(error).__name__}: {str(error)[:100]}") from None
    if not isinstance(predicate, str) or not isinstance(facts, Mapping) or not subjects:
        raise _no_envelope("it does not say what it says of which artifact: subjects have a `blake3` digest of 64 digits")
    return Said(subjects, predicate, facts)


def _no_envelope(why: str) -> Invalid:
    return Invalid(
        "this is no attestation",
        why=why,
        next_step="give a DSSE envelope in JSON, with an in-toto statement about the digest that `remint show` prints",
    )


def parse_keys(table: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the public keys of the setting `keys`, by `key:NAME`.

    Raises:
        Invalid: one is no Ed25519 public key in 64 hexadecimal digits.
    """
    found = {}
    for name, text in table.items():
        require_name(name, what="key")
        try:
            raw = bytes.fromhex(text)
        except (TypeError, ValueError):
            raw = b""
        if len(raw) != 32:
            raise Invalid(
                f"keys.{name} is not understood",
                why="a key is an Ed25519 public key: 64 hexadecimal digits",
                next_step="mend [keys] in remint.toml",
            )
        found[f"{KEY}{name}"] = raw
    return found


# ---- gates


def signed(gate: Mapping[str, Any], attested: Sequence[Attested], *, now_us: int) -> tuple[bool, str]:
    """Judge whether somebody named signed something about an artifact.

    Args:
        gate: with `by`, and perhaps `predicate` and `max_days`.
        attested: what is signed about it, newest first, scans and cards too.
        now_us: the time.
    """
    by, wanted = gate["by"], gate.get("predicate", "")
    words = f" a statement {wanted}" if wanted else ""
    for one in attested:
        if one.by == by and one.predicate not in {SCANNED, DESCRIBED} and wanted in {"", one.predicate}:
            return _fresh(gate, one, now_us=now_us, words=f"{by} signed {one.predicate}")
    return False, f"{by} did not sign{words or ' it'}"


def scanned(gate: Mapping[str, Any], attested: Sequence[Attested], *, now_us: int) -> tuple[bool, str]:
    """Judge whether the newest scan by somebody named found nothing worse than is allowed.

    Args:
        gate: perhaps with `severity` (none), `by` (the scan made here) and `max_days`.
        attested: as in `signed`.
        now_us: the time.
    """
    by, allowed = gate.get("by", SCANNER), gate.get("severity", "none")
    for one in attested:
        if one.by != by or one.predicate not in {SCANNED, f"{PREDICATES}{SCANNED}/v1"}:
            continue
        flaws = one.facts.get("findings")
        found = scan.worst_of(flaws) if isinstance(flaws, list) else None
        if found is None:
            return False, f"the newest scan by {by} cannot be read"
        worst, what = found
        if scan.SEVERITIES.index(worst) > scan.SEVERITIES.index(allowed):
            return False, f"the scan by {by} found something {worst}: {what[0]} ({len(what)} in all)"
        return _fresh(gate, one, now_us=now_us, words=f"the scan by {by} found nothing above {allowed}")
    return False, f"it was never scanned by {by}"


def described(gate: Mapping[str, Any], attested: Sequence[Attested]) -> tuple[bool, str]:
    """Judge whether the newest card of an artifact has words under all headings of the gate."""
    for one in attested:
        if one.predicate == DESCRIBED:
            words = lacking(str(one.facts.get("card", "")), gate["headings"])
            return (False, f"its card has {', '.join(words)}") if words else (True, f"its card, by {one.by}, has all headings")
    return False, "it has no card"


def _fresh(gate: Mapping[str, Any], one: Attested, *, now_us: int, words: str) -> tuple[bool, str]:
    days = max(0, now_us - one.at_us) / DAY_US
    if "max_days" in gate and days > float(gate["max_days"]):
        return False, f"{words}, {days:.0f} days ago, more than {gate['max_days']}"
    return True, words
