"""The other values steps give and take: metrics, files, reports."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from remint.errors import Invalid, NotFound


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
        self._places = {name: Path(place) for name, place in places.items()}
        self.blobs: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        """The paths, sorted."""
        return sorted(self._places)

    def path(self, name: str | None = None) -> Path:
        """Return where a file is; the only one if no name is given.

        Raises:
            NotFound: there is no such file, or more than one and no name.
        """
        if name is None and len(self._places) == 1:
            return next(iter(self._places.values()))
        if name is None or name not in self._places:
            raise NotFound(
                f"there is no file {name or '(unnamed)'} in this set",
                why=f"it has {', '.join(self.names[:10])}",
                next_step="name one of them",
            )
        return self._places[name]

    def read(self, name: str | None = None) -> bytes:
        """Return the bytes of a file; errors as `path`."""
        return self.path(name).read_bytes()


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
