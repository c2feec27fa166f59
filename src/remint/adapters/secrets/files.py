"""Values of secrets in files that only their owner may read.

They are not encrypted: whoever runs steps here must be able to read them, so a key would lie beside them. No step can reach the
folder, and no backup holds it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from remint.core.ref import require_name
from remint.errors import NotFound, Unavailable


class FileVault:
    """One file for each time a secret was set (see ports.secrets.Vault).

    Args:
        folder: where the files are; made when the first is set.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, set_us: int, value: bytes) -> None:
        """Keep a value: the whole of it has its name, or nothing has."""
        place = self._place(name, set_us)
        temporary = place.with_name(f"{place.name}.{os.getpid()}.new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(place)
            _sync(self._folder)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise Unavailable(
                f"secret {name} was not set",
                why=f"its value was not written: {error.strerror}",
                next_step="check the disk and the permissions of .remint/secrets, and try again",
            ) from error

    def get(self, name: str, set_us: int) -> bytes:
        """Return a value."""
        try:
            return self._place(name, set_us).read_bytes()
        except OSError as error:
            raise NotFound(
                f"the value of secret {name} is not here",
                why=f"{error.strerror}; backups do not hold the values of secrets",
                next_step=f"an owner sets it again: `remint secrets set {name}`",
            ) from error

    def drop(self, name: str, *, but: int | None = None) -> None:
        """Remove the values of a name."""
        kept = None if but is None else self._place(name, but)
        for place in self._values(name):
            if place != kept:
                place.unlink(missing_ok=True)

    def _values(self, name: str) -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError):
            yield from [Path(entry.path) for entry in os.scandir(self._folder) if entry.name.startswith(f"{name}@")]

    def _place(self, name: str, set_us: int) -> Path:
        return self._folder / f"{require_name(name, what='secret')}@{set_us}"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
