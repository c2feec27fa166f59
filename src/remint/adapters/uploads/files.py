"""Uploads as files: a folder each, with its record, and its bytes under one name until they are complete and another after."""

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from remint.core.digest import Digest, digest_file
from remint.core.ids import PrincipalId
from remint.core.upload import Upload
from remint.errors import Conflict, Invalid, NotFound, Unavailable

RECORD, GROWING, WHOLE = "upload.json", "growing", "whole"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass
class FileAppending:
    """See ports.uploads.Appending."""

    uploads: "FileUploads"
    upload: Upload
    file: int
    at: int

    def write(self, content: bytes) -> None:
        """Put bytes after the last one."""
        if self.at + len(content) > self.upload.size_bytes:
            raise Invalid(
                "the bytes were refused",
                why=f"upload {self.upload.id} was said to have {self.upload.size_bytes} bytes, and these are more",
                next_step="begin another upload with the right size",
            )
        with _disk():
            view = memoryview(content)
            while view:
                written = os.write(self.file, view)
                self.at += written
                view = view[written:]

    def close(self) -> Upload:
        """Let go of it, and return how it stands."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
        return replace(self.upload, offset=self.at)


@dataclass(frozen=True)
class FileUploads:
    """See ports.uploads.Uploads."""

    folder: Path

    def add(self, upload: Upload) -> None:
        """Begin an upload."""
        place = self.folder / upload.id
        with _disk():
            place.mkdir(parents=True)
            (place / GROWING).touch()
            record = {"owner": upload.owner, "digest": upload.digest, "size_bytes": upload.size_bytes, "at_us": upload.at_us}
            part = place / "upload.part"
            part.write_text(json.dumps(record), encoding="utf-8")
            part.rename(place / RECORD)

    def get(self, upload_id: str) -> Upload | None:
        """Return an upload as it stands, or None."""
        if not _ID.fullmatch(upload_id):
            return None
        place = self.folder / upload_id
        try:
            record = json.loads((place / RECORD).read_text(encoding="utf-8"))
            complete = (place / WHOLE).exists()
            offset = (place / (WHOLE if complete else GROWING)).stat().st_size
        except FileNotFoundError:  # it was removed meanwhile, or never began
            return None
        return Upload(
            upload_id,
            PrincipalId(record["owner"]),
            Digest.parse(record["digest"]),
            record["size_bytes"],
            record["at_us"],
            offset,
            complete,
        )

    def of(self, owner: str) -> Sequence[Upload]:
        """Return the uploads of a principal, oldest first."""
        found = (self.get(name) for name in self._names())
        return [upload for upload in found if upload is not None and upload.owner == owner]

    def _names(self) -> Sequence[str]:
        return sorted(place.name for place in self.folder.iterdir()) if self.folder.is_dir() else []

    def append(self, upload: Upload, *, offset: int) -> FileAppending:
        """Hold the end of an upload."""
        file = self._held(upload, os.O_WRONLY | os.O_APPEND)
        end = os.fstat(file).st_size
        if end != offset:
            os.close(file)
            raise Conflict(
                "the bytes were refused",
                why=f"{end} bytes of upload {upload.id} are here, and these begin at {offset}",
                next_step=f"go on from {end}",
                offset=end,
            )
        return FileAppending(self, upload, file, end)

    def _held(self, upload: Upload, flags: int) -> int:
        try:
            file = os.open(self.folder / upload.id / GROWING, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            if (self.folder / upload.id / WHOLE).exists():
                raise Conflict(
                    "the bytes were refused", why=f"upload {upload.id} is complete", next_step="begin another one"
                ) from None
            raise _gone(upload) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise Conflict(
                "the bytes were refused",
                why=f"another request writes to upload {upload.id}",
                next_step="ask how far it is, and go on from there",
            ) from None
        return file

    def complete(self, upload: Upload) -> Upload:
        """Compare the bytes with their digest, and close the upload for good."""
        place = self.folder / upload.id
        if (place / WHOLE).exists():
            return replace(upload, offset=upload.size_bytes, complete=True)
        file = self._held(upload, os.O_RDONLY)
        try:
            size_bytes = os.fstat(file).st_size
            if size_bytes != upload.size_bytes:
                raise Conflict(
                    f"upload {upload.id} is not complete",
                    why=f"{size_bytes} of {upload.size_bytes} bytes are here",
                    next_step=f"go on from {size_bytes}",
                    offset=size_bytes,
                )
            found = digest_file(place / GROWING)
            if found != upload.digest:
                self.remove(upload.id)
                raise Invalid(
                    f"upload {upload.id} was thrown away",
                    why=f"its bytes make {found}, and {upload.digest} was said",
                    next_step="upload the file again",
                )
            with _disk():
                (place / GROWING).rename(place / WHOLE)
        finally:
            os.close(file)
        return replace(upload, offset=size_bytes, complete=True)

    def path(self, upload: Upload) -> Path:
        """Return the file of a complete upload."""
        return self.folder / upload.id / WHOLE

    def remove(self, upload_id: str) -> None:
        """Forget an upload."""
        if _ID.fullmatch(upload_id):
            shutil.rmtree(self.folder / upload_id, ignore_errors=True)

    def sweep(self, *, before_us: int) -> None:
        """Forget the uploads that were begun before a time; one whose record was never written counts by its folder."""
        for name in self._names():
            upload = self.get(name)
            try:
                begun_us = upload.at_us if upload else (self.folder / name).stat().st_mtime_ns // 1000
            except FileNotFoundError:  # somebody else swept it
                continue
            if begun_us < before_us:
                self.remove(name)


def _gone(upload: Upload) -> NotFound:
    return NotFound(
        f"upload {upload.id} was not found", why="it was removed, or is older than a day", next_step="begin another one"
    )


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}:
            raise
        raise Unavailable(
            "the bytes were not kept", why=str(error.strerror), next_step="make room on the server's disk, and go on"
        ) from error
