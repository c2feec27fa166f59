"""The OpenAPI 3.1 document of the table of routes: made from it, so that it cannot say anything else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remint.server.problems import MEDIA, OF_CODE, OF_RULE, STATUS, Problem
from remint.server.routes import SAFE, NoQuery, Row

_OPEN = re.compile(r"\{(\w+)(:path)?\}")
_REFUSALS = sorted({*STATUS.values(), *OF_RULE.values(), *OF_CODE.values()})
_WORKSPACE = {
    "name": "Remint-Workspace",
    "in": "header",
    "description": "the workspace the request is about; main if not given",
    "schema": {"type": "string", "maxLength": 200},
}

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "names this request for a day: sent again it is not carried out again, and answered as before",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def document(rows: Sequence[Row], *, version: str) -> dict[str, Any]:
    """Return the document of a table of routes."""
    kinds = [kind for row in rows for kind in (row.answer, row.body) if kind is not bytes]
    found, components = msgspec.json.schema_components(
        [*kinds, Problem], schema_hook=_word, ref_template="#/components/schemas/{name}"
    )
    schemas = dict(zip([*kinds, Problem], found, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(_OPEN.sub(r"{\1}", row.address), {})[row.method.lower()] = _operation(row, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Remint", "version": version, "description": "Every error is a problem with what to do next."},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {name: _tidy(schema) for name, schema in components.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "rmt_…"}},
        },
    }


def _word(kind: type) -> dict[str, str]:
    """Return the schema of digests and ids, which are texts of kinds of their own."""
    if issubclass(kind, str):
        return {"type": "string"}
    raise TypeError(f"{kind} has no schema")


def _tidy(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema with the first sentence of each docstring, and bytes as the hexadecimal digits they are sent as."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {name: _tidy(item) for name, item in schema.items() if name != "contentEncoding"}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = tidy["description"].partition("\n")[0]
    return tidy


def _operation(row: Row, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    refusal = {"description": "a problem", "content": {MEDIA: {"schema": schemas[Problem]}}}
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{row.method.lower()}{row.path}").strip("_"),
        "summary": row.about,
        "description": f"Needs `{row.action}`.",
        "tags": [row.path.split("/")[1]],
        "parameters": [*_parameters(row)],
        "responses": {**{str(status): refusal for status in _REFUSALS}, **_answers(row, schemas)},
    }
    if row.streamed:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif row.takes_json:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[row.body]}}}
    return operation


def _answers(row: Row, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    if row.answer is bytes:
        bytes_ = {"description": "the bytes", "content": {"application/octet-stream": {}}}
        return {"200": bytes_, "206": bytes_, "304": {"description": "the caller has it"}}
    answer = {"description": row.about, "content": {"application/json": {"schema": schemas[row.answer]}}}
    found = {str(row.status): answer}
    if row.method in SAFE:
        found["304"] = {"description": "the caller has it"}
    return found


def _parameters(row: Row) -> Iterator[dict[str, Any]]:
    for name, _ in _OPEN.findall(row.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if row.query is not NoQuery:
        components = msgspec.json.schema_components([row.query], schema_hook=_word, ref_template="{name}")[1]
        for name, schema in components[row.query.__name__]["properties"].items():
            yield {"name": name, "in": "query", "schema": _tidy(schema)}
    for name, about in row.headers.items():
        yield {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}
    if row.repeatable:
        yield _KEY
    yield _WORKSPACE
