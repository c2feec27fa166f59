"""`remint cost`."""

import csv
from collections.abc import Sequence
from pathlib import Path

import click

from remint.cli.output import Out, table, when
from remint.core.cost import BY, COLUMNS, CostLine, CostRow, cells
from remint.core.price import amount_text
from remint.errors import Unavailable


@click.command()
@click.option("--by", type=click.Choice(BY), default="budget", show_default=True, help="What to sum by.")
@click.option("--since", default="", metavar="DATE", help="Only what was charged since then.")
@click.option("--model", default="", metavar="REF", help="Only the runs behind a model, through all of its ancestors.")
@click.option("--lines", is_flag=True, help="Every charge and every saving, one a line, instead of sums.")
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the lines into a file as CSV.")
@click.pass_obj
def cost(out: Out, by: str, since: str, model: str, lines: bool, file: Path | None) -> None:
    """Show what was spent and what was saved, and by whom

    A step that need not run again because an earlier run stands for it costs nothing; what that run was charged counts as
    saved. By model, a run counts under every production model it stands behind.
    """
    app = out.open()
    context = app.context()
    if file is not None:
        found = app.costs.lines(context, since=since, model=model)
        _write(file, found)
        out.show("cost-export", {"file": str(file), "lines": len(found)}, f"{len(found)} lines in {file}")
    elif lines:
        found = app.costs.lines(context, since=since, model=model)
        rows = [
            [when(one.at_us), one.budget, one.principal, one.step, one.run.short, one.state, *_amount(one)] for one in found
        ]
        head = ["when", "budget", "by", "step", "run", "state", "amount"]
        out.show("cost-lines", {"lines": found}, table(head, rows) if rows else "nothing was charged yet")
    else:
        report = app.costs.report(context, by=by, since=since, model=model)
        sums = [_row(row) for row in (*report.rows, *report.totals)]
        head = [report.by, "spent", "saved", "runs", "hits", "CPU h"]
        nothing = "nothing was charged: see the settings `prices` and `budget`"
        out.show("cost", report, table(head, sums) if sums else nothing)


def _row(row: CostRow) -> list[str]:
    amounts = (amount_text(row.spent_micro, row.currency), amount_text(row.saved_micro, row.currency))
    return [row.key, *amounts, str(row.runs), str(row.hits), f"{row.cpu_us / 3.6e9:.3f}"]


def _amount(line: CostLine) -> list[str]:
    return [amount_text(line.amount_micro, line.currency)]


def _write(file: Path, lines: Sequence[CostLine]) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow(COLUMNS)
            writer.writerows(cells(line) for line in lines)
    except OSError as error:
        raise Unavailable(
            f"{file.name} was not written", why=str(error), next_step="name a file in a folder that exists and has room"
        ) from error
