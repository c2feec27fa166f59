"""A second implementation of docs/format/records.md, written from its text; nothing of Remint is imported here."""

import datetime as dt
import decimal
import re
import struct
import zlib

from blake3 import blake3

SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def file_digest(content):
    """Section 2: the digest of a file."""
    return "b3:" + blake3(content).hexdigest()


def record(kind, content):
    """Section 2: the digest of a record."""
    return "b3:" + blake3(content, derive_key_context="remint 2026 " + kind).hexdigest()


def raw(digest):
    """The 32 bytes of a digest."""
    return bytes.fromhex(digest.removeprefix("b3:"))


def string(text):
    """Section 3: a text as JSON."""
    return '"' + "".join(SHORT_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def canonical(value):
    """Section 3: canonical JSON, as text."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return string(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    assert isinstance(value, dict), value
    keys = sorted(value, key=lambda key: key.encode("utf-8"))
    return "{" + ",".join(string(key) + ":" + canonical(value[key]) for key in keys) + "}"


def tagged(value):  # noqa: PLR0911 - one for each row of the table
    """Section 4: a parameter as plain JSON with tags."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return {"$f64": f"{struct.unpack('>Q', struct.pack('>d', value))[0]:016x}"}
        case bytes():
            return {"$bytes": "".join(f"{byte:02x}" for byte in value)}
        case decimal.Decimal():
            return {"$decimal": str(value)}
        case dt.datetime():
            return {"$datetime": value.isoformat()}
        case dt.date():
            return {"$date": value.isoformat()}
        case dt.timedelta():
            return {"$timedelta_us": (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds}
        case list():
            return [tagged(item) for item in value]
        case tuple():
            return {"$tuple": [tagged(item) for item in value]}
        case set() | frozenset():
            return {"$set": sorted((tagged(item) for item in value), key=lambda item: canonical(item).encode())}
        case dict() if all(isinstance(key, str) and key[:1] != "$" for key in value):
            return {key: tagged(item) for key, item in value.items()}
    assert isinstance(value, dict), value
    pairs = [[tagged(key), tagged(item)] for key, item in value.items()]
    return {"$dict": sorted(pairs, key=lambda pair: canonical(pair).encode())}


def segments(parts):
    """Section 5: the segments of a set of files, given as path, digest and size: bytes, rows and size of each."""
    made, rows = [], []
    ordered = sorted(parts, key=lambda part: part[0].encode())
    for path, digest, size in ordered:
        rows.append((path.encode(), digest, size))
        if zlib.crc32(path.encode()) % 4096 == 0 or len(rows) == 65_536 or len(made) + len(rows) == len(ordered):
            made += rows
            columns = [
                b"\0".join(row[0] for row in rows),
                *(raw(row[1]) for row in rows),
                *(struct.pack("<Q", row[2]) for row in rows),
            ]
            yield b"files\0\0\0" + struct.pack("<II", 2, len(rows)) + b"".join(columns), len(rows), sum(row[2] for row in rows)
            rows = []


def manifest(parts):
    """Section 5: the digest of a set of files, given as path, digest and size."""
    rows = [[file_digest(content), count, size] for content, count, size in segments(parts)]
    return record("files v2", canonical(rows).encode())


def files(kind, parts):
    """Section 5: the digest of code, a report or a log, given as path, digest and size."""
    ordered = sorted(parts, key=lambda part: part[0].encode())
    return record(f"{kind} v1", canonical([list(part) for part in ordered]).encode())


def small_record(kind, value):
    """Section 5: the digest of a small record."""
    return record(f"{kind} v1", canonical(value).encode())


def model(form, content, features, probe):
    """Section 5: the digest of a model."""
    return small_record("model", {"content": content, "features": features, "format": form, "probe": probe})


def recipe(parts):
    """Section 6: the plan key of a recipe."""
    return record("recipe v1", canonical({"v": 1, **parts}).encode())


def change(moves, gates):
    """Section 7: the digest an approval is bound to."""
    ordered = sorted(moves, key=lambda move: re.fullmatch("([^:]*):([^/]*)/(.*)", move[0]).groups())
    return record("change v1", canonical({"moves": ordered, "gates": gates}).encode())


def root(leaves):
    """Section 8: the root of the tree over leaf digests, top down as RFC 6962 defines it."""
    if not leaves:
        return record("entry root v1", b"")
    if len(leaves) == 1:
        return leaves[0]
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return record("entry node v1", raw(root(leaves[:left])) + raw(root(leaves[left:])))


def log(entries):
    """Section 8: the leaves of a log, their digests, and the root of the tree after none, one, two … of them."""
    leaves, digests, roots = [], [], [root([])]
    for number, entry in enumerate(entries, 1):
        leaves.append(canonical({"v": 1, "number": number, "previous": roots[-1], **entry}))
        digests.append(record("entry v1", leaves[-1].encode()))
        roots.append(root(digests))
    return {"leaves": leaves, "digests": digests, "roots": roots}


def statement(subject, predicate, facts, by, at_us):
    """Section 9: the payload of evidence."""
    return canonical(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": subject[:15], "digest": {"blake3": subject[3:]}}],
            "predicateType": f"https://remint.example/predicate/{predicate}/v1",
            "predicate": {"by": by, "at_us": at_us, "facts": facts},
        }
    )


def signed(payload):
    """Section 9: the bytes that are signed for a payload."""
    kind, content = b"application/vnd.in-toto+json", payload.encode()
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(content)).encode(), content])


def evidence(by, signature, payload):
    """Section 9: the digest of evidence."""
    return record("evidence v1", canonical([by, signature]).encode() + payload.encode())
