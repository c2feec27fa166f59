"""Samples: the files of a set, read many at a time and in any order, for training."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, SupportsIndex, overload

from remint.errors import Invalid

if TYPE_CHECKING:
    from remint.app import App
    from remint.core.artifact import Artifact
    from remint.core.manifest import Rows
    from remint.ports.samples import Sampling
    from remint.sdk.streams import Stream

AT_ONCE = 256
"""So many are read at once where all are read in order."""


class Sample(NamedTuple):
    """One file of a set: its path in the set, and its bytes, verified."""

    path: str
    content: bytes


class Source(Protocol):
    """Where samples come from. It can be pickled; what it opens, each process opens for itself."""

    @property
    def name(self) -> str:
        """What tells this source from others: of a stored set its digest."""
        ...

    @property
    def is_far(self) -> bool:
        """Whether reading may wait for a network."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """The paths, in order."""
        ...

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes in bytes, in the order of `paths`."""
        ...

    def read(self, places: Sequence[int]) -> list[bytes]:
        """Return contents by their places in `paths`."""
        ...

    def close(self) -> None:
        """Release what was opened."""
        ...


class Samples:
    """The files of a set as a sequence of samples; immutable, and may be pickled if what `map` was given can be.

    Length, indexing and `__getitems__` are what `torch.utils.data.DataLoader` asks of a dataset; torch itself is not needed.

    Args:
        source: where they come from.
        places: which of them, in this order; all of them if None.
        maps: what is done with each sample, in order.
    """

    def __init__(self, source: Source, places: Sequence[int] | None = None, maps: Sequence[Callable[[Any], Any]] = ()) -> None:
        self._source = source
        self._places = None if places is None else list(places)
        self._maps = tuple(maps)

    def __len__(self) -> int:
        return len(self._source.paths) if self._places is None else len(self._places)

    @property
    def paths(self) -> list[str]:
        """The paths of the samples, in order."""
        paths = self._source.paths
        return list(paths) if self._places is None else [paths[place] for place in self._places]

    @property
    def sizes(self) -> list[int]:
        """The sizes of the samples in bytes, in order."""
        sizes = self._source.sizes
        return list(sizes) if self._places is None else [sizes[place] for place in self._places]

    @property
    def source(self) -> Source:
        """Where they come from."""
        return self._source

    @overload
    def __getitem__(self, at: SupportsIndex) -> Any: ...  # noqa: ANN401 - what the user's functions return

    @overload
    def __getitem__(self, at: slice) -> "Samples": ...

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        """Return one sample, or the samples of a slice."""
        if isinstance(at, slice):
            return self.select(range(len(self))[at])
        return self.__getitems__([at.__index__()])[0]

    def __getitems__(self, places: Sequence[int]) -> list[Any]:
        """Return samples by their numbers, in that order; read in one pass in the order of packs.

        Raises:
            IndexError: there is no sample of a number.
            BlobMissing, BlobAltered, Unavailable: as `remint.ports.samples.Sampling.read`.
        """
        chosen = self._chosen(places)
        paths = self._source.paths
        contents = self._source.read(chosen)
        return [self._mapped(Sample(paths[place], content)) for place, content in zip(chosen, contents, strict=True)]

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), AT_ONCE):
            yield from self.__getitems__(range(start, min(start + AT_ONCE, len(self))))

    def _chosen(self, places: Sequence[int]) -> list[int]:
        count = len(self)
        numbers = [place if place >= 0 else place + count for place in map(int, places)]
        for place, number in zip(places, numbers, strict=True):
            if not 0 <= number < count:
                raise IndexError(f"sample {place} of {count}")
        return numbers if self._places is None else [self._places[number] for number in numbers]

    def _mapped(self, value: Any) -> Any:  # noqa: ANN401 - what the user's functions return
        for function in self._maps:
            value = function(value)
        return value

    def select(self, which: str | Sequence[int]) -> "Samples":
        """Return some of the samples.

        Args:
            which: a pattern of paths, in which `*` stands for any letters, also `/`, and `?` for one; or numbers of samples,
                in the order wanted.

        Raises:
            Invalid: no path fits the pattern.
            IndexError: there is no sample of a number.
        """
        if not isinstance(which, str):
            return Samples(self._source, self._chosen(which), self._maps)
        fits = re.compile(fnmatch.translate(which)).match
        numbers = [number for number, path in enumerate(self.paths) if fits(path)]
        if not numbers:
            raise Invalid(
                f"no sample was selected by {which!r}",
                why=f"none of {len(self):,} paths fits it" + (f", for example {self.paths[0]}" if len(self) else ""),
                next_step="give a pattern of whole paths, for example 'train/*.jpg'",
            )
        return Samples(self._source, self._chosen(numbers), self._maps)

    def map(self, function: Callable[[Any], Any]) -> "Samples":
        """Return the samples with a function done on each; the first function gets a `Sample`.

        Workers that are spawned must be able to import the function.
        """
        return Samples(self._source, self._places, (*self._maps, function))

    def stream(self, *, seed: int | None = None, buffer: int = 1024) -> "Stream":
        """Return them as a stream, which reads in long ranges and can be shuffled, divided and resumed.

        Args:
            seed: shuffles them; in order if None.
            buffer: so many samples are held and shuffled at a time.
        """
        from remint.sdk.streams import Stream

        made = Stream(self)
        return made if seed is None else made.shuffle(seed, buffer_size=buffer)

    def close(self) -> None:
        """Release what was opened. Idempotent; reading opens it again."""
        self._source.close()

    def __repr__(self) -> str:
        return f"Samples({len(self):,} of {self._source.name})"


