"""CPU of `--help` and of `status` on an unchanged project, beside DVC.

Run: python -m benchmarks.cli_start
Our project has one pipeline of three steps that all were done; DVC's has three stages that all were done.
"""

import shutil
import tempfile
from pathlib import Path

from benchmarks.peers import DVC, cpu_of, ours, peer, run

PIPELINE = """
from remint import pipeline, step

@step(exact="content")
def one() -> int:
    return 1

@step(exact="content")
def more(n: int) -> int:
    return n + 1

@pipeline("value/three")
def three():
    return more(more(one()))
"""
STAGES = """
stages:
  one: {cmd: echo 1 > one.txt, outs: [one.txt]}
  two: {cmd: cp one.txt two.txt, deps: [one.txt], outs: [two.txt]}
  three: {cmd: cp two.txt three.txt, deps: [two.txt], outs: [three.txt]}
"""
LOCK = Path(__file__).resolve().parents[1] / "src/remint/cli/demo/project/requirements.lock"


def main() -> None:
    dvc = peer(DVC) / "dvc"
    with tempfile.TemporaryDirectory() as place:
        mine, theirs = Path(place) / "ours", Path(place) / "dvc"
        mine.mkdir(), theirs.mkdir()
        (mine / "pipeline.py").write_text(PIPELINE)
        shutil.copyfile(LOCK, mine / "requirements.lock")
        run([*ours(), "init"], mine)
        run([*ours(), "run"], mine)
        run([dvc, "init", "--no-scm", "-q"], theirs)
        (theirs / "dvc.yaml").write_text(STAGES)
        run([dvc, "repro", "-q"], theirs)
        for name, own, other in (
            ("--help", [*ours(), "--help"], [dvc, "--help"]),
            ("status", [*ours(), "status"], [dvc, "status"]),
        ):
            one, two = cpu_of(own, mine), cpu_of(other, theirs)
            print(f"{name:<8} remint {one * 1e3:.0f} CPU ms, {DVC} {two * 1e3:.0f} CPU ms, ratio {two / one:.1f}")


if __name__ == "__main__":
    main()
