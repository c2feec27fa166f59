"""Chapters six and seven: the model serves, months go by, alarms open retrains, and gates decide."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np

from remint.cli.demo.story import APPROVER, INGEST, RETRAINER, Story, each
from remint.cli.demo.training import metrics_of, take_in
from remint.config import child_variables
from remint.errors import Unavailable
from remint.ports.usecases.changes import Review
from remint.sdk.codecs import read_input
from remint.sdk.table import Table

TRAFFIC = ("2013-08", "2013-09", "2013-10", "2013-11")
LAST = "2013-12"
MODEL = "delay"
CLIENTS = 2


def before(month: str) -> str:
    """Return the month before one of 2013.

    Example:
        >>> before("2013-08")
        '2013-07'
    """
    return f"2013-{int(month[5:]) - 1:02d}"


def months_go_by(story: Story) -> None:
    """Replay August to November as live requests; labels arrive; the model is watched; alarms open retrains."""
    if all(f"month-{month}" in story.memory.chapters for month in TRAFFIC):
        for month in TRAFFIC:
            _tell_month(story, month, None)
        return
    with _served(story) as server:
        for month in TRAFFIC:
            _tell_month(story, month, server)


def _tell_month(story: Story, month: str, server: "_Server | None") -> None:
    number = TRAFFIC.index(month) + 1
    with story.chapter(f"month-{month}", f"6.{number} {month}: live requests, then labels, then judgement") as to_do:
        if not to_do or server is None:
            return
        asked, seconds = _replay(story, month, server)
        story.say(f"   {asked:,} flights were asked about in {seconds:.1f} s, each answer logged with id, model and features.")
        take_in(story, month)
        story.run(story.context(INGEST), "features/delay", until=month)
        story.run(story.context(), "report/watch")
        found = story.value("evaluation/watch/delay")
        for week in [one for one in found["weeks"] if one["week"][:7] == month]:
            story.say(f"   {_week(week)}")
        firing = found["firing"]
        if not firing:
            story.say("   No alarm fires at the end of the month.")
        else:
            reasons = [one["reason"] for one in found["alarms"] if one["measure"] in firing]
            story.say(f"   ALARM: {', '.join(firing)}. {reasons[-1]}")
            _retrain(story, month)
        story.by_hand("remint show report/watch", "remint control")


def _week(week: dict[str, Any]) -> str:
    auc = "   " if week["auc"] is None else f"{week['auc']:.3f}"
    out = [name for name, side in week["outside"].items() if side]
    outside = f"  outside: {', '.join(out)}" if out else ""
    whole = "" if week["complete"] else "  (not complete, not judged)"
    return f"week of {week['week']}: claimed {week['claimed']:.1%}, happened {week['happened']:.1%}, AUC {auc}{outside}{whole}"


def last_decision(story: Story) -> None:
    """Take in December and let the gates decide once more."""
    with story.chapter("december", "7. December arrives, and with it the last decision") as to_do:
        if not to_do:
            return
        take_in(story, LAST)
        story.run(story.context(INGEST), "features/delay", until=LAST)
        _retrain(story, LAST)


def _retrain(story: Story, month: str) -> None:
    sandbox = f"retrain-{month}"
    context = story.sandbox(sandbox, by=RETRAINER)
    outcome = story.run(context, "model/delay", until=before(month), test=month)
    found = metrics_of(story, outcome.steps[-1].run)
    story.say(
        f"   Retrained on the months up to {before(month)} in the sandbox {sandbox}, judged on {month}: AUC {found['auc']:.4f}",
        f"   against {found['champion.auc']:.4f} of the model in production, Brier {found['brier']:.4f} against"
        f" {found['champion.brier']:.4f}.",
    )
    if outcome.made["model/delay"] == story.app.refs.artifact(story.context(), "main:model/delay").digest:
        story.say("   It is the model in production already.")
        return
    review = story.app.changes.propose(context, [f"{sandbox}:model/delay"], title=f"retrained after {month}")
    for gate in review.gates:
        story.say(f"   gate {'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.reason}")
    _decide(story, review)
    story.by_hand(f"remint changes show {review.change.id}")


def _decide(story: Story, review: Review) -> None:
    number = review.change.id
    failed = [gate.name for gate in review.gates if not gate.passed]
    if not failed:
        story.approve_and_merge(number, note="every gate passed")
        story.say(f"   {APPROVER} approves; merged. A server that is up swaps to the new model by itself.")
        return
    if str(review.state) == "open":
        story.app.changes.reject(story.context(APPROVER), number, note=f"gates {', '.join(failed)}")
    story.say(
        f"   The gates turn it down ({', '.join(failed)}); {APPROVER} rejects change {number}. Production stays as it is."
    )


# ---- live requests


@contextmanager
def _served(story: Story) -> Iterator["_Server"]:
    """Run `remint serve` as a process of its own; it gets ready while the first data arrive."""
    port = free_port()
    command = [sys.executable, "-m", "remint", "--quiet", "--as", INGEST, "serve", "--port", str(port)]
    variables = {**child_variables(), "PYTHONPATH": ":".join(path for path in sys.path if path)}
    log = (story.root / ".remint" / "serve.log").open("ab")
    process = subprocess.Popen(command, cwd=story.root, stdout=log, stderr=log, env=variables)
    try:
        yield _Server(process, port)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def free_port() -> int:
    """Return a port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class _Server:
    """A running `remint serve`."""

    process: "subprocess.Popen[bytes]"
    port: int

    def connect(self) -> http.client.HTTPConnection:
        """Wait until it is ready, and return a connection to it."""
        for _ in range(600):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            if self.process.poll() is not None:
                break
            if _is_ready(connection):
                return connection
            connection.close()
            time.sleep(0.1)
        raise Unavailable(
            "the model is not served",
            why="`remint serve` did not become ready within 60 s",
            next_step="read .remint/serve.log, and try `remint serve` by hand",
        )


