"""The demo as a story in chapters: each says what happens, does it with the product's own use cases, and shows how to do
it by hand.

A chapter that is done is remembered in `.remint/demo.json`, with the words it printed. Stopped at any point, the next call
goes on from
there: chapters done are told again from what was remembered, and what a chapter had done before it was stopped is found done.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from remint.app import App
from remint.cli.output import Out, a_person_looks, duration
from remint.cli.progress import RunProgress
from remint.config import load
from remint.core.ids import PrincipalId
from remint.core.pipeline import Graph
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import PipelineOutcome
from remint.sdk.project import load_pipelines
from remint.sdk.steps import Pipeline

Done = TypeVar("Done")
OWNER, APPROVER, INGEST, RETRAINER = "ana", "bo", "ingest", "retrainer"


@dataclass
class Memory:
    """What earlier calls did, kept in a file that is replaced in one step."""

    place: Path
    chapters: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, place: Path) -> "Memory":
        """Return what is remembered; nothing if there is no file yet."""
        if not place.exists():
            return cls(place)
        held = json.loads(place.read_text(encoding="utf-8"))
        return cls(place, held["chapters"], held["facts"])

    def keep(self) -> None:
        """Write what is known now."""
        draft = self.place.with_suffix(".new")
        draft.write_text(json.dumps({"chapters": self.chapters, "facts": self.facts}, indent=1), encoding="utf-8")
        draft.replace(self.place)


class Story:
    """The demo in one folder.

    Args:
        root: the project's folder, which exists.
        out: how to print.
        fast: whether only a sample of the flights is used.
    """

    def __init__(self, root: Path, out: Out, *, fast: bool) -> None:
        self.root = root
        self.out = out
        self.fast = fast
        self.memory = Memory.read(root / ".remint" / "demo.json")
        self._lines: list[str] = []

    @cached_property
    def app(self) -> App:
        """The project's app; every chapter shares it, and with it the process that steps are forked from."""
        return App(load(self.root))

    @cached_property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """The project's pipelines."""
        return load_pipelines(self.root, self.app.settings.texts("pipelines"))

    def context(self, principal: str = OWNER, workspace: str = "main") -> Context:
        """Return someone who acts somewhere."""
        return Context(PrincipalId(principal), workspace)

    # ---- telling

    def say(self, *lines: str) -> None:
        """Print lines and remember them."""
        self._lines += lines
        if not self.out.as_json:
            for line in lines:
                click.echo(line)

    def by_hand(self, *commands: str) -> None:
        """Show how the reader does the same."""
        self.say(*(f"   $ {command}" for command in commands))

    @contextmanager
    def chapter(self, name: str, title: str) -> Iterator[bool]:
        """Tell a chapter; yields whether it still has to be done.

        What was said inside the block is remembered when the block ends without an error.
        """
        told = self.memory.chapters.get(name)
        if told is not None:
            if not self.out.as_json:
                click.echo(f"\n{title} (done before)")
                for line in told:
                    click.echo(line)
            yield False
            return
        if not self.out.as_json:
            click.echo(f"\n{title}")
        self._lines = []
        began = time.monotonic()
        yield True
        self.memory.chapters[name] = self._lines
        self.memory.keep()
        self.out.advise(f"   ({duration(round((time.monotonic() - began) * 1e6))})")

    # ---- doing

    def graph(self, name: str, **parameters: object) -> Graph:
        """Return the graph of one of the project's pipelines."""
        return self.pipelines[name].graph(parameters)

    def prepare(self, *hash_seeds: str) -> None:
        """Have the libraries of training loaded while chapters before it are told."""
        self.app.pipelines.prepare(self.graph("model/delay"), hash_seeds=hash_seeds)

    def run(self, context: Context, name: str, **parameters: object) -> PipelineOutcome:
        """Run a pipeline as the command would, with a progress bar."""
        return self.run_all(context, [self.graph(name, **parameters)])[0]

    def run_all(self, context: Context, graphs: Sequence[Graph]) -> Sequence[PipelineOutcome]:
        """Run several pipelines as the command would."""
        with RunProgress(self.out, graphs, quiet_lines=True) as progress:
            return self.app.pipelines.run_all(context, graphs, on_progress=progress)

    def together(self, acts: Sequence[Callable[[], Done]]) -> list[Done]:
        """Do some things at once, as many as steps may run, and return what each gave."""
        executor = self.app.executor
        with ThreadPoolExecutor(executor.at_once, thread_name_prefix="demo") as pool:
            try:
                return list(pool.map(lambda act: act(), acts))
            except KeyboardInterrupt:
                executor.interrupt()
                raise

    def value(self, text: str, *, workspace: str = "main") -> Any:  # noqa: ANN401 - JSON
        """Return the value of a record a ref points at."""
        return self.app.artifacts.value(self.app.refs.artifact(self.context(workspace=workspace), text).digest)

    def sandbox(self, name: str, *, by: str = OWNER) -> Context:
        """Return a context in a sandbox, which is made if it does not exist."""
        if name not in {one.name for one in self.app.refs.workspaces()}:
            self.app.refs.fork(self.context(by), name)
        return self.context(by, name)

    def in_production(self, path: str) -> bool:
        """Return whether a ref exists in `main`."""
        return path in {ref.name.path for ref in self.app.refs.list(self.context())}

    def merged(self, change_id: str) -> bool:
        """Return whether a change was merged."""
        return str(self.app.changes.review(change_id).state) == "merged"

    def approve_and_merge(self, change_id: str, *, note: str) -> None:
        """Let the second principal approve a change and the owner merge it, as far as that is not done yet."""
        review = self.app.changes.review(change_id)
        if review.missing and str(review.state) == "open":
            self.app.changes.approve(self.context(APPROVER), change_id, note=note)
        if not self.merged(change_id):
            self.app.changes.merge(self.context(), change_id)

    def close(self) -> None:
        """Release what was opened."""
        if "app" in self.__dict__:
            self.app.close()


def each(items: Sequence[str], act: Callable[[str], object], *, out: Out, title: str, at_once: int = 1) -> None:
    """Do something for each item, begun in their order, with a progress bar where a person looks."""
    with ThreadPoolExecutor(at_once) as pool:
        done: Iterable[object] = pool.map(act, items) if at_once > 1 else map(act, items)
        if not out.quiet and not out.as_json and a_person_looks():
            from rich.console import Console
            from rich.progress import track

            done = track(done, total=len(items), description=title, console=Console(stderr=True), transient=True)
        deque(done, maxlen=0)
