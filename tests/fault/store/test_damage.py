"""Damaged whole files are never handed out, and keeping them again repairs them."""

import pytest

from remint.adapters.blobs.local import LocalBlobs
from remint.core.digest import digest_bytes
from remint.errors import BlobAltered, BlobMissing

CONTENT = bytes(range(256)) * 40
DIGEST = digest_bytes(CONTENT)


def one_bit(content, at):
    flipped = bytearray(content)
    flipped[at] ^= 1 << (at % 8)
    return bytes(flipped)


DAMAGE = {
    "first-bit": one_bit(CONTENT, 0),
    "last-bit": one_bit(CONTENT, len(CONTENT) - 1),
    "truncated": CONTENT[:-1],
    "empty": b"",
    "longer": CONTENT + b"\0",
    "zeros": bytes(len(CONTENT)),
}
READING = ["get", "open", "path"]


@pytest.fixture
def blobs(tmp_path):
    store = LocalBlobs(tmp_path / "store")
    file = tmp_path / "first"
    file.write_bytes(CONTENT)
    store.take(file, whole=True)
    return store


@pytest.fixture
def place(tmp_path, blobs):
    return tmp_path / "store" / "objects" / DIGEST.hex[:2] / DIGEST.hex[2:]


def overwrite(place, content):
    place.chmod(0o644)
    place.write_bytes(content)
    place.chmod(0o444)


def put_again(blobs, way, tmp_path):
    file = tmp_path / "again"
    file.write_bytes(CONTENT)
    if way == "put":
        blobs.put(CONTENT)
    else:
        getattr(blobs, way)(file, whole=way != "put_file")


@pytest.mark.parametrize("way", READING)
@pytest.mark.parametrize("damage", DAMAGE)
def test_altered_bytes_are_never_handed_out(blobs, place, damage, way):
    overwrite(place, DAMAGE[damage])
    with pytest.raises(BlobAltered) as altered:
        getattr(blobs, way)(DIGEST)
    assert altered.value.facts == {"digest": DIGEST}


@pytest.mark.parametrize("damage", DAMAGE)
def test_bytes_altered_after_they_were_verified_are_found_out(blobs, place, damage):
    blobs.path(DIGEST)
    overwrite(place, DAMAGE[damage])
    with pytest.raises(BlobAltered):
        blobs.path(DIGEST)


@pytest.mark.parametrize("way", READING)
def test_bytes_that_went_missing_are_named(blobs, place, way):
    blobs.path(DIGEST)
    place.unlink()
    with pytest.raises(BlobMissing, match=DIGEST.short):
        getattr(blobs, way)(DIGEST)


@pytest.mark.parametrize("way", ["put", "put_file", "take"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_putting_again_repairs(blobs, place, tmp_path, damage, way):
    overwrite(place, DAMAGE[damage])
    put_again(blobs, way, tmp_path)
    assert blobs.get(DIGEST) == blobs.path(DIGEST).read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["put", "put_file", "take"])
def test_putting_again_brings_back_what_went_missing(blobs, place, tmp_path, way):
    place.unlink()
    put_again(blobs, way, tmp_path)
    assert blobs.get(DIGEST) == CONTENT
