"""The state of the git checkout a project lives in, asked of the git binary."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

from remint.core import canonical
from remint.core.digest import Digest, FileHasher, digest_file, digest_record

_SEARCH = os.pathsep.join(["/usr/local/bin", "/opt/homebrew/bin", *os.defpath.split(os.pathsep)])
_TIMEOUT_S = 5
_DIFF = (
    *("diff", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=3"),
    *("--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short", "--ignore-submodules=none"),
)
"""A difference that no setting of a user or a repository can change."""
_OWN = (".", ":(exclude).remint")
_BRANCHES = ("heads", "remotes")
_UNTRACKED = (".py", ".toml", ".lock")
UNKNOWN = "unknown"
"""Stands for the digest of the difference when git could not tell in time: not clean, as far as is known."""


class GitCheckout:
    """The git binary (see ports.capture.Git). It takes no locks, and no difference is shown by a program a repository names.

    Args:
        search: folders to find git in, joined as in PATH.
    """

    def __init__(self, search: str = _SEARCH) -> None:
        self._git = shutil.which("git", path=search)
        self._environment = {
            "PATH": search,
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def state(self, root: Path) -> Mapping[str, str]:
        """Return commit, remote and the digest of the uncommitted difference below `root`; empty outside git."""
        if self._ask(root, "rev-parse", "--is-inside-work-tree") != "true":
            return {}
        commit = self._ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") or ""
        return {"commit": commit, "remote": _readable(self._remote(root)), "dirty": self._dirty(root, commit)}

    def contains(self, root: Path, commit: str, branch: str) -> bool:
        """Return whether a commit is reachable from a branch."""
        if not all(letter in "0123456789abcdef" for letter in commit) or not commit:
            return False
        tips = (self._ask(root, "rev-parse", "--verify", "--quiet", f"refs/{kind}/{branch}^{{commit}}") for kind in _BRANCHES)
        tip = next((tip for tip in tips if tip), None)
        return tip is not None and self._ask(root, "merge-base", "--is-ancestor", commit, tip) is not None

    def _remote(self, root: Path) -> str:
        names = (self._ask(root, "remote") or "").split()
        name = "origin" if "origin" in names else next(iter(names), "")
        address = self._ask(root, "config", "--get", f"remote.{name}.url") if name else None
        return f"{name} {without_credentials(address)}" if address else name

    def _dirty(self, root: Path, commit: str) -> str:
        against = commit or self._ask(root, "hash-object", "-t", "tree", "--stdin") or UNKNOWN
        difference = self._hashed(root, *_DIFF, against, "--", *_OWN)
        listed = self._ask(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *_OWN)
        if difference is None or listed is None:
            return UNKNOWN
        untracked = _digests(root, [name for name in sorted(listed.split("\0")) if name.endswith(_UNTRACKED)])
        if not difference.size_bytes and not untracked:
            return ""
        record = {"difference": difference.digest(), "untracked": untracked}
        return digest_record("uncommitted difference v1", [canonical.dumps(record)])

    def _ask(self, root: Path, *arguments: str) -> str | None:
        """Return what git prints, or None if it fails."""
        with tempfile.TemporaryFile() as output:
            return output.read().decode(errors="surrogateescape").strip() if self._run(root, arguments, output) else None

    def _hashed(self, root: Path, *arguments: str) -> FileHasher | None:
        """Return a digest of what git prints, however much it is, or None if it fails."""
        hasher = FileHasher()
        with tempfile.TemporaryFile() as output:
            if not self._run(root, arguments, output):
                return None
            while piece := output.read(1 << 20):
                hasher.update(piece)
        return hasher

    def _run(self, root: Path, arguments: tuple[str, ...], output: IO[bytes]) -> bool:
        if self._git is None:
            return False
        command = [self._git, "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        output.seek(0)
        return done.returncode == 0


def without_credentials(address: str) -> str:
    """Return the address of a remote without user, password and query.

    Example:
        >>> without_credentials("https://ana:secret@example.org/team/project.git?token=1")
        'https://example.org/team/project.git'
        >>> without_credentials("git@example.org:team/project.git")
        'example.org:team/project.git'
    """
    if "://" in address:
        try:
            parts = urlsplit(address)
        except ValueError:
            return ""
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    host, colon, path = address.partition(":")
    return host.rpartition("@")[2] + colon + path if colon and "/" not in host else address


def _digests(root: Path, names: list[str]) -> list[list[str]]:
    """Return name and digest of files; one that vanished in the meantime is left out."""
    found: list[list[str]] = []
    for name in names:
        try:
            digest: Digest = digest_file(root / name)
        except OSError:
            continue
        found.append([_readable(name), digest])
    return found


def _readable(text: str) -> str:
    """Return a text from git with bytes that are no UTF-8 written out, for records hold valid Unicode only."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
