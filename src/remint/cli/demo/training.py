"""Chapters two to five: data arrive, features, limits, a model and its way into production."""

from collections.abc import Callable
from functools import partial

from remint.cli.demo.setup import SPRING, lay_out
from remint.cli.demo.story import APPROVER, INGEST, OWNER, Story, each
from remint.errors import Denied, Invalid, StepFailed
from remint.ports.usecases.context import Context

BAD = "2013-07"


def ingest(story: Story) -> None:
    """Take in January to July, and refuse bad files."""
    with story.chapter("ingest", "2. Data arrive month by month, and a bad file is refused") as to_do:
        if not to_do:
            return
        each(SPRING, lambda month: take_in(story, month), out=story.out, title="   months")
        found = story.app.refs.artifact(story.context(), "data/flights")
        version = story.app.refs.log(story.context(), "data/flights", limit=1)[0].serial
        rows, segments = found.facts["rows"], len(found.facts["segment_rows"])
        story.say(
            f"   data/flights is at version {version}: {rows:,} flights in {segments} segments.",
            "   Each month added one; the earlier ones are stored once. flights/contract.py says what must be kept.",
        )
        bad = _bad_files(story)
        for kind, refusal in zip(bad, story.together(list(bad.values())), strict=True):
            story.say(f"   refused  {kind}: {refusal}")
        again = story.app.refs.log(story.context(), "data/flights", limit=1)[0].serial
        story.say(f"   data/flights is still at version {again}.")
        story.by_hand(
            "remint log data/flights", 'remint query "select month, count(*) from data/flights group by month order by month"'
        )


def take_in(story: Story, month: str, *, workspace: str = "main") -> None:
    """Add the files of a month and run the pipelines that read them."""
    context = story.context(INGEST, workspace)
    if not (story.root / "landing" / f"flights-{month}.csv").exists():
        lay_out(story, (month,))
    for name in (f"flights-{month}", f"weather-{month}", "planes", "airports"):
        story.app.artifacts.add(context, f"data/landing/{name}", story.root / "landing" / f"{name}.csv")
    tables = [story.graph("data/flights", until=month), story.graph("data/weather", until=month), story.graph("data/planes")]
    story.run_all(context, tables)


def _bad_files(story: Story) -> dict[str, Callable[[], str]]:
    """Add each bad file in a sandbox of its own, and return how to try to take it in."""
    lines = (story.root / "landing" / f"flights-{BAD}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    head = lines[0].rstrip("\n").split(",")
    tries: dict[str, Callable[[], str]] = {}
    for kind, spoiled in {
        "a wrong type": _with(lines, 5, head.index("distance"), "far"),
        "a missing key": _with(lines, 7, head.index("carrier"), "NA"),
        "a row twice": [*lines[:10], lines[9], *lines[10:]],
    }.items():
        name = f"bad-{kind.rpartition(' ')[2]}"
        place = story.root / "landing" / f"{name}.csv"
        place.write_text("".join(spoiled), encoding="utf-8")
        context = story.sandbox(name, by=INGEST)
        story.app.artifacts.add(context, f"data/landing/flights-{BAD}", place)
        tries[kind] = partial(_refused, story, context)
    return tries


def _with(lines: list[str], row: int, column: int, text: str) -> list[str]:
    values = lines[row].rstrip("\n").split(",")
    values[column] = text
    return [*lines[:row], ",".join(values) + "\n", *lines[row + 1 :]]


def _refused(story: Story, context: Context) -> str:
    try:
        story.app.pipelines.run(context, story.graph("data/flights", until=BAD))
    except (StepFailed, Invalid) as error:
        return error.why.splitlines()[0][:180]
    return "IT WAS NOT REFUSED"


def features(story: Story) -> None:
    """Make the features."""
    with story.chapter("features", "3. Features known at scheduled departure") as to_do:
        if not to_do:
            return
        story.run(story.context(), "features/delay", until=SPRING[-1])
        found = story.app.refs.artifact(story.context(), "features/delay")
        rows, columns = found.facts["rows"], len(found.facts["schema"])
        story.say(
            f"   features/delay: {rows:,} rows, {columns} columns: schedule, weather of the hour (joined on UTC), age of the",
            "   aircraft, and recent lateness of carrier, route, airport and aircraft from flights that had landed by then.",
        )
        story.by_hand("remint show features/delay", "remint why features/delay")


def limits(story: Story) -> None:
    """Fix the limits of the alarms before anything later is read."""
    with story.chapter("limits", "4. The limits of the alarms are fixed before later months are read") as to_do:
        if not to_do:
            return
        context = story.sandbox("limits")
        story.run(context, "monitor/delay")
        review = story.app.changes.propose(context, ["limits:monitor/delay"], title="limits from January to July")
        story.approve_and_merge(review.change.id, note="from January to July alone")
        found = story.value("monitor/delay")
        for name in ("calibration", "scores", "labels"):
            one = found[name]
            low = f"{one['low']:+.2f} to " if "low" in one else "up to "
            small = f"changes below {one['minimum']} never matter"
            story.say(f"   {name:<12} {low}{one['high']:+.2f}, from {one['windows']} weeks; {small}")
        story.say("   Raw features are not watched: the temperature drifts every month, and loudest when the model is best.")
        story.by_hand("remint show monitor/delay", f"remint changes show {review.change.id}")


def train(story: Story) -> None:
    """Train, evaluate, propose, approve, merge."""
    with story.chapter("train", "5. A model is trained, evaluated, proposed, approved and merged") as to_do:
        if not to_do:
            return
        context = story.sandbox("first-model")
        outcome = story.run(context, "model/delay")
        found = metrics_of(story, outcome.steps[-1].run)
        story.say(
            "   Trained on January to June in the sandbox first-model, judged on July:",
            f"   AUC {found['auc']:.3f}, Brier {found['brier']:.4f}; the baseline, a logistic regression, has AUC"
            f" {found['baseline.auc']:.3f} and Brier {found['baseline.brier']:.4f}.",
        )
        review = story.app.changes.propose(context, ["first-model:model/delay"], title="the first model")
        number = review.change.id
        for gate in review.gates:
            story.say(f"   gate {'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.reason}")
        if not story.merged(number):
            story.say(f"   {OWNER} approves it: {_own_approval(story, number)}")
            try:
                story.approve_and_merge(number, note="judged on July")
            except Denied as error:
                story.say(f"   It was not merged: {error.why}")
                return
        story.say(
            f"   {APPROVER} approves, and it is merged: main:model/delay moves. Embedded, approvals are recorded, not enforced:"
        )
        story.say("   one account owns the files and the keys.")
        story.by_hand(f"remint changes show {number}", "remint models show model/delay", "remint why model/delay")


def _own_approval(story: Story, number: str) -> str:
    try:
        story.app.changes.approve(story.context(), number)
    except Denied as error:
        return f"refused, {error.why}"
    return "IT WAS NOT REFUSED"


def metrics_of(story: Story, run: str) -> dict[str, float]:
    """Return the numbers that a run found."""
    record, _ = story.app.runs.show(run)
    return dict(record.end.metrics) if record.end else {}
