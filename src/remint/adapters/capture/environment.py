"""The environment a project's lock declares, and the one that is really there."""

import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from remint.adapters.capture.filedigests import FileDigests
from remint.adapters.capture.hardware import libc, platform_tag, this_cpu
from remint.adapters.capture.lock import normal_name, read_lock
from remint.adapters.capture.markers import applies, release, this_machine
from remint.core.artifact import Kind, record_digest
from remint.core.digest import Digest, digest_record
from remint.errors import NotFound
from remint.ports.capture import Declared

_GONE = "gone"
"""Stands for the digest of a library whose file is no longer there."""


class LockedEnvironment:
    """A project's lock and the running interpreter (see ports.capture.Environment).

    Args:
        root: the project's folder.
        lock_name: the lock, relative to `root`.
        cache: a file that keeps digests of installed files between processes; None for none.
    """

    def __init__(self, root: Path, lock_name: str = "requirements.lock", *, cache: Path | None = None) -> None:
        self._lock = root / lock_name
        self._lock_name = lock_name
        self._files = FileDigests(cache)
        self._records: dict[Path, tuple[Digest | None, Digest | None]] = {}

    def declared(self) -> Declared:
        """Return the environment the project's lock declares."""
        content = self._content()
        pins = read_lock(content, self._lock_name)
        facts = {
            "python": platform.python_version(),
            "implementation": sys.implementation.name,
            "platform": platform_tag(),
        }
        distributions = [[pin.name, pin.version, pin.marker, list(pin.hashes)] for pin in pins]
        record = {**facts, "distributions": distributions}
        return Declared(record_digest(Kind.ENVIRONMENT, record), record, {**facts, "distributions": len(pins)})

    def differences(self) -> list[str]:
        """Return, in words, where the installed distributions differ from the lock; empty if they do not."""
        values = this_machine()
        found: list[str] = []
        for pin in read_lock(self._content(), self._lock_name):
            if not applies(pin.marker, values):
                continue
            try:
                installed = importlib.metadata.version(pin.name)
            except importlib.metadata.PackageNotFoundError:
                found.append(f"{pin.name} {pin.version} is not installed")
                continue
            if not _is_same_version(installed, pin.version):
                found.append(f"{pin.name} is {installed}, the lock says {pin.version}")
        return found

    def observed(self, libraries: tuple[str, ...]) -> Mapping[str, Any]:
        """Return what is installed and loaded; reading it again costs one look at each file."""
        seen = {
            "python": {
                "version": platform.python_version(),
                "implementation": sys.implementation.name,
                "build": " ".join((*platform.python_build(), platform.python_compiler())),
                "binary": self._files.digest(str(Path(sys.executable).resolve())) or _GONE,
            },
            "platform": platform_tag(),
            "cpu": this_cpu(),
            "libc": libc(),
            "distributions": dict(sorted(self._distributions())),
            "libraries": self._libraries(libraries),
        }
        self._files.save()
        return seen

    def _content(self) -> bytes:
        try:
            return self._lock.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(
                f"there is no {self._lock_name}",
                why="a run is repeatable only if its environment is pinned by hash",
                next_step="pin what is installed: "
                f"`uv pip freeze | uv pip compile --generate-hashes --no-deps - -o {self._lock_name}`",
                file=self._lock_name,
            ) from None

    def _distributions(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield name, version and digest of the RECORD of every installed distribution; the first on the path counts."""
        met: set[str] = set()
        for place in dict.fromkeys(sys.path):
            for folder in sorted(Path(place).glob("*.dist-info")) if place else ():
                written, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
                name = normal_name(written)
                if name and name not in met:
                    met.add(name)
                    yield name, {"version": version, "record": self._record(folder) or ""}

    def _record(self, folder: Path) -> Digest | None:
        """Return a digest of a RECORD that does not depend on where it is installed; None if it has none.

        Left out are scripts and other files outside the packages (they name the interpreter's folder), compiled bytecode, and
        what the installer writes about itself.
        """
        path = folder / "RECORD"
        now = self._files.digest(str(path))
        kept = self._records.get(path)
        if now is None or (kept is not None and kept[0] == now):
            return kept[1] if kept is not None and now is not None else None
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        named = sorted(line for line in lines if line.strip() and not _LOCAL.search(line.rpartition(",sha256=")[0] or line))
        encoded = [f"{len(line.encode(errors='surrogateescape'))}:{line}".encode(errors="surrogateescape") for line in named]
        digest = digest_record("distribution record v1", encoded)
        self._records[path] = (now, digest)
        return digest

    def _libraries(self, paths: tuple[str, ...]) -> dict[str, str]:
        """Return the digest of every library by a name that says nothing about this machine's folders."""
        found: dict[str, set[str]] = {}
        for path in paths:
            if Path(path).is_absolute():
                bare = path.removesuffix(" (deleted)")
                digest = self._files.digest(bare) if bare == path else None
                found.setdefault(_library_name(bare), set()).add(digest or _GONE)
        names: dict[str, str] = {}
        for name, digests in sorted(found.items()):
            for place, one in enumerate(sorted(digests)):
                names[name if place == 0 else f"{name} ({place + 1})"] = one
        return names


_LOCAL = re.compile(r"^\.\./|^/|\.pyc\b|\.pth\b|\.dist-info/(?:RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_\w+\.json)\b")
_INSTALLED = re.compile(r".*/(?:site-packages|dist-packages)/(.+)")
_STANDARD = re.compile(r".*/(lib-dynload/[^/]+)")


def _library_name(path: str) -> str:
    """Return the name of a library relative to where distributions are installed, or its file name elsewhere.

    Example:
        >>> _library_name("/opt/env/lib/python3.11/site-packages/numpy.libs/libblas.so")
        'numpy.libs/libblas.so'
        >>> _library_name("/usr/lib/libm.so.6")
        'libm.so.6'
    """
    found = _INSTALLED.fullmatch(path) or _STANDARD.fullmatch(path)
    return found[1] if found else path.rpartition("/")[2]


def _is_same_version(left: str, right: str) -> bool:
    """Return whether two spellings mean one version: case, and zeros at the end of the release, do not matter."""
    size = max(len(release(left)), len(release(right)))
    tails = [re.sub(r"^\d+(?:\.\d+)*", "", text.lower()) for text in (left, right)]
    return tails[0] == tails[1] and release(left, at_least=size) == release(right, at_least=size)
