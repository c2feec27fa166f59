"""Progress of what takes long: a bar for people, lines for logs, nothing for --quiet and --json."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from remint.cli.output import Out, a_person_looks, duration, size_text
from remint.core.pipeline import Graph
from remint.ports.usecases.pipelines import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import ProgressColumn, TaskID


MOMENT_S = 0.7
"""Nothing is shown of what is over sooner."""
BETWEEN_LINES_S = 10.0


class RunProgress:
    """Shows what happens to each step of some graphs while they run.

    Args:
        out: how to print.
        graphs: what runs.
        quiet_lines: show the bar only, and what steps print.
    """

    def __init__(self, out: Out, graphs: Sequence[Graph], *, quiet_lines: bool = False) -> None:
        self._quiet_lines = quiet_lines
        self._silent = out.quiet or out.as_json
        self._graphs = graphs
        self._going: list[str] = []
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Open the bar where a person looks."""
        if not self._silent and a_person_looks():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            names = ", ".join(graph.name for graph in self._graphs)
            self._task = self._bar.add_task(names, total=sum(len(graph.calls) for graph in self._graphs))
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show one thing that happened."""
        if self._silent:
            return
        if progress.what == "start":
            self._going.append(progress.name)
        elif progress.what == "done":
            self._going.remove(progress.name)
        if self._bar is not None and self._task is not None:
            if progress.what in {"hit", "done"}:
                self._bar.advance(self._task)
            self._bar.update(self._task, description=f"{progress.graph}  {', '.join(dict.fromkeys(self._going))}")
        if progress.what == "line" or not self._quiet_lines:
            self._tell(progress)

    def _tell(self, progress: Progress) -> None:
        if progress.what == "done":
            self._line(f"  ran   {progress.name} in {duration(progress.wall_us)}")
        elif progress.what == "start" and self._bar is None:
            self._line(f"  start {progress.name}: {progress.text}")
        elif progress.what == "line":
            said_by = f"{progress.name}: " if len(self._going) > 1 else ""
            self._line(f"        {said_by}{progress.text}")

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            click.echo(text, err=True)


class FileProgress:
    """Shows how many of many files are done, once that takes longer than a moment.

    Args:
        out: how to print.
        title: what is done with them.
    """

    def __init__(self, out: Out, title: str) -> None:
        self._silent = out.quiet or out.as_json
        self._title = title
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._next_s = time.monotonic() + MOMENT_S

    def __enter__(self) -> Self:
        """Start the clock."""
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` files are done."""
        if self._silent:
            return
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() >= self._next_s:
            if a_person_looks():
                self._open(done, total)
            else:
                self._next_s = time.monotonic() + BETWEEN_LINES_S
                click.echo(f"{self._title}: {self._line(done, total)}", err=True)

    def _line(self, done: int, total: int) -> str:
        return f"{done:,} of {total:,} files"

    def _columns(self) -> "tuple[ProgressColumn, ...]":
        from rich.progress import BarColumn, TimeRemainingColumn

        return (BarColumn(), self._count(), TimeRemainingColumn())

    def _count(self) -> "ProgressColumn":
        from rich.progress import MofNCompleteColumn

        return MofNCompleteColumn()

    def _open(self, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bar
        from rich.progress import TextColumn

        columns = (TextColumn("{task.description}"), *self._columns())
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=total, completed=done)


class ByteProgress(FileProgress):
    """The same for bytes."""

    def _line(self, done: int, total: int) -> str:
        return f"{size_text(done)} of {size_text(total)}"

    def _count(self) -> "ProgressColumn":
        from rich.progress import DownloadColumn

        return DownloadColumn(binary_units=True)


class RecordProgress(FileProgress):
    """The same for records."""

    def _line(self, done: int, total: int) -> str:
        return f"{done:,} of {total:,} records"


class RowProgress(FileProgress):
    """The same for rows of which nobody knows how many there are."""

    def __call__(self, done: int, total: int = 0) -> None:
        """Show that `done` rows are done."""
        super().__call__(done, total)

    def _line(self, done: int, total: int) -> str:  # noqa: ARG002 - it is not known
        return f"{done:,} rows"

    def _columns(self) -> "tuple[ProgressColumn, ...]":
        from rich.progress import TextColumn, TimeElapsedColumn

        return (TextColumn("{task.completed:,} rows"), TimeElapsedColumn())
