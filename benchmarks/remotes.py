"""Push and pull of many small files through an S3 server: CPU of the commands, and requests.

    python benchmarks/remotes.py [FILES]

Needs the server of REMINT_TEST_S3 (tests/support/s3.py). CPU is user and system time of the command and what it started.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "src")]

from tests.support import s3  # noqa: E402 - found by the line above

FILE_BYTES = 10_000


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def command(root: Path, *words: str) -> float:
    """Type a command in a project; return the CPU seconds it took."""
    before = cpu_s()
    env = {**os.environ, **s3.CREDENTIALS, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    subprocess.run([sys.executable, "-m", "remint", "-q", *words], cwd=root, env=env, check=True, stdout=subprocess.DEVNULL)
    return cpu_s() - before


def main(files: int) -> None:
    with tempfile.TemporaryDirectory() as folder, s3.between() as server:
        place = s3.place()
        settings = f'principal = "ana"\nremote = "team"\n[remotes.team]\nurl = "s3://{place.rest}"\nregion = "{s3.REGION}"\n'
        roots = [Path(folder) / name for name in ("one", "other", "counted")]
        for root, endpoint in zip(roots, (s3.ENDPOINT, s3.ENDPOINT, server.endpoint), strict=True):
            root.mkdir()
            (root / "remint.toml").write_text(f'{settings}endpoint = "{endpoint}"\n')
            command(root, "init")
        one, other, counted = roots
        for number in range(files):
            path = one / "landing" / f"{number % 100:02}" / f"{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(FILE_BYTES))
        start = command(one, "whoami")
        took = {
            "add": command(one, "add", "landing", "--as", "data/landing"),
            "push": command(one, "push", "data/landing"),
            "push again": command(one, "push", "data/landing"),
            "pull": command(other, "pull"),
            "pull again": command(other, "pull"),
        }
        command(counted, "pull")
        pulled = len(server.asked)
        server.asked.clear()
        (counted / "landing").mkdir()
        for number in range(files):
            (counted / "landing" / str(number)).write_bytes(os.urandom(FILE_BYTES))
        command(counted, "add", "landing", "--as", "data/others")
        command(counted, "push", "data/others")
        print(f"{files:,} files of {FILE_BYTES:,} bytes; a command that does nothing takes {start:.2f} s of CPU")
        for what, cpu in took.items():
            print(f"{what:<12} {cpu:6.2f} s CPU")
        print(f"a pull asked {pulled} times, a push {len(server.asked)} times")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
