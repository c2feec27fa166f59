"""`remint predict` and `remint trace`."""

import csv
import http.client
import io
import json
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

import click

from remint.cli.output import Out, table, when
from remint.core.canonical import float_text
from remint.core.digest import Digest
from remint.core.erasure import Erased
from remint.errors import Conflict, Corrupt, Denied, Invalid, LimitReached, NotFound, RemintError, Unavailable
from remint.ports.usecases.serving import Trace

ROWS_A_REQUEST = 1000
MISSING = frozenset({"", "NA", "NaN", "nan", "null"})
_REFUSED: Mapping[int, type[RemintError]] = {
    400: Invalid,
    403: Denied,
    404: NotFound,
    409: Conflict,
    413: LimitReached,
    421: Denied,
    500: RemintError,
}


@click.command()
@click.argument("model")
@click.option("--url", default="http://127.0.0.1:8471", show_default=True, help="Where `remint serve` runs.")
@click.option(
    "--input",
    "source",
    type=click.File("r", encoding="utf-8"),
    required=True,
    help="CSV with a header, or JSON; - is standard input.",
)
@click.pass_obj
def predict(out: Out, model: str, url: str, source: TextIO) -> None:
    """Ask a served model

    The input has one column a feature, and may have the column key: what a row is about. JSON is one object or a list of
    objects. Columns that the model does not know are left out.
    """
    client = _Client(url)
    address = f"/v2/models/{urllib.parse.quote(model.removeprefix('main:').removeprefix('model/'))}"
    features = [tensor["name"] for tensor in client.ask("GET", address)["inputs"]]
    rows = _rows(source.read())
    unused = sorted({name for row in rows for name in row} - set(features) - {"key"})
    if unused:
        out.advise(f"left out, the model has no such input: {', '.join(unused)}")
    answers: list[dict[str, Any]] = []
    for start in range(0, len(rows), ROWS_A_REQUEST):
        some = rows[start : start + ROWS_A_REQUEST]
        reply = client.ask("POST", f"{address}/infer", _request(some, features))
        answers += _answers(reply, some)
    shown = [[answer["prediction_id"], answer["key"] or "", answer["score"], answer.get("label", "")] for answer in answers]
    digest = reply["parameters"]["model_digest"] if rows else None
    out.show(
        "predict",
        {"model": model, "model_digest": digest, "predictions": answers},
        table(["prediction", "key", "score", "label"], shown),
    )


