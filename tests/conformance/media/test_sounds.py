"""Listening to WAV files: what they say, and what they do not keep."""

import io
import random
import wave

import numpy as np
import pytest

from remint.adapters.media.files import FileMedia

MEDIA = FileMedia()
RATE = 8000


def sound(values, *, width=2, rate=RATE):
    """Return a WAV file with these values from -1 to 1, shape (frames, channels)."""
    values = np.atleast_2d(np.asarray(values).T).T
    scaled = np.clip(np.round(values * (2 ** (8 * width - 1) - 1)), -(2 ** (8 * width - 1)), None).astype(np.int64)
    scaled += 128 * (width == 1)
    frames = b"".join(int(value).to_bytes(width, "little", signed=width > 1) for value in scaled.ravel())
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return held.getvalue()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_a_sound_is_told_and_drawn(width, channels):
    values = np.zeros((RATE, channels))
    values[RATE // 2 :, channels - 1] = 0.5 * np.sin(np.arange(RATE // 2))
    found = MEDIA.sound(sound(values, width=width), parts=10)
    assert (found.why_not, found.rate, found.channels, found.bits, found.seconds) == ("", RATE, channels, 8 * width, 1.0)
    assert np.allclose(found.waveform, [0] * 5 + [0.5] * 5, atol=0.02)


def test_a_sound_shorter_than_its_drawing_has_fewer_parts():
    assert len(MEDIA.sound(sound([0.1, 0.9, 0.2]), parts=10).waveform) == 3


def test_an_empty_sound_is_silent():
    found = MEDIA.sound(sound(np.zeros((0, 1))), parts=10)
    assert (found.why_not, found.seconds, list(found.waveform)) == ("", 0.0, [])


def test_a_header_that_promises_more_than_there_is_is_not_believed():
    content = sound(np.ones(RATE))
    found = MEDIA.sound(content[: len(content) // 2], parts=4)
    assert found.why_not or found.seconds < 0.51


@pytest.mark.parametrize("content", [b"", b"RIFFxxxx", b"RIFF\0\0\0\0WAVE", b"OggS" * 9, sound([0.5])[:30]])
def test_what_is_no_sound_is_said(content):
    assert MEDIA.sound(content, parts=4).why_not.startswith("no sound that can be read")


def test_bytes_altered_anywhere_never_fail():
    draw = random.Random(3)
    whole = sound(np.sin(np.arange(500)))
    for _ in range(500):
        content = bytearray(whole)
        for _ in range(draw.randint(1, 6)):
            content[draw.randrange(60)] = draw.randrange(256)
        found = MEDIA.sound(bytes(content), parts=20)
        assert found.why_not or all(0 <= loud <= 1.01 for loud in found.waveform)
