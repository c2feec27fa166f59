"""Looking at pictures that nobody made for us: broken ones, huge ones, turned ones, ones of many bits."""

import io
import random
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from remint.adapters.media.files import FileMedia
from remint.adapters.media.pictures import MOST_PIXELS
from tests.support.remint_cli import ROOT

MEDIA = FileMedia()


def saved(image, form="PNG", **options):
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


def drawn(picture):
    """Return the thumbnail as an array, shape (height, width, bands)."""
    image = Image.open(io.BytesIO(picture.thumbnail))
    return np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB"))


def claimed_png(width, height):
    """Return a PNG that claims a size and has next to no content."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_every_form_is_told_and_drawn(form):
    found = MEDIA.picture(saved(Image.new("RGB", (300, 200), (200, 30, 30)), form), edge=100)
    assert (found.form, found.width, found.height, found.frames, found.why_not) == (form, 300, 200, 1, "")
    assert drawn(found).shape[:2] == (67, 100)
    assert np.allclose(drawn(found)[30, 50, :3], (200, 30, 30), atol=8)


def test_without_an_edge_nothing_is_drawn():
    found = MEDIA.picture(saved(Image.new("RGB", (300, 200))))
    assert (found.width, found.height, found.thumbnail) == (300, 200, b"")


def test_a_small_picture_is_not_blown_up():
    assert drawn(MEDIA.picture(saved(Image.new("RGB", (3, 2))), edge=100)).shape[:2] == (2, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_says(orientation):
    """A red corner at the upper left of the scene stays there, whichever way the camera was held."""
    upright = Image.new("RGB", (120, 60), "blue")
    upright.paste((255, 0, 0), (0, 0, 40, 30))
    back = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for turn in back[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = MEDIA.picture(saved(stored, "JPEG", exif=exif, quality=95), edge=60)
    assert (found.width, found.height) == (120, 60)
    pixels = drawn(found)
    assert pixels.shape[:2] == (30, 60)
    assert np.allclose(pixels[5, 5], (254, 0, 0), atol=40)
    assert np.allclose(pixels[25, 55], (0, 0, 254), atol=40)


def test_cmyk_is_drawn_in_its_colours():
    found = MEDIA.picture(saved(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG"), edge=32)
    assert found.mode == "CMYK"
    assert np.allclose(drawn(found)[16, 16], (254, 0, 0), atol=40)


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_many_bits_are_drawn_from_dark_to_bright(kind):
    values = np.linspace(0, 40_000, 64 * 64).reshape(64, 64).astype(kind)
    found = MEDIA.picture(saved(Image.fromarray(values), "TIFF"), edge=64)
    pixels = drawn(found)[:, :, 0].astype(int)
    assert pixels[0, 0] < 10
    assert pixels[-1, -1] > 245
    assert abs(pixels[32, 32] - 128) < 12


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "F", "LAB", "YCbCr", "HSV"])
def test_every_mode_is_drawn(mode):
    image = Image.new("RGB", (20, 20), (10, 200, 30))
    image = Image.new(mode, (20, 20)) if mode in {"I;16", "F", "LAB", "HSV"} else image.convert(mode)
    form = "TIFF" if mode in {"LAB", "F", "YCbCr"} else "PNG"
    content = saved(image.convert("RGB") if mode == "HSV" else image, form)
    assert drawn(MEDIA.picture(content, edge=10)).shape[:2] == (10, 10)


def test_what_is_clear_stays_clear():
    found = MEDIA.picture(saved(Image.new("RGBA", (20, 20), (200, 0, 0, 0))), edge=10)
    assert drawn(found)[5, 5, 3] == 0


def test_a_moving_picture_shows_its_first_frame():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "white")]
    found = MEDIA.picture(saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100), edge=10)
    assert found.frames == 3
    assert np.allclose(drawn(found)[5, 5, :3], (255, 0, 0), atol=40)


def test_a_large_picture_is_told_and_not_drawn():
    side = int(MOST_PIXELS**0.5) + 1
    found = MEDIA.picture(claimed_png(side, side), edge=100)
    assert (found.width, found.height, found.why_not, found.thumbnail) == (side, side, "too large to be drawn", b"")


def test_a_picture_made_to_take_all_memory_is_refused():
    assert MEDIA.picture(claimed_png(100_000, 100_000), edge=100).why_not == "too large to be drawn"


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_picture_is_said(content):
    found = MEDIA.picture(content, edge=100)
    assert (found.why_not, found.width, found.thumbnail) == ("broken, or no picture", 0, b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_bytes_altered_anywhere_never_fail(form):
    draw = random.Random(7)
    whole = saved(Image.effect_noise((60, 40), 80).convert("RGB"), form)
    for _ in range(150):
        content = bytearray(whole[: draw.randint(1, len(whole))] if draw.random() < 0.5 else whole)
        for _ in range(draw.randint(0, 6)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        found = MEDIA.picture(bytes(content), edge=30)
        assert found.why_not or drawn(found).shape[0] <= 30


def test_a_thumbnail_tells_nothing_of_where_the_picture_was_taken():
    exif = Image.Exif()
    exif[0x010F] = "the camera of ana"
    content = saved(Image.new("RGB", (300, 200)), "JPEG", exif=exif, comment=b"secret")
    thumbnail = MEDIA.picture(content, edge=100).thumbnail
    assert b"camera of ana" in content
    assert b"ana" not in thumbnail
    assert b"secret" not in thumbnail


def test_without_pillow_the_reason_is_told():
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from remint.adapters.media.files import FileMedia\n"
        "print(FileMedia().picture(b'', edge=9).why_not)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert 'pip install "remint[images]"' in done.stdout