class _Client:
    """A connection to a serving process."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise Invalid(
                f"{url} is not an address", why="it is http://HOST:PORT", next_step="copy it from what `remint serve` printed"
            )
        self._url = url
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=60)
        click.get_current_context().call_on_close(self._connection.close)

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        content = None if body is None else json.dumps(body, allow_nan=False)
        try:
            self._connection.request(method, path, body=content, headers={"Content-Type": "application/json"})
            reply = self._connection.getresponse()
            held = json.loads(reply.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(
                f"{self._url} did not answer", why=str(error) or type(error).__name__, next_step="start it: `remint serve`"
            ) from error
        if reply.status != 200:
            kind = _REFUSED.get(reply.status, Unavailable)
            raise kind("the server refused", why=str(held.get("error", reply.reason)), next_step="see `remint predict --help`")
        return held


def _rows(text: str) -> list[dict[str, Any]]:
    if text.lstrip()[:1] in {"[", "{"}:
        try:
            held = json.loads(text)
        except ValueError as error:
            raise Invalid("the input is not JSON", why=str(error), next_step="mend it, or give CSV with a header") from error
        rows = held if isinstance(held, list) else [held]
        if not all(isinstance(row, dict) for row in rows):
            raise Invalid(
                "the input was refused", why="JSON is one object or a list of objects", next_step="give one object a row"
            )
        return rows
    return [dict(_cells(row)) for row in csv.DictReader(io.StringIO(text))]


def _cells(row: Mapping[str | None, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name is None or value is None:
            raise Invalid(
                "the input was refused", why="a row has more or fewer cells than the header", next_step="mend the file"
            )
        yield name, value if name == "key" else _number(value)


def _number(text: str) -> float | str | None:
    if text.strip() in MISSING:
        return None
    if text.strip().lower() in {"true", "false"}:
        return float(text.strip().lower() == "true")
    try:
        return float(text)
    except ValueError:
        return text  # a column the model may not even have; refused below if it has


def _request(rows: Sequence[Mapping[str, Any]], features: Sequence[str]) -> dict[str, Any]:
    inputs: list[dict[str, Any]] = []
    for name in features:
        lacking = next((place for place, row in enumerate(rows) if name not in row), None)
        if lacking is not None:
            raise Invalid(
                f"row {lacking + 1} has no {name}",
                why="the model needs it",
                next_step="add it; leave it empty where it is unknown",
            )
        data = [float(row[name]) if isinstance(row[name], bool) else row[name] for row in rows]
        inputs.append({"name": name, "datatype": "FP64", "shape": [len(rows)], "data": data})
    request: dict[str, Any] = {"inputs": inputs}
    if all("key" in row for row in rows):
        inputs.append({"name": "key", "datatype": "BYTES", "shape": [len(rows)], "data": [str(row["key"]) for row in rows]})
    return request


def _answers(reply: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    outputs = {output["name"]: output["data"] for output in reply["outputs"]}
    for place, prediction_id in enumerate(reply["parameters"]["prediction_ids"]):
        values = {name: data[place] for name, data in outputs.items()}
        yield {"prediction_id": prediction_id, "key": rows[place].get("key"), **values}


@click.command()
@click.argument("prediction_id")
@click.pass_obj
def trace(out: Out, prediction_id: str) -> None:
    """Lead from a prediction to everything behind it

    The model, the change and who approved it, the run, the code, the environment, and every version of data. The bytes of the
    log and of the model are verified on the way.
    """
    app = out.open()
    found = app.traces.trace(prediction_id)
    erased = app.erasures.among(node.artifact for node in found.data)
    unsigned = next((approval.by for approval in found.change.approvals if not approval.verified), None)
    error = Corrupt(
        f"the approval of {unsigned} does not count",
        why="its signature is not one of the recorded key over the moves of this change",
        next_step="the catalog was altered; compare it with a backup, and see `remint audit verify`",
    )
    value = {**_fields(found), "erased": erased}
    out.show("trace", value, _lines(found, erased), error=None if unsigned is None else error)


def _fields(found: Trace) -> dict[str, Any]:
    return {
        "prediction": found.prediction,
        "log": {"sealed": found.segment is not None, "segment": found.segment, "verified": True},
        "model": {"digest": found.prediction.model, "version": found.version, "verified": True},
        "change": found.change,
        "run": found.maker,
        "environment": found.environment,
        "data": list(found.data),
        "unknown": found.lineage.unknown(),
    }


def _lines(found: Trace, erased: Mapping[Digest, Erased]) -> list[str]:
    prediction, change = found.prediction, found.change
    said = "refused" if prediction.score is None else f"score {float_text(prediction.score)}"
    lines = [
        f"prediction   {prediction.id}, {when(prediction.at_us)}, {said}, in {prediction.latency_us / 1000:.1f} ms",
        *([f"key          {prediction.key}"] if prediction.key else []),
        f"log          {found.segment.short + ', verified' if found.segment else 'live, not sealed yet, verified'}",
        f"model        {prediction.model.short}, {found.version}, verified",
        f"change       {change.id}: {change.title}",
        f"  proposed   by {change.proposed_by}, {when(change.proposed_at_us)}",
    ]
    lines += [
        f"  approved   by {one.by} as {one.role}, {when(one.at_us)}, signature {'verified' if one.verified else 'NOT VERIFIED'}"
        for one in change.approvals
    ]
    lines.append(f"  merged     by {change.merged_by}, {when(change.merged_at_us)}")
    lines += _run_lines(found)
    lines += [
        f"data         {node.artifact.short}  {node.refs[-1] if node.refs else node.kind}{_origin(node.source)}"
        + (f"  ERASED: {erased[node.artifact].words}" if node.artifact in erased else "")
        for node in found.data
    ]
    lines += [f"ORIGIN UNKNOWN  {digest.short}" for digest in found.lineage.unknown()]
    lines.append("features")
    lines += [
        f"  {line}"
        for line in table(["name", "value"], [[name, _value(value)] for name, value in prediction.features.items()])[1:]
    ]
    return lines


def _run_lines(found: Trace) -> list[str]:
    maker = found.maker
    if maker is None:
        return ["run          none: no run of this project made the model"]
    git = maker.git
    commit = f"commit {git['commit']}" if git.get("commit") else "not in git"
    dirty = ", with uncommitted changes " + str(git["dirty"]) if git.get("dirty") else ""
    return [
        f"run          {maker.run}, {maker.step}, by {maker.by}, {when(maker.at_us)}{'' if maker.guarded else ', NOT GUARDED'}",
        f"code         {maker.code.short}, {commit}{dirty}",
        f"environment  {maker.environment.short}",
    ]


def _origin(source: str) -> str:
    return f"  {source}" if source else ""


def _value(value: float | None) -> str:
    return "missing" if value is None else float_text(value)
