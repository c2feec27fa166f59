"""Progress of a running pipeline: a bar for people, lines for logs, nothing for --quiet and --json."""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from remint.cli.output import Out, a_person_looks, duration
from remint.core.pipeline import Graph
from remint.ports.usecases.pipelines import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


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
