"""Data contracts on a server."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.adapters.remote.connection import AT, Connection
from remint.core.contract import Contract
from remint.errors import Invalid
from remint.ports.usecases.context import Context
from remint.ports.usecases.contracts import Checked, Set


@dataclass(frozen=True, slots=True)
class _Text:
    content: str


@dataclass(frozen=True)
class RemoteContracts:
    """See ports.usecases.contracts.Contracts."""

    connection: Connection

    def draft(self, context: Context, table: str, *, key: Sequence[str] = (), time: str = "") -> Contract:
        """Return a contract that says what can be seen of a table."""
        body = {"table": table, "key": list(key), "time": time}
        return _contract(self.connection.call("POST", "/contracts/draft", _Text, body=body, headers=_at(context)))

    def set(self, context: Context, ref: str, content: bytes) -> Set:
        """Point a ref at a contract."""
        try:
            body = {"ref": ref, "content": content.decode()}
        except UnicodeDecodeError as error:
            raise Invalid("the content is not a data contract", why=str(error), next_step="give JSON in UTF-8") from error
        return self.connection.call("POST", "/contracts", Set, body=body, headers=_at(context))

    def show(self, context: Context, ref: str) -> Contract:
        """Return the contract that a ref or a version of one means."""
        return _contract(self.connection.call("GET", "/contracts", _Text, query={"ref": ref}, headers=_at(context)))

    def check(self, context: Context, table: str, contract: str) -> Checked:
        """Check a table against a contract and sign what was found."""
        body = {"table": table, "contract": contract}
        return self.connection.call("POST", "/contracts/check", Checked, body=body, headers=_at(context))


def _contract(told: _Text) -> Contract:
    return Contract.from_json(told.content.encode())


def _at(context: Context) -> dict[str, str]:
    return {AT: context.workspace}