class StoredFiles:
    """The files of a stored set (see Source).

    Args:
        root: the project's folder.
        artifact: the set.
        keep: keep what is brought from a remote.
    """

    def __init__(self, root: Path, artifact: "Artifact", *, keep: bool = False) -> None:
        self._root = root
        self._artifact = artifact
        self._keep = keep
        self._app: App | None = None
        self._rows: Rows | None = None
        self._process = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_app": None, "_rows": None, "_process": 0}

    @property
    def name(self) -> str:
        """The digest of the set."""
        return str(self._artifact.digest)

    @property
    def is_far(self) -> bool:
        """Whether the project has a remote."""
        return self._opened().is_far

    @property
    def paths(self) -> Sequence[str]:
        """The paths, in order."""
        return self._files().paths

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes in bytes."""
        return self._files().sizes

    def read(self, places: Sequence[int]) -> list[bytes]:
        """Return contents by their places."""
        files = self._files()
        sizes = [files.sizes[place] for place in places]
        return self._opened().read([files.raw(place) for place in places], sizes, keep=self._keep)

    def _files(self) -> "Rows":
        if self._rows is None:
            self._rows = self._opened().rows(self._artifact)
        return self._rows

    def _opened(self) -> "Sampling":
        import os

        if self._app is None or self._process != os.getpid():  # a fork leaves what was opened to its parent
            from remint.app import App
            from remint.config import load

            self._app, self._process = App(load(self._root)), os.getpid()
        return self._app.sampling

    def close(self) -> None:
        """Release what was opened."""
        app, self._app = self._app, None
        if app is not None:
            app.close()


class PlacedFiles:
    """Files that lie in folders (see Source), as the inputs of a step do; their bytes were verified when they were laid there.

    Args:
        places: by their paths in the set.
    """

    def __init__(self, places: Mapping[str, Path]) -> None:
        self.paths: Sequence[str] = sorted(places)
        self._places = [places[path] for path in self.paths]
        self._sizes: list[int] | None = None

    name = "files of a step"
    is_far = False

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes in bytes."""
        if self._sizes is None:
            self._sizes = [place.stat().st_size for place in self._places]
        return self._sizes

    def read(self, places: Sequence[int]) -> list[bytes]:
        """Return contents by their places."""
        return [self._places[place].read_bytes() for place in places]

    def close(self) -> None:
        """Nothing is open."""


def samples(
    name: str,
    path: str | Path | None = None,
    *,
    keep: bool = False,
    principal: str | None = None,
    workspace: str | None = None,
) -> Samples:
    """Return the files of a set as samples for training.

    Args:
        name: a ref with or without a version (`data/images@3`), or a digest.
        path: a folder of the project; the current one if not given.
        keep: keep the files that are brought from a remote, so that the next epoch reads them here.
        principal: who acts, instead of the setting.
        workspace: where, instead of the setting.

    Raises:
        RefNotFound: there is no such ref or version.
        Invalid: it is no set of files.
        ProjectNotFound: there is no project.
    """
    from remint.app import open_project

    app = open_project(None if path is None else Path(path), principal=principal, workspace=workspace)
    try:
        return samples_of(app, name, app.refs.artifact(app.context(), name), keep=keep)
    finally:
        app.close()


def samples_of(app: "App", name: str, artifact: "Artifact", *, keep: bool = False) -> Samples:
    """Return the files of an artifact as samples.

    Raises:
        Invalid: it is no set of files.
    """
    from remint.core.artifact import Kind

    if artifact.kind is not Kind.FILES:
        raise Invalid(
            f"{name} has no samples",
            why=f"it is {artifact.kind.noun}, and samples are the files of a set",
            next_step="name a set of files, as `remint add FOLDER --as NAME` makes it",
        )
    return Samples(StoredFiles(app.settings.root, artifact, keep=keep))
