"""Streams of samples: shuffled, divided among processes, and resumed, with the same order wherever they are read.

The order of an epoch is one permutation of the samples. It depends on the sizes of the files, the seed, the epoch and the
buffer alone: not on the packs, the machine, or how many processes read. See docs/how-to/train-on-files.md.
"""

import random
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Protocol

from remint.errors import Invalid

if TYPE_CHECKING:
    from torch.utils.data import IterableDataset  # type: ignore[import-not-found,unused-ignore]

RUN_BYTES: Final = 1 << 20
RUN_SAMPLES: Final = 128
"""Neighbours up to so many bytes and so many samples are a run, which is read as a whole."""
AHEAD: Final = 2
"""So many buffers are read ahead where reading may wait for a network."""
_DIVIDES, _ALTERS = {"take", "skip", "shard"}, {"filter", "batch", "first", "after"}

Step = tuple[str, Any, Any]


class Origin(Protocol):
    """Where samples come from, as far as a stream asks."""

    @property
    def name(self) -> str:
        """What tells it from others."""
        ...

    @property
    def is_far(self) -> bool:
        """Whether reading may wait for a network."""
        ...


class Numbered(Protocol):
    """Samples by number, as `remint.sdk.samples.Samples` are."""

    def __len__(self) -> int: ...

    def __getitems__(self, places: Sequence[int]) -> list[Any]:
        """Return samples by their numbers."""
        ...

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes in bytes."""
        ...

    @property
    def source(self) -> Origin:
        """Where they come from."""
        ...


class Order:
    """The order of each epoch: runs of neighbours are permuted, and then the samples of each buffer.

    Args:
        sizes: of the samples, in bytes.
        seed: None for the order they have.
        buffer: how many samples are shuffled together.
    """

    def __init__(self, sizes: Sequence[int], seed: int | None, buffer: int) -> None:
        self._seed = seed
        self._buffer = buffer
        self._count = len(sizes)
        self._runs = list(_runs(sizes)) if seed is not None else []
        self._epoch = -1
        self._permuted: list[range] = []
        self._ends: list[int] = []

    def __len__(self) -> int:
        return self._count

    def pieces(self, epoch: int, start: int, stop: int) -> Iterator[list[int]]:
        """Yield the numbers of the samples from `start` to before `stop` of an epoch, those of one buffer at a time."""
        while start < stop:
            window, inside = divmod(start, self._buffer)
            here = self._window(epoch, window)[inside : inside + stop - start]
            yield here
            start += len(here)

    def _window(self, epoch: int, window: int) -> list[int]:
        start = window * self._buffer
        stop = min(start + self._buffer, self._count)
        if self._seed is None:
            return list(range(start, stop))
        self._permute(epoch)
        numbers: list[int] = []
        at = bisect_right(self._ends, start)
        while len(numbers) < stop - start:
            run = self._permuted[at]
            skipped = max(0, start + len(numbers) - (self._ends[at] - len(run)))
            numbers += run[skipped : skipped + stop - start - len(numbers)]
            at += 1
        return _shuffled(numbers, f"remint buffer 1 {self._seed} {epoch} {window}")

    def _permute(self, epoch: int) -> None:
        if epoch != self._epoch:
            self._permuted = _shuffled(self._runs, f"remint runs 1 {self._seed} {epoch}")
            self._ends = list(accumulate(map(len, self._permuted)))
            self._epoch = epoch


def _runs(sizes: Sequence[int]) -> Iterator[range]:
    start, held = 0, 0
    for number, size in enumerate(sizes):
        if number > start and (held + size > RUN_BYTES or number - start == RUN_SAMPLES):
            yield range(start, number)
            start, held = number, 0
        held += size
    if start < len(sizes):
        yield range(start, len(sizes))


def _shuffled(things: Sequence[Any], text: str) -> list[Any]:
    """Return things in an order that a text decides; Python promises that `random()` gives the same numbers for ever."""
    draw = random.Random(text).random  # noqa: S311 - an order, no secret
    keys = [draw() for _ in things]
    return [things[at] for at in sorted(range(len(things)), key=keys.__getitem__)]


class Stream:
    """Samples one after the other. Every method but `set_epoch` and `load_state_dict` returns another stream.

    Iterating in a worker of a `torch.utils.data.DataLoader` gives that worker's part.

    Args:
        samples: in their own order.
        seed: None for this order.
        buffer: so many samples are held and shuffled at a time.
        steps: what is done with them, in order: a name, and what it takes.
        epoch: of the next iteration.
    """

    def __init__(
        self, samples: Numbered, *, seed: int | None = None, buffer: int = 1024, steps: Sequence[Step] = (), epoch: int = 0
    ) -> None:
        self._samples = samples
        self._seed = seed
        self._buffer = buffer
        self._steps = tuple(steps)
        self._epoch = epoch
        self._begin: Mapping[str, Any] | None = None
        self._at: tuple[int, int, list[int]] | None = None
        self._part = (0, len(samples))
        self._order: Order | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_order": None}

    # ---- what is asked of it

    def shuffle(self, seed: int, buffer_size: int = 1024) -> "Stream":
        """Return the stream in the order that a seed and the epoch decide. It is called before what takes or divides.

        Args:
            seed: any whole number.
            buffer_size: so many samples are held and shuffled at a time.
        """
        if any(name in _DIVIDES | _ALTERS for name, _, _ in self._steps):
            raise Invalid(
                "the stream was not shuffled",
                why="it was taken from, divided, filtered or batched before, and the order is one of the whole set",
                next_step="call `shuffle` first; every process with the same seed",
            )
        buffer = _at_least(buffer_size, 1, "buffer_size")
        return Stream(self._samples, seed=int(seed), buffer=buffer, steps=self._steps, epoch=self._epoch)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next iteration; workers that live on are told by the stream of `torch()` only."""
        if _at_least(epoch, 0, "epoch") != self._epoch:
            self._at = self._begin = None
        self._epoch = epoch

    @property
    def epoch(self) -> int:
        """The epoch of the next iteration."""
        return self._epoch

    def shard(self, num_shards: int, index: int) -> "Stream":
        """Return one of several parts, which differ in size by one sample at most; together they are the whole.

        What divides are the samples, before they are filtered and batched.
        """
        self._require_no("shard", {"first", "after"})
        if not 0 <= index < _at_least(num_shards, 1, "num_shards"):
            raise Invalid(
                "the stream was not divided", why=f"there is no part {index} of {num_shards}", next_step="count parts from 0"
            )
        return self._with(("shard", num_shards, index))

    def take(self, count: int) -> "Stream":
        """Return the first so many samples; after `filter` or `batch`, the first so many of what these give."""
        return self._with(("first" if self._is_altered else "take", _at_least(count, 0, "count"), None))

    def skip(self, count: int) -> "Stream":
        """Return what follows the first so many; as `take`."""
        return self._with(("after" if self._is_altered else "skip", _at_least(count, 0, "count"), None))

    def map(self, function: Callable[[Any], Any]) -> "Stream":
        """Return the stream with a function done on each."""
        return self._with(("map", function, None))

    def filter(self, function: Callable[[Any], object]) -> "Stream":
        """Return only those for which a function returns something true."""
        return self._with(("filter", function, None))

    def batch(self, size: int, *, drop_last: bool = False) -> "Stream":
        """Return lists of so many; the last may be shorter unless it is dropped."""
        return self._with(("batch", _at_least(size, 1, "size"), drop_last))

    def torch(self) -> "IterableDataset[Any]":
        """Return it as a `torch.utils.data.IterableDataset`, which a DataLoader divides among its workers.

        Raises:
            Invalid: torch is not installed.
        """
        from remint.sdk.torchstream import as_dataset

        try:
            return as_dataset(self)
        except ModuleNotFoundError as error:
            raise Invalid(
                "the stream cannot be given to torch", why="torch is not installed", next_step="install it: `pip install torch`"
            ) from error

    # ---- going on where it was

    def state_dict(self) -> dict[str, Any]:
        """Return how far the last iteration in this process is, as plain JSON."""
        if self._begin is not None:
            return dict(self._begin)
        epoch, done, counts = self._at or (self._epoch, 0, [])
        part = self._range() if self._at is None else self._part
        return {"format": 1, "of": self._name(), "part": list(part), "epoch": epoch, "done": done, "counts": list(counts)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on where another one of the same stream was.

        Raises:
            Invalid: the state is that of another stream.
        """
        if state.get("format") != 1 or state.get("of") != self._name():
            raise _other_state("it is the state of other samples, of another seed or buffer, or of other steps")
        self._begin, self._at = dict(state), None
        self._epoch = int(state["epoch"])

    def _name(self) -> list[Any]:
        steps = [[name, one if name not in {"map", "filter"} else "", other] for name, one, other in self._steps]
        return [self._samples.source.name, len(self._samples), self._seed, self._buffer, steps]

    # ---- reading

    def __iter__(self) -> Iterator[Any]:
        """Yield the samples of this process, from where `load_state_dict` says or from the first."""
        begin, self._begin = self._begin, None
        epoch = self._epoch
        self._part = start, stop = self._range()
        if begin is not None and list(begin["part"]) != [start, stop]:
            raise _other_state("it is the state of another part: there were more or fewer workers")
        done, counts = (int(begin["done"]), list(begin["counts"])) if begin is not None else (0, [])
        chain = _Chain(self._steps, counts)
        self._at = (epoch, done, chain.counts)
        for value in self._read(epoch, start + done, stop):
            if chain.is_over:
                break
            done += 1
            for made in chain.push(value):
                self._at = (epoch, done, list(chain.counts))
                yield made
        for made in chain.finish():
            self._at = (epoch, done, list(chain.counts))
            yield made

    def __len__(self) -> int:
        """How many samples there are in this part, before they are filtered and batched."""
        start, stop = self._range(workers=False)
        return stop - start

    def _range(self, *, workers: bool = True) -> tuple[int, int]:
        """Return the part of the epoch's order that this process reads."""
        steps = list(self._steps)
        worker = _worker() if workers else None
        if worker is not None and worker[0] > 1:
            self._require_no("divide among workers", {"first", "after"})
            steps.append(("shard", *worker))
        start, stop = 0, len(self._samples)
        for name, one, other in steps:
            if name == "take":
                stop = min(stop, start + one)
            elif name == "skip":
                start = min(stop, start + one)
            elif name == "shard":
                count = stop - start
                start, stop = start + count * other // one, start + count * (other + 1) // one
        return start, stop

    def _read(self, epoch: int, start: int, stop: int) -> Iterator[Any]:
        if self._order is None:
            sizes = self._samples.sizes if self._seed is not None else range(len(self._samples))
            self._order = Order(sizes, self._seed, self._buffer)
        pieces = self._order.pieces(epoch, start, stop)
        if not self._samples.source.is_far:
            for piece in pieces:
                yield from self._samples.__getitems__(piece)
            return
        with ThreadPoolExecutor(1, thread_name_prefix="samples") as pool:  # one: a buffer is read by several threads already
            waiting: list[Future[list[Any]]] = []
            try:
                for piece in pieces:
                    waiting.append(pool.submit(self._samples.__getitems__, piece))
                    if len(waiting) > AHEAD:
                        yield from waiting.pop(0).result()
                while waiting:
                    yield from waiting.pop(0).result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    @property
    def _is_altered(self) -> bool:
        return any(name in _ALTERS for name, _, _ in self._steps)

    def _require_no(self, what: str, names: set[str]) -> None:
        if any(name in names for name, _, _ in self._steps):
            raise Invalid(
                f"the stream cannot {what} here",
                why="it takes or skips what `filter` or `batch` gave, and that is known only where all of it is read",
                next_step="take or skip before filtering and batching, or read it in one process",
            )

    def _with(self, step: Step) -> "Stream":
        steps = (*self._steps, step)
        return Stream(self._samples, seed=self._seed, buffer=self._buffer, steps=steps, epoch=self._epoch)

    def __repr__(self) -> str:
        words = "".join(f".{name}(…)" for name, _, _ in self._steps)
        return f"Stream({len(self._samples):,} of {self._samples.source.name}, seed {self._seed}){words}"


class _Chain:
    """What is done with each value of a stream.

    Attributes:
        counts: how many values each `take` and `skip` behind a filter or batch has seen.
        is_over: nothing comes any more.
    """

    def __init__(self, steps: Sequence[Step], counts: list[int]) -> None:
        self._steps = [step for step in steps if step[0] not in _DIVIDES]
        self._held: dict[int, list[Any]] = {place: [] for place, step in enumerate(self._steps) if step[0] == "batch"}
        counted = [place for place, step in enumerate(self._steps) if step[0] in {"first", "after"}]
        self._count_of = {place: number for number, place in enumerate(counted)}
        self.counts = counts or [0] * len(counted)

    @property
    def is_over(self) -> bool:
        return any(
            self._steps[place][0] == "first" and self.counts[number] >= self._steps[place][1]
            for place, number in self._count_of.items()
        )

    def push(self, value: Any, start: int = 0) -> list[Any]:  # noqa: ANN401 - whatever flows
        """Return what comes out for a value: one, or nothing."""
        for place in range(start, len(self._steps)):
            passed = self._passed(place, value)
            if not passed:
                return []
            value = passed[0]
        return [value]

    def _passed(self, place: int, value: Any) -> list[Any]:  # noqa: ANN401 - whatever flows
        name, one, _ = self._steps[place]
        if name == "map":
            return [one(value)]
        if name == "filter":
            return [value] if one(value) else []
        if name == "batch":
            self._held[place].append(value)
            if len(self._held[place]) < one:
                return []
            full, self._held[place] = self._held[place], []
            return [full]
        number = self._count_of[place]
        self.counts[number] += 1
        return [value] if (self.counts[number] <= one) == (name == "first") else []

    def finish(self) -> list[Any]:
        """Return what comes out at the end: batches that are not full."""
        made: list[Any] = []
        for place in self._held:
            left, self._held[place] = self._held[place], []
            if left and not self._steps[place][2]:
                made += self.push(left, place + 1)
        return made


def _other_state(why: str) -> Invalid:
    return Invalid(
        "the stream cannot go on from this state", why=why, next_step="make the stream as it was when the state was taken"
    )


def _worker() -> tuple[int, int] | None:
    """Return how many workers there are and which one this is, in a worker of a DataLoader."""
    if "torch" not in sys.modules:
        return None
    from torch.utils.data import get_worker_info  # type: ignore[import-not-found,unused-ignore]

    told = get_worker_info()
    return None if told is None else (told.num_workers, told.id)


def _at_least(number: int, least: int, name: str) -> int:
    if type(number) is not int or number < least:
        raise Invalid(f"{name} is {number!r}", why=f"it is a whole number from {least}", next_step="give such a number")
    return number
