"""Between Python values and files: how inputs become values of a step, and how its results become files."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remint.core import canonical
from remint.core.artifact import Kind, require_path
from remint.errors import Invalid
from remint.sdk.model import Model, scores_of
from remint.sdk.table import Segment, Table
from remint.sdk.values import Files, Metrics, Report

MODEL_FILE = "model.skops"
PROBE_FILE = "probe.parquet"
SCORE = "score"

_KINDS: dict[type, Kind] = {
    Table: Kind.TABLE,
    Model: Kind.MODEL,
    Metrics: Kind.METRICS,
    Files: Kind.FILES,
    Report: Kind.REPORT,
}


_NEEDS: dict[str, tuple[str, ...]] = {
    Kind.TABLE: ("duckdb", "pyarrow.compute", "pyarrow.parquet", "remint.adapters.tables.parquet"),
    Kind.MODEL: ("pyarrow.parquet", "remint.adapters.formats.sklearn_skops", "remint.adapters.tables.parquet", "skops.io"),
}


def modules_for(order: Mapping[str, Any]) -> list[str]:
    """Return the modules that reading the inputs and writing the outputs of a task will import, for loading before the fork."""
    kinds = [given["kind"] for given in order["inputs"].values()] + [kind for _, kind in order["outputs"]]
    needed = dict.fromkeys(module for kind in kinds for module in _NEEDS.get(kind, ()))
    models = [given["facts"].get("module") for given in order["inputs"].values() if given["kind"] == Kind.MODEL]
    return [*needed, *(module for module in models if isinstance(module, str))]


def kind_of_hint(hint: object) -> Kind:
    """Return the kind of artifact that a type hint stands for; plain values for any other hint."""
    return _KINDS.get(hint, Kind.VALUE) if isinstance(hint, type) else Kind.VALUE


def read_input(kind: str, _digest: str, parts: list[tuple[str, Path]], facts: Mapping[str, Any]) -> object:
    """Return the value a step sees for an input.

    Args:
        kind: of the artifact.
        _digest: of the artifact; the same for every codec.
        parts: path inside the artifact and local file of each part; for a set of files an empty path and the folder it is in.
        facts: of the artifact.
    """
    places = dict(parts)
    if kind == Kind.TABLE:
        return Table.of_parts(Segment.each(parts))
    if kind == Kind.MODEL:
        return _read_model(places, facts)
    if kind == Kind.DEFINITION and "contract" in facts:
        from remint.core.contract import Contract

        return Contract.from_json(next(iter(places.values())).read_bytes())
    if kind in {Kind.METRICS, Kind.VALUE, Kind.DEFINITION}:
        value = canonical.decode_value(canonical.loads(next(iter(places.values())).read_bytes()))
        return Metrics(value) if kind == Kind.METRICS and isinstance(value, dict) else value
    if kind == Kind.REPORT:
        name, place = parts[0]
        return Report(place.read_text(), media="text/html" if name.endswith(".html") else "text/markdown")
    return Files.below(parts[0][1]) if [name for name, _ in parts] == [""] else Files(places)


def _read_model(places: Mapping[str, Path], facts: Mapping[str, Any]) -> Model:
    from remint.adapters.formats.skops_format import SkopsFormat

    estimator = SkopsFormat().load(places[MODEL_FILE].read_bytes())
    return Model(estimator, features=facts["features"])


def write_output(kind: str, value: object, folder: Path) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Write a step's result under `folder`.

    Returns:
        The parts (path inside the artifact, and the file relative to `folder` or the text `b3:…` of an unchanged part of
        an input), and the facts of the artifact.

    Raises:
        Invalid: the value is not of the kind the step declares.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kind == Kind.TABLE:
        return _write_table(_expect(value, Table, kind), folder)
    if kind == Kind.MODEL:
        return _write_model(value if isinstance(value, Model) else Model(value), folder)
    if kind == Kind.METRICS:
        return _write_record("metrics.json", dict(_expect(value, Mapping, kind)), folder)
    if kind == Kind.REPORT:
        return _write_report(_expect(value, Report, kind), folder)
    if kind == Kind.FILES:
        return _write_files(_expect(value, Files, kind), folder)
    return _write_record("value.json", value, folder)


def _expect(value: object, wanted: type, kind: str) -> Any:  # noqa: ANN401 - narrowed to `wanted`
    if not isinstance(value, wanted):
        raise Invalid(
            f"the step returned a {type(value).__name__}",
            why=f"its annotation says {kind}, which is a {wanted.__name__}",
            next_step=f"return a {wanted.__name__}, or change the annotation",
        )
    return value


def _write_table(table: Table, folder: Path) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    from remint.adapters.tables.parquet import write_segment

    parts: list[tuple[str, str]] = []
    for number, part in enumerate(table.parts):
        if isinstance(part, Segment):
            parts += [(path.name, blob) for path, blob in part.files]
            continue
        name = f"{number:05d}.parquet"
        write_segment(part, folder / name)
        parts.append((name, name))
    return parts, {}


def _write_model(model: Model, folder: Path) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    import pyarrow as pa

    from remint.adapters.formats.skops_format import SkopsFormat
    from remint.adapters.tables.parquet import write_segment

    skops = SkopsFormat()
    (folder / MODEL_FILE).write_bytes(skops.save(model.estimator))
    parts = [(MODEL_FILE, MODEL_FILE)]
    kind = type(model.estimator)
    facts = {"format": skops.name, "features": model.features, "estimator": kind.__name__, "module": kind.__module__}
    if model.probe is not None:
        columns = {name: model.probe.rows[:, place] for place, name in enumerate(model.probe.names)}
        scores = scores_of(model.estimator, model.probe.rows)
        if scores.ndim == 1:
            write_segment(pa.table({**columns, SCORE: scores}), folder / PROBE_FILE)
            parts.append((PROBE_FILE, PROBE_FILE))
    return parts, facts


def _write_record(name: str, value: object, folder: Path) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    encoded = canonical.encode_value(_plain(value), name="result")
    (folder / name).write_bytes(canonical.dumps(encoded))
    return [(name, name)], {}


def _write_report(report: Report, folder: Path) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    name = "report.html" if report.media == "text/html" else "report.md"
    (folder / name).write_text(report.text, encoding="utf-8")
    return [(name, name)], {"media": report.media}


def _write_files(files: Files, folder: Path) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    parts = []
    for number, name in enumerate(files.names):
        require_path(name)
        stored = f"{number:06d}"
        shutil.copyfile(files.path(name), folder / stored)
        parts.append((name, stored))
    return parts, {}


def _plain(value: object) -> object:
    """Return `value` with numpy's scalars and arrays as Python's own."""
    if hasattr(value, "tolist") and type(value).__module__ == "numpy":
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value
