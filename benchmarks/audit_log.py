"""Verifying and proving an audit log of a million entries; no peer has one.

Run: python -m benchmarks.audit_log [--entries 1000000]
The entries lie in a real catalog (SQLite); times are CPU seconds of one process.
"""

import argparse
import sqlite3
import tempfile
import time
from pathlib import Path

from remint.app import App, initialise
from remint.config import load
from remint.core.entry import Entry, leaf_bytes
from remint.core.ids import PrincipalId
from remint.core.log import Tree


def fill(database: Path, entries: int) -> None:
    """Write entries into a catalog, with the tree over them."""
    with sqlite3.connect(database) as catalog:
        tree = Tree()
        for (leaf,) in catalog.execute("select leaf from entries order by number").fetchall():
            tree.add(leaf)
        digest = tree.root()
        by, rows = PrincipalId("ana"), []
        for number in range(tree.size + 1, entries + 1):
            entry = Entry("source:check", f"main:data/month-{number % 97}", by, number, {"from": digest, "to": digest})
            leaf = leaf_bytes(entry, number=number, previous=tree.root())
            tree.add(leaf)
            rows.append((number, leaf))
        catalog.executemany("insert into entries (number, leaf) values (?, ?)", rows)
        roots = b"".join(root.raw for root in tree.frontier().roots)
        catalog.execute("update entry_frontier set size = ?, roots = ?", (tree.size, roots))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=1_000_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        initialise(root, owner="ana")
        fill(root / ".remint" / "catalog.db", chosen.entries)
        app = App(load(root, environment={}))
        for name, act in (
            ("verify, entries alone", lambda: app.audit.verify(records=False)),
            ("verify, with records", app.audit.verify),
            ("prove one entry", lambda: app.audit.prove(chosen.entries // 3)),
        ):
            began = time.process_time()
            found = act()
            print(f"{name:<24} {time.process_time() - began:.2f} CPU s for {chosen.entries:,} entries")
            assert not getattr(found, "problems", ()), found
        app.close()


if __name__ == "__main__":
    main()
