"""Any sequence of keeping, reading, flushing, opening again and being killed holds what a dict would hold."""

import os
import random
import shutil
import signal
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.core.digest import digest_bytes, from_raw

LIMITS = Limits(pack_bytes=60_000, records=8, batch_bytes=30_000, spill_bytes=10_000)
CONTENTS = {size: random.Random(size).randbytes(size) for size in (0, 1, 50, 300, 4_000, 9_000, 20_000, 140_000, 400_000)}
SIZE = st.sampled_from(list(CONTENTS))
KILLING = ["pwritev", "rename", "replace", "fdatasync", "ftruncate", "unlink"]


class Work(RuleBasedStateMachine):
    """A store beside a dict."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="remint-test-"))
        self.blobs = LocalBlobs(self.folder / "store", limits=LIMITS)
        self.held = {}
        self.number = 0

    def teardown(self):
        shutil.rmtree(self.folder)

    def file(self, content):
        self.number += 1
        path = self.folder / f"file{self.number}"
        path.write_bytes(content)
        return path

    @rule(size=SIZE)
    def put(self, size):
        self.held[self.blobs.put(CONTENTS[size])] = CONTENTS[size]

    @rule(size=SIZE, whole=st.booleans(), way=st.sampled_from(["put_file", "take"]))
    def keep_a_file(self, size, whole, way):
        path = self.file(CONTENTS[size])
        self.held[getattr(self.blobs, way)(path, whole=whole)[0]] = CONTENTS[size]
        assert path.exists() == (way == "put_file")

    @rule(sizes=st.lists(SIZE, max_size=12))
    def keep_many(self, sizes):
        contents = [CONTENTS[size] for size in sizes]
        put = list(self.blobs.put_files(str(self.file(content)) for content in contents))
        self.held |= {from_raw(raw): content for (raw, _), content in zip(put, contents, strict=True)}

    @rule()
    def flush(self):
        self.blobs.flush()

    @rule()
    def open_again(self):
        self.blobs = LocalBlobs(self.folder / "store", limits=LIMITS)

    @rule(sizes=st.lists(SIZE, min_size=1, max_size=6), name=st.sampled_from(KILLING), point=st.integers(1, 4))
    def be_killed(self, sizes, name, point):
        """Let a second writer do what is never promised to be kept, and die before one of its calls."""
        contents = [CONTENTS[size] for size in sizes]
        paths = [str(self.file(content)) for content in contents]
        child = os.fork()
        if child == 0:
            real, left = getattr(os, name), [point]

            def call(*arguments):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments)

            setattr(os, name, call)
            for content in contents:
                self.blobs.put(content)
            list(self.blobs.put_files(paths))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0

    @rule(share=st.floats(0, 1, exclude_max=True))
    def flip_a_bit_and_keep_everything_again(self, share):
        packs = sorted((self.folder / "store" / "packs").glob("*"))
        if not packs:
            return
        pack = packs[int(share * len(packs))]
        place = int(share * pack.stat().st_size)
        with pack.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ 4]) if byte else b"")
        for content in self.held.values():
            self.blobs.put(content)

    @rule()
    def write_all(self):
        self.number += 1
        folder = self.folder / f"out{self.number}"
        folder.mkdir()
        self.blobs.write_files((digest.raw, f"{folder}/{digest.hex}") for digest in self.held)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {d.hex: c for d, c in self.held.items()}

    @invariant()
    def holds_what_a_dict_would_hold(self):
        assert {digest: self.blobs.get(digest) for digest in self.held} == self.held
        assert {digest: self.blobs.size(digest) for digest in self.held} == {d: len(c) for d, c in self.held.items()}
        again = LocalBlobs(self.folder / "store")
        assert all(digest_bytes(again.get(digest)) == digest for digest in self.held)


TestWork = Work.TestCase
TestWork.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
