"""`remint validate …`."""

import click

from remint.cli.output import Out, table, when
from remint.core.validation import RESULTS, SEVERITIES, Validation, ValidationFinding


@click.group()
def validate() -> None:
    """Open, carry out, conclude, list or show validations"""


@validate.command("open")
@click.argument("ref")
@click.option("--scope", required=True, metavar="TEXT", help="What you look at.")
@click.pass_obj
def open_(out: Out, ref: str, scope: str) -> None:
    """Open a validation of one version, with you as the validator

    No one validates what they helped to make.
    """
    app = out.open()
    context = app.context()
    name, artifact = app.refs.resolve(context, ref)
    made = app.validations.open(context, str(name), artifact.digest, scope=scope)
    _show(out, made)
    out.advise(f"next: carry out runs over it in a sandbox of yours, then `remint validate test {made.number} --run RUN`")


@validate.command()
@click.argument("number", type=int)
@click.option("--run", required=True, metavar="RUN", help="A run of yours, in a sandbox, with the version as an input.")
@click.pass_obj
def test(out: Out, number: int, run: str) -> None:
    """Bind a run of yours to your validation"""
    app = out.open()
    _show(out, app.validations.test(app.context(), number, run))


@validate.command()
@click.argument("number", type=int)
@click.option("--severity", required=True, type=click.Choice(SEVERITIES), help="How bad it is.")
@click.option("--due", required=True, metavar="DATE", help="Until when it is to be mended.")
@click.option("--text", required=True, help="What you found.")
@click.pass_obj
def find(out: Out, number: int, severity: str, due: str, text: str) -> None:
    """Record a finding"""
    app = out.open()
    _show(out, app.validations.find(app.context(), number, severity=severity, due=due, text=text))


@validate.command()
@click.argument("number", type=int)
@click.argument("finding", type=int)
@click.option("--note", required=True, help="What was done.")
@click.pass_obj
def fix(out: Out, number: int, finding: int, note: str) -> None:
    """Say what was done about a finding

    The validator closes it.
    """
    app = out.open()
    _show(out, app.validations.fix(app.context(), number, finding, note=note))


@validate.command()
@click.argument("number", type=int)
@click.argument("finding", type=int)
@click.pass_obj
def close(out: Out, number: int, finding: int) -> None:
    """Close a finding of your validation that was mended"""
    app = out.open()
    _show(out, app.validations.close(app.context(), number, finding))


@validate.command()
@click.argument("number", type=int)
@click.argument("finding", type=int)
@click.option("--until", required=True, metavar="DATE", help="After it the finding is open again.")
@click.option("--reason", required=True, help="Why.")
@click.pass_obj
def waive(out: Out, number: int, finding: int, until: str, reason: str) -> None:
    """Let a finding not count for a while

    Approvers do, of what they did not help to make.
    """
    app = out.open()
    _show(out, app.validations.waive(app.context(), number, finding, until=until, reason=reason))


@validate.command()
@click.argument("number", type=int)
@click.option("--result", required=True, type=click.Choice(RESULTS), help="What came out.")
@click.option("--condition", default="", metavar="TEXT", help="Under which it passes.")
@click.pass_obj
def conclude(out: Out, number: int, result: str, condition: str) -> None:
    """Say what came out of your validation

    It passes only with a run bound to it and no finding open. Nothing of it changes afterwards, but for its findings.
    """
    app = out.open()
    _show(out, app.validations.conclude(app.context(), number, result=result, condition=condition))


@validate.command()
@click.argument("number", type=int)
@click.pass_obj
def show(out: Out, number: int) -> None:
    """Show a validation, its runs and findings"""
    _show(out, out.open().validations.show(number))


@validate.command("list")
@click.option("--ref", metavar="REF", help="Only of this version.")
@click.pass_obj
def list_(out: Out, ref: str | None) -> None:
    """List validations, newest first"""
    app = out.open()
    digest = app.refs.resolve(app.context(), ref)[1].digest if ref else None
    found = app.validations.list(artifact=digest)
    rows = [[one.number, one.ref, one.artifact.short, one.by, one.result or "open", len(one.findings)] for one in found]
    text = table(["validation", "ref", "artifact", "by", "result", "findings"], rows)
    out.show(
        "validations", {"validations": found}, text if rows else "no validations yet; open one: `remint validate open REF`"
    )


def _show(out: Out, one: Validation) -> None:
    result = f"{one.result}, {when(one.concluded_us)}" if one.concluded_us is not None else "open"
    lines = [
        f"validation {one.number} of {one.ref} at {one.artifact.short}, by {one.by}",
        f"  scope     {one.scope}",
        *(f"  test      run {run.short}" for run in one.runs),
    ]
    for finding in one.findings:
        lines.append(f"  finding   {finding.number}, {finding.severity}, due {when(finding.due_us)[:10]}: {finding.text}")
        lines += [f"            {words}" for words in _ends(finding)]
    lines.append(f"  result    {result}{': ' + one.condition if one.condition else ''}")
    out.show("validation", {"validation": one}, lines)


def _ends(finding: ValidationFinding) -> list[str]:
    words = list(finding.answers)
    if finding.waived_until_us is not None:
        words.append(f"waived until {when(finding.waived_until_us)[:10]} by {finding.waiver}")
    return [*words, f"closed {when(finding.closed_us)[:10]}"] if finding.closed_us is not None else words
