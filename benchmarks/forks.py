"""Forking a workspace that holds a data set of ten million files: CPU, and bytes that the store grows by.

Run: python -m benchmarks.forks [files]
The manifest is that of `benchmarks.manifests`, with made-up digests: a fork looks at no file, and that is what is shown.
"""

import os
import resource
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.manifests import rows
from benchmarks.peers import fsync_median_ms
from benchmarks.table_versions import ANA
from remint.app import App, initialise
from remint.config import load
from remint.core.ref import parse_ref
from remint.services.manifests import Manifests

FORKS = 50


def cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3


def bytes_in(folder: Path) -> int:
    return sum(place.stat().st_size for place in folder.rglob("*") if place.is_file())


def main(files: int) -> None:
    with tempfile.TemporaryDirectory(dir=os.curdir) as name:
        root = Path(name)
        initialise(root, owner="ana")
        app = App(load(root, environment={}))
        made = Manifests(app.blobs).write(rows(files))
        app.blobs.flush()
        with app.catalog.begin() as tx:
            tx.artifacts.add(made, at_us=app.clock.now_us())
        app.refs.move(ANA, "data/images", to=made.digest, expect=None, reason="made up")
        held, times = bytes_in(root / ".remint" / "store"), []
        for number in range(FORKS):
            begun = cpu_ms()
            app.refs.fork(ANA, f"fork-{number}")
            times.append(cpu_ms() - begun)
        grown = bytes_in(root / ".remint" / "store") - held
        ref, _ = parse_ref("data/images", workspace=f"fork-{FORKS - 1}")
        with app.catalog.read() as tx:
            seen = tx.refs.get(ref)
        assert seen is not None
        assert seen.artifact == made.digest
        app.close()
        print(f"fsync median {fsync_median_ms(root):.1f} ms")
        print(f"{FORKS} forks of a workspace with {files:,} files ({held / 1e6:,.0f} MB of manifest)")
        print(f"CPU ms: median {statistics.median(times):.2f}, most {max(times):.2f}; the store grew by {grown} bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
