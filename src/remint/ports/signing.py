"""Keys and signatures."""

from typing import Protocol

from remint.core.ids import PrincipalId


class Keys(Protocol):
    """Ed25519 keys of local principals."""

    def create(self, principal: PrincipalId) -> bytes:
        """Make a key for a principal and return its public half, 32 bytes. Durable when it returns.

        Idempotent: where a key exists, its public half is returned and nothing is written.
        """
        ...

    def holds(self, principal: PrincipalId) -> bool:
        """Return whether a key of a principal is here and may be read."""
        ...

    def sign(self, principal: PrincipalId, message: bytes) -> bytes:
        """Return the signature of `message`, 64 bytes.

        Raises:
            Denied: there is no key of that principal here (permanent until one is put there).
        """
        ...

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Return whether `signature` is one of `message` by the key whose public half is given."""
        ...
