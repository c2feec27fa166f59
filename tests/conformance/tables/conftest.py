"""Arrow columns from the JSON values of the vectors, clean or with dirt under every null."""

import importlib.util
import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from remint.adapters.tables.arrowtypes import arrow_type
from remint.core.tabletype import parse_tag

VECTORS = Path(__file__).parents[2] / "vectors" / "tables"


def load_vectors():
    return [json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))]


def bits(flags):
    return pa.py_buffer(np.packbits(np.array(flags, dtype=np.bool_), bitorder="little").tobytes())


class Builder:
    """Builds Arrow arrays from vector values; with `dirty`, null slots hold rubbish that must never be hashed."""

    def __init__(self, *, dirty=False):
        self.dirty = dirty

    def build(self, text, slots):
        return self._build(parse_tag(text), slots)

    def _build(self, tag, slots):
        if tag.name == "null":
            return pa.nulls(len(slots))
        validity = bits([slot is not None for slot in slots])
        if tag.kind == "list":
            return self._list(tag, slots, validity)
        if tag.kind == "struct":
            return self._struct(tag, slots, validity)
        kind = arrow_type(tag)
        if tag.name == "bool":
            held = bits([self.dirty if slot is None else slot for slot in slots])
            return pa.Array.from_buffers(kind, len(slots), [validity, held])
        if tag.name in ("utf8", "binary"):
            texts = [self._text(tag.name, slot) for slot in slots]
            offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
            held = [validity, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(texts))]
            return pa.Array.from_buffers(kind, len(slots), held)
        content = b"".join(self._fixed(tag, kind.bit_width // 8, slot) for slot in slots)
        return pa.Array.from_buffers(kind, len(slots), [validity, pa.py_buffer(content)])

    def _text(self, name, slot):
        if slot is None:
            return b"dirt" if self.dirty else b""
        return slot.encode() if name == "utf8" else bytes.fromhex(slot)

    def _fixed(self, tag, width, slot):
        if slot is None:
            return (b"\x11" if self.dirty else b"\0") * width
        if tag.name.startswith("float"):
            return bytes.fromhex(slot)[::-1]
        return slot.to_bytes(width, "little", signed=not tag.name.startswith("uint"))

    def _list(self, tag, slots, validity):
        item = tag.fields[0][1]
        rubbish = [None, None] if self.dirty else []
        held = [rubbish if slot is None else slot for slot in slots]
        offsets = np.cumsum([0, *map(len, held)], dtype=np.int32)
        children = self._build(item, [child for slot in held for child in slot])
        return pa.Array.from_buffers(
            arrow_type(tag), len(slots), [validity, pa.py_buffer(offsets.tobytes())], children=[children]
        )

    def _struct(self, tag, slots, validity):
        children = []
        for place, (_, child) in enumerate(tag.fields):
            held = [self._under_null(child) if slot is None else slot[place] for slot in slots]
            children.append(self._build(child, held))
        return pa.Array.from_buffers(arrow_type(tag), len(slots), [validity], children=children)

    def _under_null(self, tag):
        if not self.dirty or tag.name == "null":
            return None
        if tag.kind == "list":
            return [self._under_null(tag.fields[0][1])]
        if tag.kind == "struct":
            return [self._under_null(child) for _, child in tag.fields]
        if tag.name.startswith("float"):
            return struct.pack(">d", 1.5)[: int(tag.name[5:]) // 8].hex()
        return {"bool": True, "utf8": "dirt", "binary": "aa"}.get(tag.name, 7)


@pytest.fixture(scope="session")
def clean():
    return Builder()


@pytest.fixture(scope="session")
def dirty():
    return Builder(dirty=True)


@pytest.fixture(scope="session")
def reference():
    spec = importlib.util.spec_from_file_location("table_reference", VECTORS / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc):
    if "vector" in metafunc.fixturenames:
        metafunc.parametrize("vector", load_vectors(), ids=lambda vector: vector["name"])
