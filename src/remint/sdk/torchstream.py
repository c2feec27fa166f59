"""Streams as torch knows them; torch is imported only when one is made."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch  # type: ignore[import-not-found,unused-ignore]
    from torch.utils.data import IterableDataset  # type: ignore[import-not-found,unused-ignore]


class Epochs(Protocol):
    """What is asked of a stream (see remint.sdk.streams.Stream)."""

    @property
    def epoch(self) -> int:
        """The epoch of the next iteration."""
        ...

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next iteration."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return how far the last iteration is."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on from a state."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


def as_dataset(stream: Epochs, epoch: "torch.Tensor | None" = None) -> "IterableDataset[Any]":
    """Return a stream as an iterable dataset; its epoch is shared with workers, also with those that live on.

    Args:
        stream: what it gives.
        epoch: the shared epoch; a new one if None.
    """
    import torch

    shared = torch.tensor(stream.epoch, dtype=torch.int64).share_memory_() if epoch is None else epoch
    return _kind()(stream, shared)  # type: ignore[no-any-return,unused-ignore]


@cache
def _kind() -> Any:  # noqa: ANN401 - a class made here, because its base is imported here
    from torch.utils.data import IterableDataset

    class TorchStream(IterableDataset):  # type: ignore[misc,type-arg,unused-ignore]
        """A stream as an iterable dataset."""

        def __init__(self, stream: Epochs, epoch: "torch.Tensor") -> None:
            self.stream = stream
            self._epoch = epoch

        def __reduce__(self) -> tuple[Any, ...]:
            return as_dataset, (self.stream, self._epoch)

        def set_epoch(self, epoch: int) -> None:
            """Choose the order of the next iteration, here and in all workers."""
            self.stream.set_epoch(epoch)
            self._epoch.fill_(epoch)

        def state_dict(self) -> dict[str, Any]:
            """Return how far the last iteration in this process is."""
            return self.stream.state_dict()

        def load_state_dict(self, state: Mapping[str, Any]) -> None:
            """Let the next iteration go on from a state."""
            self.stream.load_state_dict(state)
            self._epoch.fill_(self.stream.epoch)

        def __iter__(self) -> Iterator[Any]:
            """Yield what belongs to this process."""
            self.stream.set_epoch(int(self._epoch))
            return iter(self.stream)

    return TorchStream
