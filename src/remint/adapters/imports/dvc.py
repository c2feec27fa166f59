"""DVC repositories: outputs of `.dvc` files and of `dvc.lock`, through the history of git, with bytes from the local cache.

Sources:
    Layout of the cache and of the files as DVC 3 writes them: `files/md5/AB/REST`, a folder as a JSON list under a name that
    ends in `.dir`. DVC 2 kept `AB/REST` and hashed texts with their line ends changed, so its files are not checked.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remint.errors import Corrupt, Invalid, Unavailable
from remint.ports.imports import ImportedVersion

PIECE_BYTES = 1 << 20
TIMEOUT_S = 600
_FOLDER = ".dir"


@dataclass(frozen=True, slots=True)
class _Commit:
    revision: str
    author: str
    message: str


@dataclass(frozen=True, slots=True)
class _Out:
    """An output as DVC records it: where it is in the repository, and the MD5 of its content."""

    path: str
    md5: str
    is_checked: bool


class DvcRepository:
    """A DVC repository on this machine (see ports.imports.Repository).

    Args:
        root: its folder, with `.dvc/` in it.
        cache: its cache, if it is not `.dvc/cache`.
    """

    def __init__(self, root: Path, *, cache: Path | None = None) -> None:
        self._root = root
        self._cache = cache or root / ".dvc" / "cache"
        self._yaml = _yaml()
        if not (root / ".dvc").is_dir():
            raise Invalid(
                f"{root.name} was not imported", why="it has no folder .dvc", next_step="name the root of a DVC repository"
            )

    def versions(self) -> Iterator[ImportedVersion]:
        """Yield every version of every tracked path, oldest first."""
        last: dict[str, str] = {}
        for commit, files in self._revisions():
            for name, content in files:
                for out in self._outs(name, content):
                    if last.get(out.path) != out.md5:
                        last[out.path] = out.md5
                        yield self._version(out, commit)

    def _revisions(self) -> Iterator[tuple[_Commit, Iterator[tuple[str, bytes]]]]:
        """Yield each commit that changed what DVC tracks, with the files that say so; then what is not committed."""
        if (self._root / ".git").exists():
            listed = self._git("log", "--reverse", "--first-parent", "-z", "--format=%H%x1f%an%x1f%s", "--", *_SPECS)
            for line in listed.decode(errors="replace").split("\0"):
                if line.strip():
                    revision, author, message = line.strip().split("\x1f", 2)
                    yield _Commit(revision, author, message), self._committed(revision)
        yield _Commit("", "", "as it was found"), self._found()

    def _committed(self, revision: str) -> Iterator[tuple[str, bytes]]:
        listed = self._git("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision).decode(errors="surrogateescape")
        for name in sorted(filter(_is_dvc, listed.split("\0"))):
            yield name, self._git("cat-file", "blob", f"{revision}:{name}")

    def _found(self) -> Iterator[tuple[str, bytes]]:
        for place in sorted(self._root.rglob("*")):
            name = place.relative_to(self._root).as_posix()
            if _is_dvc(name) and place.is_file() and not name.startswith((".dvc/", ".git/")):
                yield name, place.read_bytes()

    def _git(self, *arguments: str) -> bytes:
        git = shutil.which("git")
        if git is None:
            raise Unavailable("nothing was imported", why="git is not installed", next_step="install git, then try again")
        done = subprocess.run(
            [git, "-C", str(self._root), *_HARMLESS, *arguments], capture_output=True, check=False, timeout=TIMEOUT_S
        )
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise Invalid(
                "nothing was imported",
                why=f"git said: {reason[0] if reason else done.returncode}",
                next_step="mend the repository",
            )
        return done.stdout

    def _outs(self, name: str, content: bytes) -> Iterator[_Out]:
        folder = name.rpartition("/")[0]
        try:
            read = self._yaml.safe_load(content)
            stages = read.get("stages", {}).values() if name.endswith("dvc.lock") else [read]
            for stage in stages:
                for out in stage.get("outs") or ():
                    if out.get("md5"):
                        path = f"{folder}/{out['path']}" if folder else str(out["path"])
                        yield _Out(path, str(out["md5"]), out.get("hash") == "md5")
        except (self._yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
            raise Invalid(
                f"{name} was not imported", why=f"it is not written as DVC writes it ({error})", next_step="mend it"
            ) from error

    def _version(self, out: _Out, commit: _Commit) -> ImportedVersion:
        files: list[tuple[str, Path]] = []
        missing: list[str] = []
        if out.md5.endswith(_FOLDER):
            entries = self._entries(out)
            if entries is None:
                missing.append(out.path)
            for entry in entries or ():
                self._take(str(entry["relpath"]), str(entry["md5"]), files, missing, is_checked=out.is_checked)
        else:
            self._take(out.path.rpartition("/")[2], out.md5, files, missing, is_checked=out.is_checked)
        return ImportedVersion(out.path, files, missing, commit.revision, commit.author, commit.message)

    def _entries(self, out: _Out) -> list[Mapping[str, Any]] | None:
        place = self._place(out.md5.removesuffix(_FOLDER), ending=_FOLDER)
        if place is None:
            return None
        content = place.read_bytes()
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != out.md5.removesuffix(_FOLDER):
            raise _altered(out.path)
        entries: list[Mapping[str, Any]] = json.loads(content)
        return entries

    def _take(self, name: str, md5: str, files: list[tuple[str, Path]], missing: list[str], *, is_checked: bool) -> None:
        place = self._place(md5)
        if place is None:
            missing.append(name)
            return
        if is_checked and _md5(place) != md5:
            raise _altered(name)
        files.append((name, place))

    def _place(self, md5: str, *, ending: str = "") -> Path | None:
        rest = f"{md5[:2]}/{md5[2:]}{ending}"
        return next((place for place in (self._cache / "files" / "md5" / rest, self._cache / rest) if place.is_file()), None)


_HARMLESS = ("-c", "log.showSignature=false", "-c", "core.fsmonitor=false")
"""So that git starts no program which a repository names."""

_SPECS = ("*.dvc", "dvc.lock", "*/dvc.lock")


def _is_dvc(name: str) -> bool:
    return name.endswith((".dvc", "/dvc.lock")) or name == "dvc.lock"


def _md5(place: Path) -> str:
    hasher = hashlib.md5(usedforsecurity=False)
    with place.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            hasher.update(piece)
    return hasher.hexdigest()


def _altered(name: str) -> Corrupt:
    return Corrupt(
        f"{name!a} was not imported",
        why="its bytes in the cache of DVC do not have the MD5 that DVC recorded",
        next_step="run `dvc fetch` for it, or restore the cache",
    )


def _yaml() -> Any:  # noqa: ANN401 - a module
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError as error:
        raise Unavailable(
            "nothing was imported",
            why="reading the files of DVC needs PyYAML, which is not installed",
            next_step="install it: `pip install 'remint[dvc]'`",
        ) from error
    return yaml
