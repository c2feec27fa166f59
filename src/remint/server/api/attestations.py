"""Routes of what is signed about artifacts: statements, scans, cards."""

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from remint.core.attestation import LONGEST_BYTES, Attested
from remint.core.card import LONGEST
from remint.core.digest import Digest
from remint.ports.usecases.attestations import Card, Scan
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


@dataclass(frozen=True, slots=True)
class AttestedList:
    """What is signed about an artifact, newest first."""

    attested: list[Attested]


class NewStatement(Struct, forbid_unknown_fields=True):
    """What the caller signs, by a name, with more words."""

    predicate: Word
    note: Annotated[str, Meta(max_length=2000)] = ""


class NewEnvelope(Struct, forbid_unknown_fields=True):
    """A DSSE envelope, as the text of its JSON."""

    envelope: Annotated[str, Meta(max_length=LONGEST_BYTES)]


class NewCard(Struct, forbid_unknown_fields=True):
    """A card, in Markdown."""

    text: Annotated[str, Meta(max_length=LONGEST)]


def _digest(call: Call[Any, Any]) -> Digest:
    digest = Digest.parse(call.path["digest"])
    call.app.sight.require_artifact(call.context, digest)
    return digest


def _list(call: Call[NoQuery, NoBody]) -> AttestedList:
    return AttestedList(list(call.app.attestations.list(_digest(call))))


def _sign(call: Call[NoQuery, NewStatement]) -> Attested:
    body = call.body
    return call.app.attestations.sign(call.context, _digest(call), predicate=body.predicate, note=body.note)


def _add(call: Call[NoQuery, NewEnvelope]) -> Attested:
    return call.app.attestations.add(call.context, _digest(call), call.body.envelope.encode(errors="surrogatepass"))


def _scan(call: Call[NoQuery, NoBody]) -> Scan:
    return call.app.attestations.scan(call.context, _digest(call))


def _card(call: Call[NoQuery, NoBody]) -> Card:
    return call.app.attestations.card(_digest(call))


def _set_card(call: Call[NoQuery, NewCard]) -> Card:
    return call.app.attestations.set_card(call.context, _digest(call), call.body.text)


_ONE, _NAMED = "/artifacts/{digest}", "artifact {digest}"
ROWS = (
    Row(
        "GET", _ONE + "/evidence", "catalog:read", "List what is signed about an artifact", _list, AttestedList, resource=_NAMED
    ),
    Row(
        *("POST", _ONE + "/evidence", "evidence:sign", "Sign a statement about an artifact", _sign, Attested),
        body=NewStatement,
        status=201,
        resource=_NAMED,
    ),
    Row(
        *("POST", _ONE + "/envelopes", "evidence:add", "Add what somebody signed elsewhere", _add, Attested),
        body=NewEnvelope,
        status=201,
        resource=_NAMED,
    ),
    Row(
        *("POST", _ONE + "/scans", "evidence:sign", "Look for what runs when an artifact is loaded", _scan, Scan),
        status=201,
        resource=_NAMED,
    ),
    Row(
        "GET",
        _ONE + "/card",
        "catalog:read",
        "Show what is recorded and written about an artifact",
        _card,
        Card,
        resource=_NAMED,
    ),
    Row("PUT", _ONE + "/card", "evidence:sign", "Keep a card", _set_card, Card, body=NewCard, resource=_NAMED),
)
