"""The last chapters: the model is made again, broken copies are found out, altered bytes are found, and a prediction is
traced."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from remint.app import App
from remint.cli.demo.production import MODEL
from remint.cli.demo.story import Story
from remint.config import load
from remint.core.digest import Digest
from remint.core.regeneration import Regeneration
from remint.errors import RemintError
from remint.sdk.project import load_pipelines

SEEDED = '@step(seed=SEED, exact="content")\ndef train('
DRAWN = "        random_state=SEED,\n"
RATE = "        learning_rate=learning_rate,\n"
FITTED = "    return Model(trees.fit(x, late), features=FEATURES, probe=x)"
BROKEN = {
    "a model without a seed": (
        (SEEDED, "@step\ndef train("),
        (DRAWN, "        random_state=None,\n        max_features=0.5,\n"),
    ),
    "a read of the clock": (
        (RATE, "        learning_rate=learning_rate + time.time() % 1 / 100,\n"),
        ("from remint import", "import time\n\nfrom remint import"),
    ),
    "the order of a set": (
        (SEEDED, "@step\ndef train("),
        (
            FITTED,
            "    order = [FEATURES.index(name) for name in set(FEATURES)]\n" + FITTED.replace("fit(x,", "fit(x[:, order],"),
        ),
    ),
}
SAMPLED = ((DRAWN, "        random_state=None,\n        max_features=0.5,\n"),)
SMALL = {"until": "2013-02", "test": "2013-03", "months": 1, "iterations": 10}


def regenerate(story: Story) -> None:
    """Make the production model again."""
    with story.chapter("regenerate", "8. The production model is made again from its record") as to_do:
        if not to_do:
            return
        digest = story.app.refs.artifact(story.context(), "main:model/delay").digest
        result = story.app.regenerations.regenerate(story.context(), digest)
        story.say(f"   main:model/delay came out the same at the level {result.level.upper()}, in a fresh isolated process.")
        story.say(*(f"   {words}" for words in _explained(result)))
        story.by_hand("remint regenerate model/delay", "remint regenerate model/delay --match bytes")


def prepare(story: Story) -> None:
    """Have what models without a seed are made in, and made again in, ready by then."""
    if "broken" not in story.memory.chapters:
        story.prepare("fresh", "other")


def broken(story: Story) -> None:
    """Make models of broken copies again, and see what is found out."""
    with story.chapter("broken", "9. Broken copies of the project are found out") as to_do:
        if not to_do:
            return
        copies = {title: _copy(story, title, edits) for title, edits in BROKEN.items()}
        reseeded = _copy(story, "a seed changed from 7 to 8", SAMPLED, vary={"seed": 8})
        results = story.together([*copies.values(), reseeded])
        for title, result in zip([*copies, "a seed changed from 7 to 8"], results, strict=True):
            story.say(f"   {title}: {result.level if result.level != 'none' else 'not the same at any level'}")
            story.say(*(f"      {words}" for words in _explained(result)))
        story.by_hand("remint regenerate model/delay --vary seed=8")


def _explained(result: Regeneration) -> list[str]:
    lines = [f"first difference: {one.first_difference}" for one in result.outputs if one.first_difference]
    return lines + [f"likely cause: {cause}" for cause in result.causes[:2]]


def _copy(
    story: Story, title: str, edits: tuple[tuple[str, str], ...], *, vary: dict[str, int] | None = None
) -> Callable[[], Regeneration]:
    """Make a broken copy of the project, and return how to train a small model in it and make it again.

    Copy and project share their records.
    """
    name = title.replace(" ", "-")
    root = story.root / ".remint" / "copies" / name
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(story.root, root, ignore=shutil.ignore_patterns(".remint", "landing", "__pycache__", ".git"))
    (root / ".remint").symlink_to(story.root / ".remint", target_is_directory=True)
    place = root / "flights" / "training.py"
    text = place.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, f"flights/training.py no longer holds {old!r}"
        text = text.replace(old, new)
    place.write_text(text, encoding="utf-8")
    place = root / "flights" / "evaluation.py"  # fewer resamples: what is judged here is whether it comes out the same
    place.write_text(re.sub(r"(?m)^RESAMPLES = \d+$", "RESAMPLES = 20", place.read_text(encoding="utf-8")), encoding="utf-8")
    context = story.sandbox(name)
    app = App(load(root), executor=story.app.executor)
    graph = load_pipelines(root, app.settings.texts("pipelines"))["model/delay"].graph(dict(SMALL))

    def train_twice() -> Regeneration:
        try:
            made = app.pipelines.run(context, graph).made["model/delay"]
            return app.regenerations.regenerate(context, made, vary=vary)
        finally:
            app.close()

    return train_twice


def hide(story: Story) -> None:
    """Hide a source and alter a byte, and see both found."""
    with story.chapter("hidden", "10. What is hidden or altered is found") as to_do:
        if not to_do:
            return
        app = story.app
        source = app.refs.artifact(story.context(), "data/landing/flights-2013-03")
        _, file, _ = next(next(iter(app.artifacts.rows(source))).each())
        with flipped(*record_of(story.root, file)):
            story.say(
                "   The file of March is hidden: one bit of the head of its record in a pack is flipped:", *_control(story)
            )
        model = app.refs.artifact(story.context(), "main:model/delay")
        with flipped(app.blobs.path(model.parts[0].blob), 100):
            story.say("   One bit of the model's file is flipped:", *_control(story))
        story.say("   Both are put back:", *_control(story))
        story.by_hand("remint control", "remint regenerate model/delay --check")


def record_of(root: Path, digest: Digest) -> tuple[Path, int]:
    """Return the pack that holds a blob, and a place in the head of its record (docs/format/store.md)."""
    head = b"\xf5rec" + digest.raw
    for pack in sorted((root / ".remint" / "store" / "packs").iterdir()):
        place = pack.read_bytes().find(head)
        if place >= 0:
            return pack, place + len(head) - 1
    raise AssertionError(f"no pack holds {digest.short}")


@contextmanager
def flipped(file: Path, place: int) -> Iterator[None]:
    """Flip one bit of a file of the store, and put it back."""
    mode = file.stat().st_mode
    file.chmod(0o644)
    try:
        _flip(file, place)
        yield
    finally:
        _flip(file, place)
        file.chmod(mode)


def _flip(file: Path, place: int) -> None:
    with file.open("r+b") as content:
        content.seek(place)
        byte = content.read(1)[0]
        content.seek(place)
        content.write(bytes([byte ^ 1]))


def _control(story: Story) -> list[str]:
    lines = []
    for one in story.app.control.models():
        bad = [
            reason
            for reason in (*one.control_reasons, *one.fitness_reasons)
            if reason.startswith(("missing", "alarm", "unknown"))
        ]
        lines.append(f"      {one.ref}: control {one.control.upper()}, fitness {one.fitness.upper()}")
        lines += [f"         {reason}" for reason in bad[:3]]
    return lines


def trace(story: Story) -> None:
    """Lead from one prediction to everything behind it."""
    with story.chapter("trace", "11. From one prediction to everything behind it") as to_do:
        if not to_do:
            return
        app = story.app
        log = app.refs.artifact(story.context(), f"log/{MODEL}")
        row = app.tables.rows([place for _, place in app.artifacts.files(log.digest)], limit=1)[0]
        found = app.traces.trace(row["prediction_id"])
        story.say(
            f"   prediction {row['prediction_id']} about {row['key']}: {row['score']:.1%} late",
            f"   model      {found.version}, change {found.change.id} proposed by {found.change.proposed_by},"
            f" approved by {', '.join(one.by for one in found.change.approvals if one.verified)}",
        )
        if found.maker is not None:
            commit = found.maker.git.get("commit", "")[:12] or "outside git"
            story.say(f"   run        {found.maker.run.short} by {found.maker.by}, step {found.maker.step}, {commit}")
            story.say(f"   environment {found.maker.environment.short}, code {found.maker.code.short}")
        sources = [node.refs[-1] for node in found.lineage.sources() if node.refs]
        story.say(f"   data       {len(found.data)} versions, from {len(sources)} files: {', '.join(sources[:4])} …")
        story.by_hand(f"remint trace {row['prediction_id']}", "remint why model/delay", "remint audit verify")


def stand(story: Story) -> None:
    """Say where production stands."""
    with story.chapter("control", "12. Where production stands") as to_do:
        if to_do:
            verified = story.app.audit.verify()
            story.say(*_control(story), f"   audit: {verified.entries} entries, verified")
            story.by_hand("remint control", "remint changes list", "remint status")


def verify_again(story: Story) -> list[str]:
    """Return what a second call finds: every pipeline's steps, done before."""
    lines = []
    for name, parameters in (
        ("data/flights", {"until": "2013-12"}),
        ("data/weather", {"until": "2013-12"}),
        ("features/delay", {"until": "2013-12"}),
        ("monitor/delay", {}),
    ):
        try:
            counts = story.app.pipelines.plan(story.context(), story.graph(name, **parameters)).counts
        except RemintError as error:
            lines.append(f"   {name}: {error.what}")
            continue
        lines.append(f"   {name}: {', '.join(f'{count} {state}' for state, count in counts.items() if count)}")
    return lines + [f"   change {one.change.id} {one.state}: {one.change.title}" for one in story.app.changes.list()]
