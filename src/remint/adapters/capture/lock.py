"""A hash-pinned lock in the form that `uv pip compile --generate-hashes` writes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from remint.adapters.capture.markers import normal_marker
from remint.errors import Invalid

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*={2,3}\s*(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)"
    r"\s*(?:;(?P<marker>.*))?"
)
_HASH = re.compile(r"\s--hash[= ]\s*(\S+)")
_SIZES = {"sha256": 64, "sha384": 96, "sha512": 128}
_SOURCES = (
    "--index-url",
    "-i ",
    "--extra-index-url",
    "--find-links",
    "-f ",
    "--no-index",
    "--only-binary",
    "--no-binary",
    "--default-index",
    "--index ",
)
"""Options that say where files come from; the hashes say which files."""


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """One pinned distribution.

    Attributes:
        name: in the one spelling of packaging: lower case, runs of `-_.` as one `-`.
        version: exactly as written.
        marker: when it applies, in one spelling; empty for always.
        hashes: `sha256:` and hex digits, sorted.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def read_lock(content: bytes, name: str) -> list[Pin]:
    """Return the pins of a lock, sorted.

    Args:
        content: of the lock.
        name: what messages call it.

    Raises:
        Invalid: a line has no exact version or no hash, or cannot be read; the message names the line.

    Example:
        >>> text = f"Some_Lib==1.0 ; os_name=='nt' \\\\\\n    --hash=sha256:{'0' * 64}  # via x"
        >>> pin = read_lock(text.encode(), "requirements.lock")[0]
        >>> pin.name, pin.version, pin.marker
        ('some-lib', '1.0', "os_name == 'nt'")
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(name, content[: error.start].count(b"\n") + 1, "it is not UTF-8")
    pins: dict[tuple[str, str], Pin] = {}
    for line, entry in _logical_lines(text):
        if entry.startswith(_SOURCES):
            continue
        pin = _pin(entry, name, line)
        if (pin.name, pin.marker) in pins:
            _refuse(name, line, f"{pin.name} is pinned twice")
        pins[pin.name, pin.marker] = pin
    return sorted(pins.values())


def normal_name(name: str) -> str:
    """Return the name of a distribution in its one spelling.

    Example:
        >>> normal_name("Scikit__Learn")
        'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first line number and the text of each entry: comments cut off, lines that end in a backslash joined."""
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), 1):
        if not parts:
            start = number
        bare = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        is_continued = bare.endswith("\\")
        parts.append(bare.removesuffix("\\"))
        if not is_continued:
            entry = " ".join(part.strip() for part in parts).strip()
            parts = []
            if entry:
                yield start, entry
    if " ".join(parts).strip():
        yield start, " ".join(part.strip() for part in parts).strip()


def _pin(entry: str, name: str, line: int) -> Pin:
    hashes = sorted({found.lower() for found in _HASH.findall(entry)})
    requirement = _HASH.sub("", entry).strip()
    found = _REQUIREMENT.fullmatch(requirement)
    if found is None:
        _refuse(name, line, f"{requirement[:60]!r} does not pin one exact version")
    if not hashes:
        _refuse(name, line, f"{found['name']} has no hash")
    for item in hashes:
        algorithm, _, digits = item.partition(":")
        if len(digits) != _SIZES.get(algorithm) or not re.fullmatch("[0-9a-f]+", digits):
            _refuse(name, line, f"{item[:40]!r} is no sha256, sha384 or sha512 hash")
    try:
        marker = normal_marker(found["marker"]) if found["marker"] else ""
    except ValueError as error:
        _refuse(name, line, str(error))
    return Pin(normal_name(found["name"]), found["version"], marker, tuple(hashes))


def _refuse(name: str, line: int, why: str) -> NoReturn:
    raise Invalid(
        f"{name}:{line} cannot be used",
        why=why,
        next_step=f"write it again with `uv pip compile --generate-hashes -o {name}`",
        file=name,
        line=line,
    )
