"""Scanning files for what runs when they are loaded. It reads formats; it never loads anything.

What is known to be only data passes. A pickle is a finding whatever is in it, because loading one runs it; one that names what
reaches the system is critical. What is not known counts as not known, never as safe.
"""

import json
import pickletools
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

SEVERITIES = ("none", "low", "medium", "high", "critical")
"""From what may stay to what may not at all."""

HEAD_BYTES = 4096
MOST_MEMBERS = 10_000
MOST_BYTES = 1 << 29
MOST_INSTRUCTIONS = 5_000_000

REACHING = frozenset({
    "_posixsubprocess", "asyncio", "builtins", "code", "codeop", "commands", "ctypes", "ftplib", "http", "importlib", "io",
    "multiprocessing", "nt", "os", "pathlib", "pickle", "pip", "platform", "posix", "pty", "requests", "runpy", "shutil",
    "signal", "smtplib", "socket", "subprocess", "sys", "tempfile", "urllib", "webbrowser",
})  # fmt: skip
"""Modules that reach the system, the net, or more code; a pickle or a model that names one is critical."""

_DATA = (b"PAR1", b"ARROW1", b"\x89PNG\r\n", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"fLaC", b"OggS", b"ID3", b"GGUF")
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!")
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd")
_PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib")
_STRINGS = frozenset({"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a scan found in one file.

    Attributes:
        path: of the file inside the artifact; a member of an archive stands after `!`.
        severity: one of SEVERITIES.
    """

    path: str
    severity: str
    what: str

    def record(self) -> dict[str, str]:
        """Return the canonical form."""
        return {"path": self.path, "severity": self.severity, "what": self.what}


def scan_file(path: str, file: BinaryIO, *, size_bytes: int) -> list[Flaw]:
    """Return what is found in one file.

    Args:
        path: its name inside the artifact.
        file: open for reading, at its beginning, and can seek.
        size_bytes: its size.

    Example:
        >>> import io
        >>> scan_file("rows.csv", io.BytesIO(b"a,b"), size_bytes=3), scan_file("m.pkl", io.BytesIO(b"N."), size_bytes=2)
        ([], [Flaw(path='m.pkl', severity='high', what='it is a pickle, and loading one runs it')])
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if head.startswith(b"PK"):
        return list(_archive(path, file))
    if head.startswith(_PICKLES) or path.lower().endswith(_PICKLE_NAMES) or _is_old_pickle(head, size_bytes):
        return [_pickle(path, file, size_bytes)]
    return [Flaw(path, *found) for found in _by_head(path, head, file, size_bytes)]


def _by_head(path: str, head: bytes, file: BinaryIO, size_bytes: int) -> Iterator[tuple[str, str]]:
    if head.startswith(_PROGRAMS):
        yield "high", "it is a program"
    elif head.startswith(b"\x93NUMPY"):
        if b"O" in head[10:128].partition(b"descr")[2].partition(b",")[0]:
            yield "high", "it is an array of objects, which are kept as a pickle"
    elif head.startswith(_PACKED):
        yield "medium", "it is compressed, and was not looked into"
    elif head.startswith(b"\x89HDF"):
        yield "medium", "it is HDF5, which may hold code of layers"
    elif path.endswith("schema.json"):
        yield from _named_in_schema(file.read(MOST_BYTES))
    elif not (head.startswith(_DATA) or _is_safetensors(head, size_bytes) or _is_text(head)):
        yield "medium", "its format is not known"


def _archive(path: str, file: BinaryIO) -> Iterator[Flaw]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                yield Flaw(path, "medium", f"it has more than {MOST_MEMBERS} members, and was not looked into")
                return
            for member in members:
                name = f"{path}!{member.filename}"
                with archive.open(member) as inner:
                    if inner.read(2) == b"PK":
                        yield Flaw(name, "medium", "it is an archive in an archive, and was not looked into")
                        continue
                    inner.seek(0)
                    yield from scan_file(name, inner, size_bytes=member.file_size)  # type: ignore[arg-type] # it can seek
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        yield Flaw(path, "medium", f"it is an archive that cannot be read: {str(error)[:100]}")


def _pickle(path: str, file: BinaryIO, size_bytes: int) -> Flaw:
    if size_bytes > MOST_BYTES:
        return Flaw(path, "high", f"it is a pickle of more than {MOST_BYTES} bytes")
    named, broken = _names_in_pickle(file)
    reaching = sorted(name for name in named if name.partition(".")[0] in REACHING)
    if reaching:
        return Flaw(path, "critical", f"it is a pickle that calls {', '.join(reaching[:3])}")
    if broken:
        return Flaw(path, "high", "it is a pickle that cannot be read to its end")
    return Flaw(path, "high", "it is a pickle, and loading one runs it")


def _names_in_pickle(file: BinaryIO) -> tuple[set[str], bool]:
    """Return what a pickle names, and whether it could not be read to its end."""
    found: set[str] = set()
    strings: list[str] = []
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(file)):
            if instruction.name in {"GLOBAL", "INST"}:
                found.add(str(argument).replace(" ", ".", 1))
            elif instruction.name in _STRINGS:
                strings = [*strings[-7:], str(argument)]
            elif instruction.name == "STACK_GLOBAL":
                found |= {f"{module}.{name}" for module in strings for name in strings[-1:]}
            if count > MOST_INSTRUCTIONS:
                return found, True
    except (ValueError, UnicodeDecodeError, OverflowError):
        return found, True
    return found, False


def _is_old_pickle(head: bytes, size_bytes: int) -> bool:
    """Return whether a file is a pickle of a protocol without a mark: short, and instructions to its last byte."""
    if size_bytes > HEAD_BYTES or not head.endswith((b".", b".\n")):
        return False
    try:
        return any(instruction.name in {"GLOBAL", "INST", "REDUCE"} for instruction, _, _ in pickletools.genops(head))
    except (ValueError, UnicodeDecodeError, OverflowError):
        return False


def _named_in_schema(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield what a model in the form of skops names that reaches the system."""
    try:
        waiting: list[Any] = [json.loads(content)]
    except (ValueError, RecursionError):
        yield "medium", "it is no JSON"
        return
    named = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            named.add(str(one.get("__module__", "")).partition(".")[0])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    reaching = sorted(named & (REACHING - {"builtins"}))
    if reaching:
        yield "critical", f"it names {', '.join(reaching[:3])}"


def _is_safetensors(head: bytes, size_bytes: int) -> bool:
    return head[8:9] == b"{" and 8 + int.from_bytes(head[:8], "little") <= size_bytes


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # what was cut off in the middle of a letter is still text
            return False
        text = head[: error.start].decode("utf-8")
    return "\0" not in text


def worst_of(flaws: Iterable[object]) -> tuple[str, Sequence[str]] | None:
    """Return the worst severity of findings as evidence holds them, and what is that bad; None if they cannot be read.

    Example:
        >>> worst_of([{"severity": "high", "what": "it is a program"}]), worst_of([]), worst_of([1])
        (('high', ['it is a program']), ('none', []), None)
    """
    by_severity: dict[str, list[str]] = {}
    for flaw in flaws:
        if not isinstance(flaw, Mapping) or flaw.get("severity") not in SEVERITIES:
            return None
        by_severity.setdefault(str(flaw["severity"]), []).append(str(flaw.get("what", ""))[:200])
    worst = max(by_severity, key=SEVERITIES.index, default="none")
    return worst, by_severity.get(worst, [])
