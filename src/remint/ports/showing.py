"""Looking at data: statistics of tables, pictures and sounds of sets of files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

OnRows: TypeAlias = Callable[[int, int], None]
"""Called with how many rows were read, and how many will be."""


@dataclass(slots=True)
class ColumnSummary:
    """What can be said of the values of one column. Nulls and numbers that are not finite are left out of all but their counts.

    Attributes:
        name: of the column.
        type: its tag.
        kind: `number`, `truth`, `text`, `time` or `other`; of the last nothing but nulls is told.
        nulls: rows without a value.
        not_finite: values that are NaN or infinite.
        distinct: different values, or about so many (see TableSummary.is_exact).
        minimum: the least value; of text in the order of its code points.
        maximum: the greatest value.
        mean: of numbers.
        deviation: standard deviation of a sample of numbers; None of fewer than two.
        quartiles: values below which a quarter, a half and three quarters of the values are; of numbers and times.
        top: the most frequent values and how often they are there, the most frequent first; of text and truth.
        bars: how many values lie in each of equal parts from `minimum` to `maximum`; of numbers and times.
    """

    name: str
    type: str
    kind: str
    nulls: int = 0
    not_finite: int = 0
    distinct: int | None = None
    minimum: Any = None
    maximum: Any = None
    mean: float | None = None
    deviation: float | None = None
    quartiles: Sequence[Any] = ()
    top: Sequence[tuple[Any, int]] = ()
    bars: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class TableSummary:
    """What can be said of a table.

    Attributes:
        rows: in all.
        is_exact: whether `distinct`, `quartiles` and `top` are exact; of a table too large to be held they are close.
        columns: in order.
    """

    rows: int
    is_exact: bool
    columns: Sequence[ColumnSummary]


class Statistics(Protocol):
    """Statistics of tables."""

    def summary(self, files: Sequence[Path], *, on_rows: OnRows | None = None) -> TableSummary:
        """Return what can be said of the table that Parquet files with their edits make; reads it, and changes nothing.

        Raises:
            Corrupt: a file cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, or why there is none.

    Attributes:
        why_not: why it could not be looked at; empty if it could.
        form: PNG, JPEG and so on.
        width: in pixels, as it is shown: turned as its EXIF orientation says.
        height: likewise.
        mode: of its pixels, as Pillow names it: RGB, L, CMYK and so on.
        frames: more than one if it moves or has pages.
        thumbnail: a small PNG or JPEG of the first frame, if one was asked for and could be made.
    """

    why_not: str = ""
    form: str = ""
    width: int = 0
    height: int = 0
    mode: str = ""
    frames: int = 1
    thumbnail: bytes = b""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound, or why there is none.

    Attributes:
        why_not: why it could not be looked at; empty if it could.
        rate: frames a second.
        channels: how many.
        bits: of each sample.
        seconds: how long it is.
        waveform: the loudest sample in each of equal parts, from 0 to 1.
    """

    why_not: str = ""
    rate: int = 0
    channels: int = 0
    bits: int = 0
    seconds: float = 0.0
    waveform: Sequence[float] = ()


class Media(Protocol):
    """Looks into files that nobody trusts: it refuses what is broken or too large, and never fails."""

    def picture(self, content: bytes, *, edge: int = 0) -> Picture:
        """Return what a picture is, with a thumbnail whose longer edge has at most `edge` pixels if that is above 0."""
        ...

    def sound(self, content: bytes, *, parts: int) -> Sound:
        """Return what a sound is, with a waveform of at most `parts` parts."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """One file that was looked into; either a picture or a sound."""

    path: str
    size_bytes: int
    picture: Picture | None = None
    sound: Sound | None = None


@dataclass(frozen=True, slots=True)
class FilesSummary:
    """What can be said of a set of files.

    Attributes:
        files: how many.
        size_bytes: together.
        suffixes: suffix, files and bytes, the largest first.
        first: path, digest and size of the first ones.
        largest: path and size of the largest ones.
        pictures: how many there are, by their suffixes.
        sounds: likewise.
        looked: those that were looked into, spread evenly over the set, in order.
    """

    files: int
    size_bytes: int
    suffixes: Sequence[tuple[str, int, int]]
    first: Sequence[tuple[str, str, int]]
    largest: Sequence[tuple[str, int]]
    pictures: int = 0
    sounds: int = 0
    looked: Sequence[Looked] = field(default_factory=tuple)
