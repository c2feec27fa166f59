"""Uploads: bytes on their way in. Nothing refers to them before all are here and are what their digest says."""

from dataclasses import dataclass

from remint.core.digest import Digest
from remint.core.ids import PrincipalId

DAY_US = 86_400_000_000
MOST_OPEN = 1_000
"""How many uploads one principal may have under way."""

MOST_BYTES = 1 << 40


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload.

    Attributes:
        id: UUIDv7.
        owner: who began it; nobody else sees it.
        digest: of the bytes it is to be.
        size_bytes: of the whole.
        offset: how many bytes are here.
        complete: whether all are here and are what the digest says.
    """

    id: str
    owner: PrincipalId
    digest: Digest
    size_bytes: int
    at_us: int
    offset: int = 0
    complete: bool = False
