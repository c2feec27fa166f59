"""The layout of the store is frozen: a sample is read, and written again, byte for byte; a second reader agrees."""

import base64
import json
import random
import shutil
import zlib
from pathlib import Path

import pytest

from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.core.digest import digest_bytes, raw_digest
from tests.vectors.store import reference

SAMPLE = Path(__file__).parents[2] / "vectors" / "store" / "sample.json"
SEALED, OPEN, WHOLE = [b"", b"one", b"two\n", bytes(1000)], [b"three", bytes(range(256)) * 1172], b"PAR1 whole"


def files_of(root):
    kept = (
        path
        for path in root.rglob("*")
        if path.is_file() and path.parent.name != "incoming" and path.name not in {"fence", "sweep"}
    )
    return {str(path.relative_to(root)): path.read_bytes() for path in kept}


@pytest.fixture
def frozen():
    """The files of the sample."""
    return {path: zlib.decompress(base64.b64decode(text)) for path, text in json.loads(SAMPLE.read_text())["files"].items()}


@pytest.fixture
def root(tmp_path, frozen):
    """The sample as a store."""
    for path, content in frozen.items():
        place = tmp_path / "store" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return tmp_path / "store"


def test_the_second_reader_reads_the_sample(frozen):
    blobs = reference.read_store(frozen)
    assert {digest_bytes(content).hex for content in (*SEALED, *OPEN, WHOLE)} <= blobs.keys()
    assert blobs[digest_bytes(OPEN[1]).hex] == OPEN[1]


def test_the_store_reads_the_sample(root, frozen):
    blobs = LocalBlobs(root)
    assert {digest.hex: blobs.get(digest) for digest in blobs.digests()} == reference.read_store(frozen)


def test_the_store_writes_the_sample(tmp_path, frozen):
    blobs = LocalBlobs(tmp_path / "new", limits=Limits(records=4))
    for content in (*SEALED, *OPEN):
        blobs.put(content)
    (tmp_path / "file").write_bytes(WHOLE)
    blobs.take(tmp_path / "file", whole=True)
    made = files_of(tmp_path / "new")
    assert sorted(made.values()) == sorted(frozen.values())
    assert {path for path in made if not path.endswith(".open")} == {path for path in frozen if not path.endswith(".open")}


def test_the_second_reader_reads_what_the_store_writes(tmp_path):
    blobs = LocalBlobs(tmp_path / "store", limits=Limits(records=20, batch_bytes=100_000, spill_bytes=50_000))
    source = random.Random(5)
    put = [source.randbytes(size) for size in (0, 7, 900, 131_071, 131_072, 900_000)]
    for content in put:
        blobs.put(content)
    read = reference.read_store(files_of(tmp_path / "store"))
    assert {digest_bytes(content).hex: content for content in put}.items() <= read.items()


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_the_store_reads_lists_of_any_depth_and_chunks_of_any_size(tmp_path, depth, sealed):
    chunks = [b"%d" % n * n for n in range(40)]
    whole, records = b"".join(chunks), [reference.record(raw_digest(chunk), chunk) for chunk in chunks]
    entries = [(raw_digest(chunk), len(chunk)) for chunk in chunks]
    for _ in range(depth):
        groups = [entries[at : at + 5] for at in range(0, len(entries), 5)]
        payloads = [b"".join(digest + size.to_bytes(8, "little") for digest, size in group) for group in groups]
        records += [reference.record(raw_digest(payload), payload) for payload in payloads]
        sizes = [sum(size for _, size in group) for group in groups]
        entries = [(raw_digest(payload), size) for payload, size in zip(payloads, sizes, strict=True)]
    payload = bytes([depth]) + b"".join(digest + size.to_bytes(8, "little") for digest, size in entries)
    records.append(reference.record(raw_digest(whole), reference.checked(payload), kind=1, size=len(whole)))
    random.Random(depth).shuffle(records)
    pack = reference.write_pack(records)
    name, ended = reference.seal(pack)
    place = tmp_path / "store" / "packs" / (f"{name}.pack" if sealed else "half.open")
    place.parent.mkdir(parents=True)
    place.write_bytes(ended if sealed else pack)
    blobs = LocalBlobs(tmp_path / "store")
    assert blobs.get(digest_bytes(whole)) == blobs.path(digest_bytes(whole)).read_bytes() == whole
    assert blobs.size(digest_bytes(whole)) == len(whole)


def test_a_store_of_the_first_format_is_read_and_goes_on(root, frozen):
    shutil.rmtree(root / "packs")
    blobs = LocalBlobs(root)
    assert [blobs.get(digest) for digest in blobs.digests()] == [WHOLE]
    blobs.put(b"new")
    assert {LocalBlobs(root).get(digest) for digest in blobs.digests()} == {WHOLE, b"new"}
