"""A second reader and writer of the local store, made from docs/format/store.md alone. Slow and short."""

import struct
from zlib import crc32

from blake3 import blake3

FILE_HEAD, RECORD_HEAD, FOOTER = 20, 56, 20


def checked(fields):
    return fields + crc32(fields).to_bytes(4, "little")


def read_pack(content):
    """Return the records of a pack: (digest, kind, payload), and the index if it has one."""
    assert content[:FILE_HEAD] == checked(b"remint pack\n" + (1).to_bytes(4, "little"))
    at, records, index = FILE_HEAD, [], None
    while at + RECORD_HEAD <= len(content):
        head = content[at : at + RECORD_HEAD]
        if checked(head[:-4]) != head:
            break
        mark, digest, kind, codec, zero, stored, size = struct.unpack("<4s32sBBHIQ", head[:-4])
        assert (mark, codec, zero) == (b"\xf5rec", 0, 0)
        payload = content[at + RECORD_HEAD : at + RECORD_HEAD + stored]
        if len(payload) < stored:
            break
        if kind == 2:
            assert blake3(payload).digest() == digest
            assert content[at + RECORD_HEAD + stored :] == checked(b"packend\n" + at.to_bytes(8, "little"))
            index = digest, payload
            break
        records.append((at, digest, kind, payload, size))
        at += RECORD_HEAD + stored
    return records, index


def index_payload(records):
    """Return the payload of the index of records."""
    ordered = sorted((digest, at, len(payload)) for at, digest, _, payload, _ in records)
    columns = [b"".join(digest for digest, _, _ in ordered)]
    columns += [b"".join(struct.pack("<I", entry[column]) for entry in ordered) for column in (1, 2)]
    return b"".join(columns)


def read_store(files):
    """Return every blob of a store by its digits.

    Args:
        files: content by path, relative to the store.
    """
    blobs, lists = {}, {}
    for path, content in files.items():
        folder, _, name = path.partition("/")
        if folder == "objects":
            blobs[name.replace("/", "")] = content
        elif folder == "packs":
            records, index = read_pack(content)
            if name.endswith(".pack"):
                assert index == (bytes.fromhex(name[:-5]), index_payload(records))
            for _, digest, kind, payload, size in records:
                (lists if kind else blobs)[digest.hex()] = payload
                assert kind or size == len(payload)
    for digits, payload in lists.items():
        assert crc32(payload[:-4]).to_bytes(4, "little") == payload[-4:]
        blobs.setdefault(digits, b"".join(parts(blobs, payload[1:-4], payload[0])))
    for digits, content in blobs.items():
        assert blake3(content).hexdigest() == digits
    return blobs


def parts(blobs, entries, depth):
    for digest, size in struct.iter_unpack("<32sQ", entries):
        part = blobs[digest.hex()]
        content = b"".join(parts(blobs, part, depth - 1)) if depth else part
        assert len(content) == size
        yield content


def record(digest, payload, *, kind=0, size=None):
    """Return the bytes of a record."""
    size = len(payload) if size is None else size
    return checked(struct.pack("<4s32sBBHIQ", b"\xf5rec", digest, kind, 0, 0, len(payload), size)) + payload


def write_pack(records):
    """Return an open pack of these records."""
    return checked(b"remint pack\n" + (1).to_bytes(4, "little")) + b"".join(records)


def seal(content):
    """Return the name of a sealed pack, and it, made of an open one."""
    records, _ = read_pack(content)
    payload = index_payload(records)
    digest = blake3(payload).digest()
    return digest.hex(), content + record(digest, payload, kind=2) + checked(b"packend\n" + len(content).to_bytes(8, "little"))
