"""Pictures through Pillow: what they are, and small ones of them. Nothing in them is trusted."""

import io
import struct
import warnings
from typing import TYPE_CHECKING, Final

from remint.ports.showing import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

FORMS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
"""What is read; other formats of Pillow call other programs, or are seldom tried."""
MOST_PIXELS: Final = 50_000_000
"""Of a larger picture nothing but its size is told: drawing it could take all memory."""
TURNED: Final = (5, 6, 7, 8)
"""EXIF orientations in which width and height change places."""
_ORIENTATION: Final = 0x0112

_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, ZeroDivisionError)
"""What Pillow raises on bytes that are no picture, or half of one."""


def look_at_picture(content: bytes, *, edge: int) -> Picture:
    """Return what a picture is, with a thumbnail if `edge` is above 0; never fails."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        return Picture(why_not='Pillow is not installed: pip install "remint[images]"')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=FORMS) as image:
                return _looked(image, edge)
        except Image.DecompressionBombError:
            return Picture(why_not="too large to be drawn")
        except (*_BROKEN, EOFError, struct.error, MemoryError, RuntimeError):
            return Picture(why_not="broken, or no picture")


def _looked(image: "Image", edge: int) -> Picture:
    form, mode, (width, height) = image.format or "", image.mode, image.size
    frames = int(getattr(image, "n_frames", 1))
    small, why_not = b"", ""
    if edge > 0 and width * height > MOST_PIXELS:
        why_not = "too large to be drawn"
    elif edge > 0:
        small = _thumbnail(image, edge)
    is_cheap = bool(small) or form != "PNG"  # of a PNG, Pillow reads all to find out how it is to be turned
    shown = (height, width) if is_cheap and _turn(image) in TURNED else (width, height)
    return Picture(why_not, form, *shown, mode, frames, small)


def _turn(image: "Image") -> object:
    """Return the EXIF orientation of a picture, if it has one."""
    return image.getexif().get(_ORIENTATION)


def _thumbnail(image: "Image", edge: int) -> bytes:
    """Return a small picture of the first frame, upright, in eight bits: a PNG if parts of it may be clear, else a JPEG."""
    from PIL import ImageOps

    image.draft("RGB", (edge, edge))
    image.seek(0)
    drawn = _eight_bits(image)
    drawn.thumbnail((edge, edge))
    upright = ImageOps.exif_transpose(_with_exif(drawn, image))
    held = io.BytesIO()
    if upright.mode == "RGBA":
        upright.save(held, "PNG")
    else:
        upright.save(held, "JPEG", quality=82)
    return held.getvalue()


def _with_exif(drawn: "Image", image: "Image") -> "Image":
    """Return a drawn picture that knows how it is to be turned, and nothing else of what its file told."""
    from PIL import Image

    turn = _turn(image)
    drawn.info = {}
    exif = Image.Exif()
    if turn is not None:
        exif[_ORIENTATION] = turn
    drawn.info["exif"] = exif.tobytes()
    return drawn


def _eight_bits(image: "Image") -> "Image":
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _stretched(image)
    if image.mode in {"P", "PA", "LA", "La", "RGBa"} or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB", "RGBA"}:
        return image.copy()
    return image.convert("L" if image.mode == "1" else "RGB")


def _stretched(image: "Image") -> "Image":
    """Return a picture of many bits in eight, from its darkest to its brightest value, which need not fill their range."""
    import numpy as np
    from PIL import Image

    values = np.asarray(image, dtype=np.float64)
    known = np.where(np.isfinite(values), values, 0.0)
    low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
    low = 0.0 if low > 0 else low
    scaled = (known - low) / (high - low or 1.0) * 255.0
    return Image.fromarray(scaled.round().astype(np.uint8), "L")
