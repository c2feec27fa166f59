"""Refs and their moves in words."""

from collections.abc import Sequence

from remint.cli.output import when
from remint.core.ref import Move
from remint.ports.usecases.history import RefDifference


def view_lines(found: Sequence[RefDifference]) -> list[str]:
    """Return what differs between two views of workspaces, a ref a paragraph."""
    lines = []
    for one in found:
        lines.append(f"{one.ref}: {_short(one.left)} -> {_short(one.right)}")
        lines += [f"  {when(move.at_us)}  {move.new.short} by {move.by}: {move.reason}" for move in one.moves]
    return lines or ["all refs are the same"]


def _short(move: Move | None) -> str:
    return "not there" if move is None else f"{move.new.short} (version {move.serial})"
