"""Certificates: what an erasure says it did, and what it did not look at (docs/format/records.md, section 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.services.surveying import Survey

FORMAT: Final = 1
NEVER_SEARCHED: Final = (
    "records of the catalog: arguments of steps, reasons, titles and messages of failures are kept as they were written",
    "other artifacts than tables, but for the texts that are named here",
    "columns of other names",
    "files of commands that were killed, which are removed a day later",
)


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside of the store.

    Attributes:
        copies: tracked files that tables were added from, which lost rows.
        remotes: by name; what was pushed to them is there still.
        production: the models in production.
    """

    copies: tuple[str, ...]
    remotes: tuple[str, ...]
    production: frozenset[Digest]


def certificate(survey: Survey, *, columns: Sequence[str], by: PrincipalId, reason: str, outside: Outside) -> dict[str, Any]:
    """Return what a certificate says, but for number, time, subject, successors and moves. No value of the person is in it."""
    names = {digest: list(found) for digest, found in survey.names.items()}
    models = sorted({digest for digest, (kind, _) in survey.kept.items() if kind is Kind.MODEL} | survey.probes)
    return {
        "format": FORMAT,
        "by": by,
        "reason": reason,
        "columns": list(columns),
        "tables": [
            {"table": digest, "rows": one.rows, "refs": names[digest]} for digest, one in sorted(survey.affected.items())
        ],
        "stored_anew": sorted(set(survey.held) - set(survey.affected)),
        "derived": [{"artifact": digest, "kind": str(kind), "refs": names[digest]} for digest, kind in survey.derived.items()],
        "logs": sorted(survey.logs),
        "models": [
            {
                "model": digest,
                "refs": names.get(digest, []),
                "production": digest in outside.production,
                "trained": digest in survey.kept,
                "probe": digest in survey.probes,
            }
            for digest in models
        ],
        "kept": [
            {"artifact": digest, "kind": str(kind), "refs": names[digest], "value_found": is_named}
            for digest, (kind, is_named) in survey.kept.items()
            if kind is not Kind.MODEL
        ],
        "runs": list(survey.runs),
        "examined": {"tables": survey.examined, "unreadable": survey.unreadable},
        "not_examined": {
            "files": [digest.short for digest in survey.files],
            "absent": list(survey.absent),
            "remotes": list(outside.remotes),
            "copies": list(outside.copies),
            "never": list(NEVER_SEARCHED),
        },
    }
