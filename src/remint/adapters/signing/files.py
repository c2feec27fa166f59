"""Keys in files that only their owner may read.

Whoever can read a key file can act as its principal: in embedded mode access to files is trust, and Remint says so.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from remint.core.ids import PrincipalId
from remint.core.ref import require_name
from remint.errors import Denied

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def key_path(folder: Path, principal: str) -> Path:
    """Return the file that holds the key of a principal."""
    return folder / f"{principal}.key"


class FileKeys:
    """One file a principal (see ports.signing.Keys).

    Args:
        folder: where the files are; made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, principal: PrincipalId) -> bytes:
        """Make a key for a principal and return its public half."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._place(principal)
        if not place.exists():
            temporary = place.with_suffix(f".{os.getpid()}.new")
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, place)  # unlike a rename, never replaces a key that another process made meanwhile
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        return self._key(principal).public_key().public_bytes_raw()

    def holds(self, principal: PrincipalId) -> bool:
        """Return whether a key of a principal is here and may be read."""
        return os.access(self._place(principal), os.R_OK)

    def sign(self, principal: PrincipalId, message: bytes) -> bytes:
        """Return the signature of a message."""
        return self._key(principal).sign(message)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Return whether a signature is right."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _place(self, principal: PrincipalId) -> Path:
        return key_path(self._folder, require_name(principal, what="principal"))

    def _key(self, principal: PrincipalId) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            text = self._place(principal).read_text()
        except (FileNotFoundError, PermissionError):
            raise Denied(
                f"you cannot act as {principal}",
                why=f"there is no readable key of {principal} in .remint/keys",
                next_step=f"make the principal: `remint principals create {principal}`, or act as another with --as",
                rule="own-key",
            ) from None
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.strip()))
