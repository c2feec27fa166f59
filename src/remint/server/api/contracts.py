"""Routes of data contracts."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from remint.core.contract import Contract
from remint.ports.usecases.contracts import Checked, Set
from remint.server.routes import Call, NoBody, NoQuery, Row, Word

MOST_BYTES = 1 << 20


class ContractQuery(Struct, forbid_unknown_fields=True):
    """Which contract."""

    ref: Word


class NewContract(Struct, forbid_unknown_fields=True):
    """A contract, as the text of its JSON."""

    ref: Word
    content: Annotated[str, Meta(max_length=MOST_BYTES)]


class Draft(Struct, forbid_unknown_fields=True):
    """A table, and what is known of it."""

    table: Word
    key: Annotated[list[Word], Meta(max_length=100)] = []
    time: Word = ""


class Check(Struct, forbid_unknown_fields=True):
    """A table and the contract to check it against; each a ref or a version of one."""

    table: Word
    contract: Word


@dataclass(frozen=True, slots=True)
class ContractText:
    """A contract, as the text of its canonical JSON."""

    content: str


def _text(contract: Contract) -> ContractText:
    return ContractText(contract.to_json().decode())


def _show(call: Call[ContractQuery, NoBody]) -> ContractText:
    return _text(call.app.contracts.show(call.context, call.query.ref))


def _draft(call: Call[NoQuery, Draft]) -> ContractText:
    body = call.body
    return _text(call.app.contracts.draft(call.context, body.table, key=body.key, time=body.time))


def _set(call: Call[NoQuery, NewContract]) -> Set:
    return call.app.contracts.set(call.context, call.body.ref, call.body.content.encode())


def _check(call: Call[NoQuery, Check]) -> Checked:
    return call.app.contracts.check(call.context, call.body.table, call.body.contract)


ROWS = (
    Row("GET", "/contracts", "catalog:read", "Show a contract", _show, ContractText, ContractQuery),
    Row("POST", "/contracts", "artifact:add", "Point a ref at a contract", _set, Set, body=NewContract, status=201),
    Row("POST", "/contracts/draft", "artifact:read", "Draft a contract of a table", _draft, ContractText, body=Draft),
    Row("POST", "/contracts/check", "evidence:sign", "Check a table against a contract", _check, Checked, body=Check),
)
