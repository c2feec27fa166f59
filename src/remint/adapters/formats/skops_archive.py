"""The outer layer of a skops file: a zip archive, read as if its author were an enemy."""

import io
import re
import struct
import zipfile
import zlib
from typing import Final, NoReturn

from remint.errors import Corrupt, LimitReached

MAX_BYTES: Final = 8 << 30
MAX_MEMBERS: Final = 1_000_000
SCHEMA: Final = "schema.json"
MAX_SCHEMA_BYTES: Final = 1 << 30
_NAME: Final = re.compile(r"schema\.json|[0-9]{1,24}\.np[yz]|[0-9a-f-]{36}\.bin")
_PACKING: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGE: Final = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError, KeyError)


class Archive:
    """The members of a skops file.

    Args:
        content: the bytes of the file.
        max_bytes: the largest sum of unpacked sizes.

    Raises:
        Corrupt: it is no zip archive, or its members are not those skops writes: a strange or doubled name, encryption, members
            that share bytes.
        LimitReached: it would unpack to more than `max_bytes`, or has more than a million members.
    """

    def __init__(self, content: bytes, *, max_bytes: int = MAX_BYTES) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except DAMAGE as error:
            refuse(f"it is no zip archive: {error}", error)
        self._members = {member.filename: member for member in self._zip.infolist()}
        self._unread = set(self._members)
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > max_bytes:
            raise LimitReached(
                "the model file was not opened",
                why=f"it has more than {MAX_MEMBERS} members, or they unpack to more than {max_bytes} bytes",
                next_step="check where the file comes from; such a file is made to fill a machine",
            )
        for member in members:
            self._require_ordinary(member)
        if len(members) != len(self._members):
            refuse("it has two members of one name")
        if sum(member.compress_size for member in members) > len(content):
            refuse("its members share bytes")
        if SCHEMA not in self._members or self._members[SCHEMA].file_size > MAX_SCHEMA_BYTES:
            refuse("it has no schema.json, or one of more than 1 GiB")

    def _require_ordinary(self, member: zipfile.ZipInfo) -> None:
        if not _NAME.fullmatch(member.filename):
            refuse(f"it has a member {member.filename[:80]!r}, which skops does not write")
        if member.flag_bits & 1 or member.compress_type not in _PACKING:
            refuse(f"its member {member.filename} is encrypted or packed in an unknown way")

    def read(self, name: object) -> bytes:
        """Return the bytes of a member; the archive checks their CRC.

        Raises:
            Corrupt: there is no such member, or it is damaged.
        """
        if not isinstance(name, str) or name not in self._members:
            refuse(f"its schema names a member {str(name)[:80]!r} that it does not have")
        self._unread.discard(name)
        try:
            return self._zip.read(name)
        except DAMAGE as error:
            refuse(f"its member {name} is damaged: {error}", error)

    def require_all_read(self) -> None:
        """Refuse an archive with members that nothing names."""
        if self._unread:
            refuse(f"nothing in its schema names {min(self._unread)}")


def refuse(why: str, cause: BaseException | None = None) -> NoReturn:
    """Raise the error of a damaged model file."""
    raise Corrupt(
        "the model file is damaged",
        why=why[:300],
        next_step="restore it from a remote or a backup, or make it again with `remint regenerate`",
    ) from cause
