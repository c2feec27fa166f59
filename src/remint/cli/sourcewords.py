"""How tables from databases and lakes are added and told of."""

from typing import TYPE_CHECKING

from remint.cli.output import Out, when
from remint.cli.progress import RowProgress
from remint.cli.tablewords import change_json, change_lines, schema_line
from remint.core.origin import standing
from remint.ports.usecases.sources import Sourced

if TYPE_CHECKING:
    from remint.app import App


def add_from_source(
    out: Out, app: "App", source: str, name: str, *, query: str, from_table: str, order_by: str, pin: bool
) -> None:
    """Add a table from a source and print what became of it."""
    columns = [column.strip() for column in order_by.split(",") if column.strip()]
    wanted = app.sources.wanted(source, query=query, table=from_table, order_by=columns)
    with RowProgress(out, f"reading {wanted.address.public}") as progress:
        change = app.sources.add(app.context(), name, wanted, pin=pin, on_rows=progress)
    found = app.sources.of(change.artifact.digest)
    origin = next(one for one in found if one.origin.ref == str(change.ref))
    lines = [*change_lines(change), schema_line(change.artifact.facts["schema"]), f"from    {origin_words(origin)}"]
    out.show("add", change_json(change) | {"origin": origin.origin}, lines)
    if pin and origin.held:
        out.advise("its rows are in the store already, and stay there for as long as something needs them")
    elif pin:
        out.advise("its rows stay where they are; ask whether they are still there: remint sources check")


def origin_words(one: Sourced) -> str:
    """Return where a table came from, for people."""
    origin = one.origin
    if not origin.pinned:
        return f"{origin.place}, read {when(origin.at_us)} by {origin.by}"
    is_kept, words = standing(origin, one.check)
    copied = ", a copy is here" if one.held else ""
    return f"{origin.place}, pinned by {origin.by}{copied}; {words}" if is_kept else f"{origin.place}, pinned{copied}; {words}"
