"""Samples in an unmodified DataLoader of PyTorch, in a Python of its own that has torch."""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import remint
from remint.app import App, initialise
from remint.config import load
from tests.support import s3
from tests.support.remint_cli import ROOT
from tests.support.tables import ANA

TORCH = os.environ.get("REMINT_TEST_TORCH", "")
ABSENT = "no torch: set REMINT_TEST_TORCH to a Python that has torch and what Remint needs, as .ci/run does"
CONTEXTS = ["fork", "spawn"]


def files_of(count):
    draw = random.Random(1)
    return {f"{number % 3}/{number:04}.bin": draw.randbytes(2_000 + number) for number in range(count)}


FILES = files_of(500)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    made = tmp_path_factory.mktemp("training")
    add(made, FILES, 'principal = "ana"\n').close()
    return made


def add(root, files, settings):
    for path, content in files.items():
        (root / "landing" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "landing" / path).write_bytes(content)
    (root / "remint.toml").write_text(settings)
    initialise(root, owner="ana")
    app = App(load(root, environment={}))
    app.artifacts.add(ANA, "data/images", root / "landing")
    return app


@pytest.fixture(scope="module", params=CONTEXTS)
def told(request, root):
    return run(root, request.param)


def run(root, context):
    if not TORCH:
        pytest.skip(ABSENT)
    script = Path(__file__).with_name("training.py")
    done = subprocess.run(
        [TORCH, "-W", "error", script, root, context],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


DIGESTS = sorted([path, hashlib.sha256(content).hexdigest()] for path, content in FILES.items())


@pytest.mark.parametrize("workers", [0, 2])
def test_a_shuffled_epoch_has_every_sample_once(told, workers):
    first, second = told[f"shuffled, {workers} workers"]
    assert sorted(first) == sorted(second) == DIGESTS
    assert first != second != DIGESTS


def test_workers_change_nothing_of_what_a_seed_gives(told):
    """Of the first epoch: what torch draws for the second one depends on its workers."""
    assert told["shuffled, 0 workers"][0] == told["shuffled, 2 workers"][0]


@pytest.mark.parametrize("workers", [0, 2])
def test_samples_are_collated_as_they_are(told, workers):
    assert told[f"raw, {workers} workers"] == [[path, len(content)] for path, content in sorted(FILES.items())]


def test_a_stream_in_one_process_has_the_order_that_it_has_without_torch(told, root):
    stream = remint.samples("data/images", root).stream(seed=5, buffer=64)
    first, second = told["stream, 0 workers"]
    assert [path for path, _ in first] == [sample.path for sample in stream]
    stream.set_epoch(1)
    assert [path for path, _ in second] == [sample.path for sample in stream]


def test_workers_divide_a_stream_and_follow_its_epoch(told, root):
    stream = remint.samples("data/images", root).stream(seed=5, buffer=64)
    for epoch, found in enumerate(told["stream, 2 workers"]):
        stream.set_epoch(epoch)
        for worker in (0, 1):
            mine = [path for path, by in found if by == worker]
            assert mine == [sample.path for sample in stream.shard(2, worker)]


def test_spawned_workers_read_from_an_object_store(tmp_path, monkeypatch):
    if not s3.ENDPOINT:
        pytest.skip(s3.ABSENT)
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    place = s3.place()
    options = "".join(f'{name} = "{value}"\n' for name, value in place.options.items())
    settings = f'principal = "ana"\nremote = "team"\n[remotes.team]\nurl = "s3://{place.rest}"\n{options}'
    (tmp_path / "one").mkdir()
    one = add(tmp_path / "one", FILES, settings)
    one.remotes.push(ANA, ["data/images"])
    one.close()
    other = tmp_path / "other"
    other.mkdir()
    (other / "remint.toml").write_text(settings)
    initialise(other, owner="ana")
    app = App(load(other, environment={}))
    app.remotes.pull(ANA, ["data/images"], lazy=True)
    app.close()
    found = run(other, "spawn")
    assert sorted(found["shuffled, 2 workers"][0]) == DIGESTS
    assert sorted(path for path, _ in found["stream, 2 workers"][1]) == sorted(FILES)


def test_torch_is_not_imported_by_reading(root):
    code = (
        f"import sys, remint; list(remint.samples('data/images', {str(root)!r}).stream(seed=1)); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}"}, capture_output=True, check=True
    )
    assert done.stdout.split() == [b"False"]
