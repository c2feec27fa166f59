"""Secrets: their values, and the records of who may use them."""

from typing import Protocol

from remint.core.secret import SecretStep


class Vault(Protocol):
    """Values of secrets, apart from all records. One name has a value for each time it was set."""

    def put(self, name: str, set_us: int, value: bytes) -> None:
        """Keep a value. Durable when it returns.

        Raises:
            Unavailable: the disk refused.
        """
        ...

    def get(self, name: str, set_us: int) -> bytes:
        """Return a value.

        Raises:
            NotFound: it is not here; permanent until it is set again.
        """
        ...

    def drop(self, name: str, *, but: int | None = None) -> None:
        """Remove every value of a name, or all but the one set at that time. Idempotent."""
        ...


class SecretRecords(Protocol):
    """What was done with secrets; insert-only. The contract of the methods is that of ports.catalog."""

    def add(self, step: SecretStep) -> None:
        """Record a step."""
        ...

    def steps(self, *, secret: str | None = None) -> list[SecretStep]:
        """Return all steps, oldest first: of one secret if given."""
        ...
