"""The demo, from an empty folder to the last chapter, on a sample of the real flights."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remint.cli.demo import setup, training
from remint.cli.demo.story import Story
from remint.cli.output import Out

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("REMINT_")} | {
    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)
}


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "remint", "demo", "--dir", str(folder), "--fast", *words]


def demo(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(folder, *words), env=ENVIRONMENT, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The demo, killed twice on its way and then left to end."""
    folder = tmp_path_factory.mktemp("demo") / "flights of 2013"
    for seconds in (9, 20):
        process = subprocess.Popen(command(folder), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    answer = demo(folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder, answer.stdout


def test_killed_twice_it_still_tells_every_chapter(told):
    _, text = told
    for chapter in ("1. ", "2. ", "3. ", "4. ", "5. ", "6.1", "6.2", "6.3", "6.4", "7. ", "8. ", "9. ", "10. ", "11. ", "12. "):
        assert f"\n{chapter}" in text


def test_bad_files_are_refused_with_their_rows(told):
    _, text = told
    refused = [line for line in text.splitlines() if line.startswith("   refused ")]
    assert len(refused) == 3
    assert "IT WAS NOT REFUSED" not in text
    assert all("row" in line for line in refused)


def test_the_production_model_comes_out_the_same_and_broken_copies_do_not(told):
    _, text = told
    assert "at the level CONTENT" in text or "at the level BYTES" in text
    for title, cause in {
        "a model without a seed": "random_state",
        "a read of the clock": "reads the clock",
        "the order of a set": "iterates over a set",
    }.items():
        block = text.partition(f"   {title}: ")[2].partition("\n   a ")[0]
        assert block.partition("\n")[0] not in {"bytes", "content"}
        assert "first difference" in block
        assert cause in block


def test_what_is_hidden_or_altered_is_found_and_put_back(told):
    _, text = told
    block = text.partition("10. What is hidden")[2].partition("11. ")[0]
    assert block.count("control NOT REGENERABLE") == 2
    assert block.count("control IN CONTROL") == 1


def test_every_record_of_the_demo_agrees_with_the_audit_log(told):
    folder, _ = told
    found = json.loads(_remint(folder, "audit", "verify", "--json"))
    assert (found["problems"], found["records"] > 300) == ([], True)


def test_a_second_call_runs_nothing(told):
    folder, _ = told
    before = json.loads(_remint(folder, "runs", "list", "--json", "--limit", "1"))["runs"][0]["id"]
    answer = demo(folder)
    assert answer.returncode == 0, answer.stderr
    assert "nothing ran" in answer.stdout
    assert answer.stdout.count("(done before)") == 15
    assert " run" not in answer.stdout.partition("nothing ran:")[2].partition("change 1")[0]
    assert json.loads(_remint(folder, "runs", "list", "--json", "--limit", "1"))["runs"][0]["id"] == before


def test_every_command_the_demo_shows_works(told):
    folder, text = told
    shown = sorted({line.partition("$ remint ")[2] for line in text.splitlines() if "$ remint " in line})
    assert len(shown) > 10
    for line in shown:
        if not line.startswith("regenerate"):
            _remint(folder, *_words(line))


def test_with_shuffled_labels_the_gate_refuses_and_the_text_says_so(tmp_path, capsys):
    root = tmp_path / "shuffled"
    setup.make_project(root)
    place = root / "flights" / "training.py"
    text = place.read_text(encoding="utf-8")
    assert 'x, late = combine(months).xy("late", features=FEATURES)' in text
    place.write_text(
        text.replace(
            'x, late = combine(months).xy("late", features=FEATURES)',
            'x, late = combine(months).xy("late", features=FEATURES)\n'
            "    import numpy as np\n\n    late = np.random.default_rng(0).permutation(late)",
        ),
        encoding="utf-8",
    )
    story = Story(root, Out(quiet=True), fast=True)
    try:
        for tell in (setup.tell, training.ingest, training.features, training.train):
            tell(story)
        assert not story.in_production("model/delay")
    finally:
        story.close()
    out = capsys.readouterr().out
    assert "gate FAILED  eval-passed" in out
    assert "It was not merged" in out


def _words(line: str) -> list[str]:
    import shlex

    return shlex.split(line)


def _remint(folder: Path, *words: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "remint", *words],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, f"remint {' '.join(words)}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout
