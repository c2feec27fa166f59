"""What commands print: the result on standard output, progress and advice on standard error."""

import dataclasses
import json
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remint.core.plain import to_json
from remint.errors import RemintError

if TYPE_CHECKING:
    from remint.app import App

EXIT_CODES = {
    "internal": 1,
    "invalid": 2,
    "denied": 3,
    "not-found": 4,
    "conflict": 5,
    "limit-reached": 6,
    "diverged": 7,
    "corrupt": 8,
    "unavailable": 9,
    "step-failed": 10,
}


@dataclasses.dataclass
class Out:
    """How this call prints, and the project it is about."""

    as_json: bool = False
    quiet: bool = False
    debug: bool = False
    principal: str | None = None
    workspace: str | None = None

    def open(self, *, inline: bool = False) -> "App":
        """Return the app of the project this command was typed in; it is closed when the command ends."""
        from remint.app import open_project

        app = open_project(inline=inline, principal=self.principal, workspace=self.workspace)
        click.get_current_context().call_on_close(app.close)
        return app

    def show(self, schema: str, value: object, text: str | Iterable[str], *, error: RemintError | None = None) -> None:
        """Print the result: `value` as JSON with its schema's name, or `text`.

        Args:
            schema: its name.
            value: made of nouns.
            text: the same for people.
            error: what is wrong with the result. The command ends with it; in JSON it is a part of the one object.

        Raises:
            RemintError: the error, where text was printed.
        """
        if self.as_json:
            plain = to_json(value)
            held = plain if isinstance(plain, dict) else {"items": plain}
            told = {} if error is None else {"error": _body(error)}
            click.echo(json.dumps({"schema": f"remint/{schema}/1", **held, **told}, ensure_ascii=False, indent=2))
            if error is not None:
                click.get_current_context().exit(EXIT_CODES[error.family])
            return
        for line in [text] if isinstance(text, str) else text:
            click.echo(line)
        if error is not None:
            raise error

    def advise(self, text: str) -> None:
        """Print advice or progress, unless the call is quiet or prints JSON."""
        if not (self.quiet or self.as_json):
            click.echo(text, err=True)

    def ask_others(self, app: "App", command: str) -> None:
        """Advise what another principal types; embedded, it says who that is."""
        self.advise(f"next: another principal types `{command}{'' if app.settings.text('url') else ' --as NAME'}`")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return lines of a table without boxes; columns of numbers stand right.

    Example:
        >>> table(["name", "rows"], [["flights", 27004], ["planes", 3322]])
        ['name      rows', 'flights  27004', 'planes    3322']
    """
    cells = [[str(cell) for cell in row] for row in rows]
    raw = [list(row) for row in rows] if isinstance(rows, list) else []
    widths = [max(len(row[place]) for row in [list(head), *cells]) for place in range(len(head))]
    right = [bool(raw) and all(isinstance(row[place], int | float) for row in raw) for place in range(len(head))]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return [line(head), *(line(row) for row in cells)]


def when(at_us: int) -> str:
    """Return a time for people, UTC to the second.

    Example:
        >>> when(1_700_000_000_000_000)
        '2023-11-14 22:13:20Z'
    """
    import datetime as dt

    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at_us)
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


def duration(wall_us: int | None) -> str:
    """Return a span of time for people.

    Example:
        >>> duration(1_240_000), duration(95_000_000), duration(None)
        ('1.2 s', '1 min 35 s', 'unknown')
    """
    if wall_us is None:
        return "unknown"
    seconds = wall_us / 1e6
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def size_text(size_bytes: int) -> str:
    """Return a size for people.

    Example:
        >>> size_text(512), size_text(3_500_000)
        ('512 B', '3.3 MiB')
    """
    if size_bytes < 1024:
        return f"{size_bytes} B"
    amount, unit = size_bytes / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if amount >= 1024:
            amount, unit = amount / 1024, larger
    return f"{amount:.1f} {unit}"


def _body(error: RemintError) -> dict[str, Any]:
    return {"code": error.code, "what": error.what, "why": error.why, "next_step": error.next_step, **to_json(error.facts)}


def fail(error: Exception, *, as_json: bool, debug: bool) -> int:
    """Print an error and return the exit code of its family."""
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    if isinstance(error, BrokenPipeError):
        return 0
    if not isinstance(error, RemintError):
        if debug:
            traceback.print_exception(error)
        error = RemintError(
            f"Remint itself failed: {type(error).__name__}: {error}",
            why="this is a fault of Remint, not of yours; nothing committed is lost",
            next_step="run the command again with --debug, and report what it prints",
        )
    if as_json:
        click.echo(json.dumps({"schema": "remint/error/1", "error": _body(error)}, ensure_ascii=False, indent=2))
        return EXIT_CODES[error.family]
    for line in str(error.facts.get("traceback", "")).rstrip().splitlines():
        click.echo(f"  {line}", err=True)
    click.echo(f"error: {error.what}\n  why   {error.why}\n  next  {error.next_step}", err=True)
    if debug and error.__cause__ is not None:
        traceback.print_exception(error.__cause__)
    return EXIT_CODES[error.family]


def a_person_looks() -> bool:
    """Return whether a person is likely to read standard error."""
    return sys.stderr.isatty()


def short_path(path: Path) -> str:
    """Return a path for people: relative to the current folder where that is shorter."""
    from remint.config import here

    try:
        return str(path.relative_to(here()))
    except ValueError:
        return str(path)
