"""Reads the frozen vectors."""

import json
from pathlib import Path


def whole(name):
    return json.loads((Path(__file__).parent / f"{name}.json").read_text())


def cases(name):
    return whole(name)["cases"]