def _is_ready(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/v2/health/ready")
        answer = connection.getresponse()
        answer.read()
    except OSError:  # it does not listen yet
        return False
    return answer.status == 200


def _replay(story: Story, month: str, server: _Server) -> tuple[int, float]:
    """Ask about every flight of a month that was not asked about yet: by departure, one request an hour, two at once."""
    arrivals = story.sandbox(f"live-{month}", by=INGEST)
    take_in(story, month, workspace=arrivals.workspace)
    story.run(arrivals, "features/delay", until=month)
    story.app.usage.seal(story.context(INGEST), MODEL)
    table = _table(story, f"{arrivals.workspace}:features/delay/{month}").sql(
        "select * from this order by scheduled_at, flight_key"
    )
    features = story.app.artifacts.get(_production(story)).facts["features"]
    keys, hours = (
        table.column("flight_key"),
        np.array(table.sql("select epoch(scheduled_at)::bigint // 3600 as h from this").column("h")),
    )
    rows = table.matrix(features)
    asked = _asked(story)
    fresh = np.array([key not in asked for key in keys], dtype=np.bool_)
    groups = [np.flatnonzero((hours == hour) & fresh) for hour in np.unique(hours[fresh])]
    connections = [server.connect() for _ in range(CLIENTS)]
    began = time.monotonic()
    free = SimpleQueue[http.client.HTTPConnection]()
    for connection in connections:
        free.put(connection)

    def ask(place: str) -> None:
        chosen = groups[int(place)]
        connection = free.get()
        _infer(connection, features, rows[chosen], [keys[row] for row in chosen])
        free.put(connection)

    each([str(place) for place in range(len(groups))], ask, out=story.out, title="   requests", at_once=CLIENTS)
    for connection in connections:
        connection.close()
    story.app.usage.seal(story.context(INGEST), MODEL)
    return int(fresh.sum()), time.monotonic() - began


def _production(story: Story) -> Any:  # noqa: ANN401 - a digest
    return story.app.refs.artifact(story.context(), "main:model/delay").digest


def _table(story: Story, text: str) -> Table:
    artifact = story.app.refs.artifact(story.context(), text)
    found = read_input(str(artifact.kind), artifact.digest, list(story.app.artifacts.files(artifact.digest)), artifact.facts)
    assert isinstance(found, Table)
    return found


def _asked(story: Story) -> frozenset[str]:
    """Return the flights that were asked about already."""
    known = {ref.name.path for ref in story.app.refs.list(story.context(), kind="log")}
    return frozenset(_table(story, f"log/{MODEL}").column("key")) if f"log/{MODEL}" in known else frozenset()


def _infer(connection: http.client.HTTPConnection, features: list[str], rows: Any, keys: list[str]) -> None:  # noqa: ANN401
    values = [None if np.isnan(value) else value for value in rows.ravel().tolist()]
    body = {
        "inputs": [
            {"name": "input", "shape": [len(rows), len(features)], "datatype": "FP64", "data": values},
            {"name": "key", "shape": [len(rows)], "datatype": "BYTES", "data": keys},
        ]
    }
    connection.request("POST", f"/v2/models/{MODEL}/infer", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise Unavailable(
            "a request was not answered", why=content.decode(errors="replace")[:300], next_step="read .remint/serve.log"
        )
