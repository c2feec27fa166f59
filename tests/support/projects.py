"""A project with an approved model, made through the services alone: no pipeline has to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from remint.adapters.tables.parquet import write_segment
from remint.app import App, initialise
from remint.config import load
from remint.core import canonical
from remint.core.artifact import Kind
from remint.core.digest import Digest, digest_bytes
from remint.core.entry import Entry
from remint.core.ids import PrincipalId, RunId, uuid7
from remint.core.recipe import Recipe, Source
from remint.core.run import End, Output, Start, State, end_digest
from remint.ports.usecases.context import Context
from remint.sdk.codecs import write_output
from remint.sdk.model import Model

FEATURES = ("distance", "hour", "wind")
ENVIRONMENT = {"python": "3.11", "packages": []}


@dataclass
class ModelProject:
    """A project of ana, who makes models, and bo, who approves them."""

    root: Path

    def __post_init__(self) -> None:
        initialise(self.root, owner="ana")
        self.app = App(load(self.root, environment={}))
        self.ana = Context(PrincipalId("ana"), "main")
        self.bo = Context(PrincipalId("bo"), "main")
        if "bo" not in {one.id for one in self.app.principals.list()}:
            self.app.principals.create(self.ana, "bo", roles=("approver", "member"))

    def close(self) -> None:
        self.app.close()

    def data(self, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return inputs, shape (400, 3), and labels that depend on them."""
        rng = np.random.default_rng(seed)
        x = np.column_stack([rng.uniform(80, 4000, 400), rng.integers(0, 24, 400), rng.normal(10, 4, 400)])
        return x, (x[:, 1] / 24 + x[:, 2] / 20 + rng.normal(0, 0.2, 400) > 1).astype(int)

    def fit(self, seed: int) -> Any:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression()).fit(*self.data(seed))

    def keep(self, estimator: Any, seed: int) -> Digest:
        """Keep a fitted estimator with the records of a run that made it of data/rows, and return its digest."""
        x, y = self.data(seed)
        table = self.root / "rows.parquet"
        write_segment(pa.table({**dict(zip(FEATURES, x.T, strict=True)), "late": y}), table)
        rows = self.app.artifacts.add(self.ana, "data/rows", table).artifact
        folder = self.root / ".remint" / "scratch" / f"model-{seed}"
        parts, facts = write_output(Kind.MODEL, Model(estimator, features=FEATURES, probe=x[:64]), folder)
        kept = self.app.artifacts.keep(Kind.MODEL, [(name, folder / place) for name, place in parts], facts)
        self._record_run(kept.artifact.digest, kept.artifact, {"data": rows.digest})
        return kept.artifact.digest

    def _record_run(self, made: Digest, artifact: Any, inputs: Mapping[str, Digest]) -> None:
        app = self.app
        code = app.artifacts.keep(Kind.CODE, [("pipeline.py", app.blobs.put(b"def train(data): ...\n"))], {}).artifact
        lock = app.artifacts.keep(
            Kind.ENVIRONMENT, [("environment.json", app.blobs.put(canonical.dumps(ENVIRONMENT)))], {"python": "3.11"}
        ).artifact
        log = app.artifacts.keep(Kind.LOG, [("log.txt", app.blobs.put(b"fitted\n"))], {}).artifact
        app.blobs.flush()
        recipe = Recipe(
            step="pipeline:train",
            code=digest_bytes(b"train"),
            arguments={"data": {"$input": "data"}},
            inputs={name: Source(artifact=digest) for name, digest in inputs.items()},
            environment=lock.digest,
            conditions={"seed": 7},
            outputs={"result": "model"},
        )
        at_us = app.clock.now_us()
        start = Start(
            id=RunId(uuid7(at_us, app.clock.entropy(8))),
            recipe=recipe.key(),
            run_key=recipe.key(),
            inputs=inputs,
            workspace="main",
            by=self.ana.principal,
            at_us=at_us,
            why="first run",
            code=code.digest,
            git={"commit": "1f2e3d4c" * 5, "remote": "", "dirty": ""},
        )
        outputs = {"result": Output(made, made)}
        end = End(start.id, State.DONE, app.clock.now_us(), outputs=outputs, guarded=True, log=log.digest)
        with app.catalog.begin() as tx:
            for one in (code, lock, log, artifact):
                tx.artifacts.add(one, at_us=at_us)
            tx.recipes.add(recipe)
            tx.runs.start(start)
            tx.runs.end(end)
            facts = {"recipe": start.recipe, "run_key": start.run_key, "purpose": start.purpose}
            tx.entries.append(Entry("run:start", start.id, start.by, start.at_us, facts))
            ended = {"state": str(end.state), "record": end_digest(end)}
            tx.entries.append(Entry("run:end", end.id, start.by, end.at_us, ended))

    def promote(self, digest: Digest, name: str = "x") -> str:
        """Propose as ana, approve as bo, merge; return the change's id."""
        review = self.app.changes.propose(self.ana, [f"model/{name}={digest}"])
        self.app.changes.approve(self.bo, review.change.id)
        self.app.changes.merge(self.ana, review.change.id)
        return review.change.id

    def release(self, seed: int, name: str = "x") -> Digest:
        """Fit, keep and promote a model; return its digest."""
        digest = self.keep(self.fit(seed), seed)
        self.promote(digest, name)
        return digest

    def blob_of(self, digest: Digest, path: str) -> Path:
        """Return the file in the store behind one file of an artifact."""
        blob = next(part.blob for part in self.app.artifacts.get(digest).parts if part.path == path)
        return self.root / ".remint" / "store" / "objects" / blob.hex[:2] / blob.hex[2:]


def alter(path: Path, at: int | None = None) -> None:
    """Flip one bit of a file in place, as a failing disk or an intruder would."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 0x10
    path.chmod(0o644)
    path.write_bytes(content)
