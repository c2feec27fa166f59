"""Reads samples as a training script does, with an unmodified DataLoader; prints what came out as JSON.

    python training.py ROOT CONTEXT

Args: the project's folder, and how workers are started: fork or spawn. Runs in a Python that has torch.
"""

import hashlib
import json
import sys

import remint


def told(sample):
    return sample.path, hashlib.sha256(sample.content).hexdigest()


def with_worker(sample):
    from torch.utils.data import get_worker_info

    worker = get_worker_info()
    return sample.path, -1 if worker is None else worker.id


def listed(batch):
    return batch


def pairs(loader):
    return [pair for batch in loader for pair in zip(*batch, strict=True)]


def map_style(root, context):
    """Shuffled epochs of a sequence of samples."""
    import torch
    from torch.utils.data import DataLoader

    samples = remint.samples("data/images", root).map(told)
    found = {}
    for workers in (0, 2):
        options = {"multiprocessing_context": context, "persistent_workers": True} if workers else {}
        torch.manual_seed(3)
        loader = DataLoader(samples, batch_size=16, shuffle=True, num_workers=workers, **options)
        found[f"shuffled, {workers} workers"] = [pairs(loader), pairs(loader)]
        found[f"raw, {workers} workers"] = [
            (path, len(content))
            for batch in DataLoader(remint.samples("data/images", root), batch_size=16, num_workers=workers, **options)
            for path, content in zip(*batch, strict=True)
        ]
    return found


def streams(root, context):
    """Epochs of a stream, which workers divide, also those that live on."""
    from torch.utils.data import DataLoader, IterableDataset

    found = {}
    for workers in (0, 2):
        options = {"multiprocessing_context": context, "persistent_workers": True} if workers else {}
        stream = remint.samples("data/images", root).stream(seed=5, buffer=64).map(with_worker).torch()
        assert isinstance(stream, IterableDataset)
        loader = DataLoader(stream, batch_size=None, collate_fn=listed, num_workers=workers, **options)
        epochs = []
        for epoch in (0, 1):
            stream.set_epoch(epoch)
            epochs.append([list(pair) for pair in loader])
        found[f"stream, {workers} workers"] = epochs
    return found


if __name__ == "__main__":
    print(json.dumps(map_style(*sys.argv[1:]) | streams(*sys.argv[1:])))
