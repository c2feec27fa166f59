"""A second, slow implementation of the table digest, written from docs/format/tables.md alone.

It shares no line with the package: it takes the JSON values of a vector and packs them one by one.
"""

import json
import re
import struct

from blake3 import blake3

PACK = {
    "int8": "<b",
    "int16": "<h",
    "int32": "<i",
    "int64": "<q",
    "uint8": "<B",
    "uint16": "<H",
    "uint32": "<I",
    "uint64": "<Q",
    "date32": "<i",
    "time32": "<i",
    "time64": "<q",
    "timestamp": "<q",
    "duration": "<q",
}


def record(kind, content):
    return blake3(content, derive_key_context="remint 2026 " + kind).digest()


def bitmap(bits):
    packed = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        if bit:
            packed[place // 8] |= 1 << (place % 8)
    return bytes(packed)


def values(tag, slots):
    if tag == "null":
        return b""
    if tag == "bool":
        return bitmap([slot is True for slot in slots])
    if tag.startswith("list<"):
        return list_values(tag[5:-1], slots)
    if tag.startswith("struct<"):
        return struct_values(tag, slots)
    if tag in ("utf8", "binary"):
        texts = [b"" if slot is None else (slot.encode() if tag == "utf8" else bytes.fromhex(slot)) for slot in slots]
        return b"".join(struct.pack("<q", len(text)) for text in texts) + b"".join(texts)
    return b"".join(fixed(tag, slot) for slot in slots)


def fixed(tag, slot):
    if tag.startswith("float"):
        width = int(tag[5:]) // 8
        return bytes(width) if slot is None else bytes.fromhex(slot)[::-1]
    if tag.startswith("decimal"):
        width = int(tag[7:10]) // 8
        return (slot or 0).to_bytes(width, "little", signed=True)
    return struct.pack(PACK[re.match(r"[a-z0-9]+", tag).group()], slot or 0)


def list_values(item, slots):
    lengths = b"".join(struct.pack("<q", 0 if slot is None else len(slot)) for slot in slots)
    return lengths + nested(item, [child for slot in slots if slot is not None for child in slot])


def struct_values(tag, slots):
    content = b""
    for place, child in enumerate(struct_types(tag)):
        content += nested(child, [None if slot is None else slot[place] for slot in slots])
    return content


def nested(tag, slots):
    return struct.pack("<Q", len(slots)) + bitmap([slot is not None for slot in slots]) + values(tag, slots)


def struct_types(tag):
    """Cut `struct<a:int8,"b,c":list<utf8>>` at its own commas and colons."""
    types, depth, start, place, body = [], 0, None, 0, tag[7:-1]
    while place < len(body):
        mark = body[place]
        if mark == '"':
            place += 1
            while body[place] != '"':
                place += 2 if body[place] == "\\" else 1
        elif mark == ":" and start is None:
            start = place + 1
        elif mark in "<([":
            depth += 1
        elif mark in ">)]":
            depth -= 1
        elif mark == "," and depth == 0:
            types.append(body[start:place])
            start = None
        place += 1
    return [*types, body[start:]] if start is not None else types


def describe(columns, rows):
    """Return schema, block digests and table digest of columns given as (name, tag, values)."""
    listed = [{"name": name, "type": tag} for name, tag, _ in columns]
    schema = json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
    blocks = []
    for start in range(0, rows, 65536):
        digests = b""
        for _, tag, held in columns:
            slots = [held[place % len(held)] for place in range(start, min(start + 65536, rows))]
            content = tag.encode() + b"\0" + nested(tag, slots)
            digests += record("table block v1", content)
        blocks.append(digests)
    header = struct.pack("<Q", len(schema.encode())) + schema.encode() + struct.pack("<Q", rows)
    digest = record("table v1", header + b"".join(blocks))
    return {"schema": schema, "blocks": [block.hex() for block in blocks], "digest": "b3:" + digest.hex()}
