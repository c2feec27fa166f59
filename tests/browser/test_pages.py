"""The pages that `show` writes, in a browser: they are drawn, and the browser has nothing to complain of."""

import io
import os
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from tests.support.remint_cli import make_project

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ABSENT = "no browser: install chromium, as .ci/run does"
QUIET = ["--headless", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("pages") / "project", "")
    made.write("orders.csv", "id,who,amount\n" + "".join(f"{n},{'ab'[n % 2]},{n * n % 97}\n" for n in range(500)))
    made.cli("add", "orders.csv", "--as", "data/orders", "--table")
    (made.root / "images").mkdir()
    for number in range(30):
        Image.new("RGB", (300, 300), (250, 0, 250)).save(made.root / "images" / f"<b>{number:02}&amp;.png")
    made.cli("add", "images", "--as", "data/images")
    made.cli("show", "data/orders", "--page", "orders.html")
    made.cli("show", "data/images", "--page", "images.html")
    return made


def drawn(project, name, tmp_path, *, width=1280, is_dark=False):
    """Return what a browser draws of a page, shape (height, width, 3)."""
    if BROWSER is None:
        pytest.skip(ABSENT)
    shot = tmp_path / "shot.png"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [
            BROWSER,
            *QUIET,
            *sandbox,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--blink-settings=preferredColorScheme={0 if is_dark else 1}",
            "--enable-logging=stderr",
            f"--window-size={width},1400",
            f"--screenshot={shot}",
            f"file://{project.root / name}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    return np.asarray(Image.open(io.BytesIO(shot.read_bytes())).convert("RGB")).astype(int)


def share(pixels, colour):
    """Return how much of a picture has about a colour."""
    return float((np.abs(pixels - np.array(colour)).max(axis=2) < 12).mean())


@pytest.mark.parametrize(("is_dark", "ground", "accent"), [(False, "#f6f7f5", "#0b6e5b"), (True, "#0e1312", "#4fd1ae")])
def test_a_table_is_drawn_with_its_bars_in_light_and_dark(project, tmp_path, is_dark, ground, accent):
    pixels = drawn(project, "orders.html", tmp_path, is_dark=is_dark)
    assert tuple(pixels[2, 2]) == tuple(bytes.fromhex(ground[1:]))
    assert share(pixels, tuple(bytes.fromhex(accent[1:]))) > 0.002


@pytest.mark.parametrize("width", [1280, 500])
def test_a_contact_sheet_shows_its_pictures(project, tmp_path, width):
    assert share(drawn(project, "images.html", tmp_path, width=width), (250, 0, 250)) > 0.1


@pytest.mark.parametrize("name", ["orders.html", "images.html"])
def test_nothing_is_cut_off_on_a_phone(project, tmp_path, name):
    """The right edge is empty ground: what is wider than the window scrolls inside its own frame."""
    pixels = drawn(project, name, tmp_path, width=500)
    assert np.abs(pixels[:, -8:] - pixels[2, 2]).max() < 12
