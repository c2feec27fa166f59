"""The models of every family, fitted in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FAMILIES = Path(__file__).with_name("fit_families.py")


@pytest.fixture(scope="session")
def fitted(tmp_path_factory):
    """Return the models of three processes: other hash seeds, other thread counts."""
    folders = []
    for hash_seed, workers in (("1", 2), ("2", 2), ("3", 1)):
        folder = tmp_path_factory.mktemp(f"seed-{hash_seed}")
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": str(workers)}
        subprocess.run([sys.executable, str(FAMILIES), str(folder), str(workers)], check=True, env=environment)
        folders.append(folder)
    return folders


@pytest.fixture(scope="session")
def boosted(fitted):
    return (fitted[0] / "boosted-categories.skops").read_bytes()


@pytest.fixture(scope="session")
def forest(fitted):
    return (fitted[0] / "forest.skops").read_bytes()
