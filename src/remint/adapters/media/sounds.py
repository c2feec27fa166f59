"""Sounds in WAV files, by the standard library."""

import io
import wave
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remint.ports.showing import Sound

_TYPES: Final[dict[int, str]] = {1: "u1", 2: "<i2", 4: "<i4"}


def listen(content: bytes, *, parts: int) -> Sound:
    """Return what a sound is, with a waveform; never fails."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            return _heard(file, parts)
    except (wave.Error, EOFError, ValueError, RuntimeError, MemoryError, OverflowError) as error:
        told = str(error) or "it ends too early"
        return Sound(why_not=f"no sound that can be read ({told[:80]})")


def _heard(file: wave.Wave_read, parts: int) -> Sound:
    rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
    frames = file.readframes(file.getnframes())  # what the header says may be more than there is
    each = channels * width
    count = len(frames) // each
    if rate <= 0 or width not in {1, 2, 3, 4}:
        return Sound(why_not=f"no sound that can be read ({rate} frames a second, {8 * width} bits)")
    loud = _loudness(frames[: count * each], width, channels)
    borders = np.linspace(0, count, num=min(parts, count) + 1).astype(np.int64)[:-1]
    peaks = np.maximum.reduceat(loud, borders) if count else np.empty(0)
    return Sound("", rate, channels, 8 * width, count / rate, [round(float(peak), 4) for peak in peaks])


def _loudness(frames: bytes, width: int, channels: int) -> NDArray[np.float32]:
    """Return the loudest channel of each frame, from 0 to 1."""
    if width == 3:
        high = np.frombuffer(frames, np.uint8).reshape(-1, 3)[:, 1:]  # two of three bytes are enough to draw
        values = np.ascontiguousarray(high).view("<i2").ravel().astype(np.float32) / 32768
    else:
        values = np.frombuffer(frames, np.dtype(_TYPES[width])).astype(np.float32)
        values = (values - 128) / 128 if width == 1 else values / float(1 << (8 * width - 1))
    loud: NDArray[np.float32] = np.abs(values).reshape(-1, channels).max(axis=1)
    return loud
