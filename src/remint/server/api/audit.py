"""Routes of the audit log."""

import json
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from msgspec import Meta, Struct

from remint.errors import Corrupt
from remint.ports.usecases.audit import Verified
from remint.server.routes import Call, Limit, NoBody, NoQuery, Row


class EntriesQuery(Struct, forbid_unknown_fields=True):
    """Which entries."""

    limit: Limit = 100
    after: Annotated[int, Meta(ge=0, le=1 << 53, description="number of the entry before, `next` of the page before")] = 0


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries in order, each as it is hashed."""

    entries: list[dict[str, Any]]
    next: int | None


def _entries(call: Call[EntriesQuery, NoBody]) -> EntryPage:
    query = call.query
    found = [json.loads(leaf) for leaf in islice(call.app.audit.export(after=query.after), query.limit)]
    return EntryPage(found, found[-1]["number"] if len(found) >= query.limit else None)


def _verify(call: Call[NoQuery, NoBody]) -> Verified:
    found = call.app.audit.verify()
    if found.problems:
        raise Corrupt(
            "the audit log or what it tells of was altered",
            why="; ".join([*found.problems[:5], *(["and more"] if len(found.problems) > 5 else [])]),
            next_step="keep everything as it is, and compare with a backup or an export from before",
            first_bad=found.first_bad,
            problems=found.problems,
        )
    return found


ROWS = (
    Row("GET", "/audit/entries", "audit:read", "List entries", _entries, EntryPage, EntriesQuery),
    Row(
        "GET",
        "/audit/verification",
        "audit:read",
        "Make the tree over all entries again and compare it with what is stored",
        _verify,
        Verified,
    ),
)
