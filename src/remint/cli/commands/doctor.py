"""`remint doctor`."""

import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from remint.cli.output import Out
from remint.errors import RemintError


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: `ok`, `warn` or `bad`, in words, with what to do."""

    name: str
    state: str
    words: str
    next_step: str = ""


@click.command()
@click.pass_obj
def doctor(out: Out) -> None:
    """Check this machine and this project

    Exits with 1 if something is bad.
    """
    findings = [_python(), _guard()]
    try:
        app = out.open()
        findings.append(Finding("project", "ok", str(app.settings.root)))
        url = app.settings.text("url")
        for name, check in {
            "principal": lambda: f"acting as {app.context().principal}{f' on {url}' if url else ''}",
            **({} if url else {"catalog": lambda: f"{app.audit.verify().entries} audit entries, verified"}),
            "environment": lambda: _environment(app.environment.declared().facts, app.environment.differences()),
        }.items():
            findings.append(_checked(name, check))
    except RemintError as error:
        findings.append(Finding("project", "warn", error.what, error.next_step))
    marks = {"ok": "ok  ", "warn": "warn", "bad": "BAD "}
    lines = [
        f"{marks[one.state]}  {one.name:<12} {one.words}{f'; {one.next_step}' if one.next_step else ''}" for one in findings
    ]
    out.show("doctor", {"findings": findings}, lines)
    if any(one.state == "bad" for one in findings):
        click.get_current_context().exit(1)


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} in {sys.prefix}")


def _guard() -> Finding:
    from remint.sdk.child.guard import landlock_abi

    abi = landlock_abi()
    if abi > 0:
        return Finding("guard", "ok", f"Landlock ABI {abi}: undeclared reads are prevented by the kernel")
    return Finding(
        "guard",
        "warn",
        "no Landlock: runs are unguarded and never stand for later ones",
        "use Linux 5.13 or newer with Landlock on",
    )


def _environment(facts: Mapping[str, Any], differing: list[str]) -> str:
    if differing:
        raise RemintError("the environment differs from the lock", why="; ".join(differing[:3]), next_step="install the lock")
    return f"{facts['distributions']} distributions are as the lock says, Python {facts['python']}"


def _checked(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", check())
    except RemintError as error:
        return Finding(name, "bad", f"{error.what}: {error.why}", error.next_step)
