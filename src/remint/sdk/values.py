"""The other values steps give and take: metrics, files, reports."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remint.errors import Invalid, NotFound

if TYPE_CHECKING:
    from remint.sdk.samples import Samples


class Metrics(dict[str, Any]):
    """Numbers a step found: names to numbers, or to rows and groups of numbers.

    Example:
        >>> Metrics(auc=0.74, slices=[{"carrier": "UA", "auc": 0.71}]).flat()
        {'auc': 0.74}
    """

    def flat(self) -> dict[str, float]:
        """Return the numbers at the top and in groups, names joined by dots; lists are left out."""
        return dict(_flat(self, ""))


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    for name, item in value.items():
        if isinstance(item, bool):
            continue
        if isinstance(item, int | float):
            yield prefix + name, float(item)
        elif isinstance(item, Mapping):
            yield from _flat(item, f"{prefix}{name}.")


class Files:
    """A set of files by relative path.

    Args:
        places: where each file is now; a step's own files lie in its working folder.
    """

    def __init__(self, places: Mapping[str, str | Path]) -> None:
        self._places: dict[str, Path] | None = {name: Path(place) for name, place in places.items()}
        self._folder: Path | None = None

    @classmethod
    def below(cls, folder: Path) -> "Files":
        """Return all files of a folder; it is listed when the names are asked for."""
        made = cls({})
        made._folder, made._places = folder, None
        return made

    @property
    def folder(self) -> Path:
        """The folder that holds exactly these files, for libraries that read folders.

        Raises:
            NotFound: this set was put together file by file.
        """
        if self._folder is None:
            raise NotFound(
                "this set of files has no folder",
                why="only an input of a step lies in a folder of its own",
                next_step="ask for each file with `path(name)`",
            )
        return self._folder

    @property
    def names(self) -> list[str]:
        """The paths, sorted."""
        return sorted(self._all())

    def path(self, name: str | None = None) -> Path:
        """Return where a file is; the only one if no name is given.

        Raises:
            NotFound: there is no such file, or more than one and no name.
        """
        if name is not None and self._folder is not None and self._places is None:
            place = self._folder / name
            if ".." not in Path(name).parts and not Path(name).is_absolute() and place.is_file():
                return place
        places = self._all()
        if name is None and len(places) == 1:
            return next(iter(places.values()))
        if name is None or name not in places:
            raise NotFound(
                f"there is no file {name or '(unnamed)'} in this set",
                why=f"it has {', '.join(self.names[:10])}",
                next_step="name one of them",
            )
        return places[name]

    def read(self, name: str | None = None) -> bytes:
        """Return the bytes of a file; errors as `path`."""
        return self.path(name).read_bytes()

    def samples(self) -> "Samples":
        """Return the files as samples for training (see `remint.samples`)."""
        from remint.sdk.samples import PlacedFiles, Samples

        return Samples(PlacedFiles(self._all()))

    def _all(self) -> dict[str, Path]:
        if self._places is None:
            top = f"{self._folder}/"
            found = [f"{above}/{name}" for above, _, names in os.walk(top[:-1]) for name in names]
            self._places = {place.removeprefix(top): Path(place) for place in found}
        return self._places


class Report:
    """A text for people.

    Args:
        text: Markdown or HTML.
        media: `text/markdown` or `text/html`.
    """

    def __init__(self, text: str, *, media: str = "text/markdown") -> None:
        if media not in {"text/markdown", "text/html"}:
            raise Invalid(f"{media} is no kind of report", why="a report is Markdown or HTML", next_step="use text/markdown")
        self.text = text
        self.media = media
