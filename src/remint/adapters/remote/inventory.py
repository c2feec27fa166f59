"""The inventory and secrets on a server."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from remint.adapters.remote.connection import AT, MOST, Connection, words
from remint.core.external import Service
from remint.core.inventory import Item, Listed
from remint.core.ref import PRODUCTION, parse_ref
from remint.core.secret import Secret
from remint.ports.usecases.context import Context
from remint.ports.usecases.externals import Registered


@dataclass(frozen=True, slots=True)
class _Refs:
    refs: list[Listed]


@dataclass(frozen=True, slots=True)
class _Ref:
    listed: Listed
    items: list[Item]


@dataclass(frozen=True, slots=True)
class _Secrets:
    secrets: list[Secret]


@dataclass(frozen=True)
class RemoteInventory:
    """See ports.usecases.inventory.Inventories."""

    connection: Connection

    def set(self, _context: Context, ref: str, **facts: str | None) -> Listed:
        """Say who answers for a ref, and what it is for."""
        return self.connection.call("PUT", _path(ref), Listed, body={name: fact for name, fact in facts.items() if fact})

    def show(self, ref: str) -> Listed:
        """Return who answers for a ref."""
        return self.connection.call("GET", _path(ref), _Ref).listed

    def list(self, *, kind: str = "", orphaned: bool = False) -> Sequence[Listed]:
        """Return what is in main and who answers for it."""
        query = {"kind": kind, "orphaned": "true" if orphaned else "", **MOST}
        return self.connection.call("GET", "/inventory", _Refs, query=query).refs

    def history(self, ref: str) -> Sequence[Item]:
        """Return what was said of a ref, newest first."""
        return self.connection.call("GET", _path(ref), _Ref).items


@dataclass(frozen=True)
class RemoteExternals:
    """See ports.usecases.externals.Externals."""

    connection: Connection

    def register(self, context: Context, ref: str, service: Service) -> Registered:
        """Point a ref at the definition of a model that somebody else runs."""
        body = {"ref": ref, **asdict(service)}
        return self.connection.call("POST", "/externals", Registered, body=body, headers={AT: context.workspace})


@dataclass(frozen=True)
class RemoteSecrets:
    """See ports.usecases.secrets.Secrets."""

    connection: Connection

    def set(self, _context: Context, name: str, value: bytes, *, about: str = "") -> Secret:
        """Set the value of a secret."""
        body = {"value": value.decode(errors="surrogatepass"), "about": about}
        return self.connection.call("PUT", words("secrets", name), Secret, body=body)

    def grant(self, _context: Context, name: str, whom: str, *, workspace: str = PRODUCTION, profile: str = "") -> Secret:
        """Let a principal use a secret."""
        body = {"workspace": workspace, "profile": profile}
        return self.connection.call("PUT", words("secrets", name, "grants", whom), Secret, body=body)

    def revoke(self, _context: Context, name: str, whom: str) -> Secret:
        """Take every grant from a principal."""
        return self.connection.call("DELETE", words("secrets", name, "grants", whom), Secret)

    def remove(self, _context: Context, name: str) -> None:
        """Remove a secret and its value."""
        self.connection.call("DELETE", words("secrets", name), dict[str, str])

    def list(self) -> Sequence[Secret]:
        """Return all secrets, without their values."""
        return self.connection.call("GET", "/secrets", _Secrets, query=MOST).secrets


def _path(ref: str) -> str:
    name, _ = parse_ref(ref)
    return words("inventory", name.kind, name.name)
