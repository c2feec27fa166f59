"""How differences of sets of files and tracked paths are printed."""

from collections.abc import Iterator, Sequence
from typing import Any

from remint.cli.output import size_text, table
from remint.core.manifest import Difference
from remint.core.worktree import PathStatus, shown

MOST_SHOWN = 50


def difference_json(found: Difference) -> dict[str, Any]:
    """Return all of a difference between two sets of files."""
    return {
        "added": [path for path, _, _ in found.added],
        "removed": [path for path, _, _ in found.removed],
        "changed": found.changed,
        "renamed": [{"from": old, "to": new} for old, new in found.renamed],
    }


def difference_lines(found: Difference) -> list[str]:
    """Return a difference for people: the counts, then the first paths with letters as git uses them."""
    if not found:
        return []
    added, removed = (sum(size_bytes for _, _, size_bytes in side) for side in (found.added, found.removed))
    counts = [
        (len(found.added), f"added ({size_text(added)})"),
        (len(found.removed), f"removed ({size_text(removed)})"),
        (len(found.changed), "changed"),
        (len(found.renamed), "renamed"),
    ]
    letters = sorted(
        [
            *((path, f"A {shown(path)}") for path, _, _ in found.added),
            *((path, f"D {shown(path)}") for path, _, _ in found.removed),
            *((path, f"M {shown(path)}") for path in found.changed),
            *((old, f"R {shown(old)} -> {shown(new)}") for old, new in found.renamed),
        ]
    )
    return [", ".join(f"{count:,} {words}" for count, words in counts if count), *_listed([line for _, line in letters])]


def tracked_json(found: Sequence[PathStatus]) -> list[dict[str, Any]]:
    """Return how tracked paths stand, all of it."""
    return [
        {
            "ref": str(one.ref),
            "path": one.path,
            "artifact": one.artifact,
            "state": one.state,
            "files": one.files,
            "changed": one.changed,
            "new": one.new,
            "removed": one.removed,
            "refused": [{"path": refused.path, "why": refused.why} for refused in one.refused],
        }
        for one in found
    ]


def tracked_lines(found: Sequence[PathStatus], *, listed: bool = False) -> list[str]:
    """Return how tracked paths stand for people: a line for each, and its files if `listed`."""
    lines = table(["tracked path", "ref", "state"], [[shown(one.path), one.ref.path, _state(one)] for one in found])
    if not listed:
        return lines if found else []
    for one in found:
        letters = sorted(
            [
                *((path, f"M {shown(path)}") for path in one.changed),
                *((path, f"? {shown(path)}") for path in one.new),
                *((path, f"D {shown(path)}") for path in one.removed),
                *((refused.path, f"! {shown(refused.path)} ({refused.why})") for refused in one.refused),
            ]
        )
        if letters:
            lines += ["", f"{shown(one.path)}:", *_listed([line for _, line in letters])]
    return lines


def _state(one: PathStatus) -> str:
    if one.state == "unchanged":
        return f"unchanged ({one.files:,} file{'' if one.files == 1 else 's'})"
    if one.state != "changed":
        return "missing: nothing is there"
    counts = [
        (len(one.changed), "changed"),
        (len(one.new), "new"),
        (len(one.removed), "removed"),
        (len(one.refused), "that cannot be added"),
    ]
    return ", ".join(f"{count:,} {word}" for count, word in counts if count)


def _listed(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:MOST_SHOWN])
    if len(lines) > MOST_SHOWN:
        yield f"  and {len(lines) - MOST_SHOWN:,} more"
