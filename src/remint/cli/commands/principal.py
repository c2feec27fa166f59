"""`remint principals …` and `remint whoami`."""

import click

from remint.cli.output import Out, table, when
from remint.cli.rolewords import roles_of
from remint.core.action import ROLES
from remint.core.principal import Principal


@click.group()
def principals() -> None:
    """List or make principals, or change their roles"""


@principals.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List principals"""
    app = out.open()
    found = app.principals.list()
    rows = [[one.id, str(one.kind), _roles(one), when(one.at_us)] for one in found]
    out.show("principals", {"principals": found}, table(["name", "kind", "roles", "since"], rows))


@principals.command()
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(["person", "service"]), default="person", show_default=True, help="Who acts under it."
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE",
    default=("member",),
    help=f"One of {', '.join(ROLES)}, or a name of your own such as risk. May be given more than once.",
)
@click.pass_obj
def create(out: Out, name: str, kind: str, roles: tuple[str, ...]) -> None:
    """Make a principal with a key of its own

    Only an owner makes principals. The key is a file in .remint/keys that only your account can read.
    """
    app = out.open()
    made = app.principals.create(app.context(), name, kind=kind, roles=roles)
    out.show("principal", made, f"made {made.kind} {made.id} ({', '.join(sorted(made.roles)) or 'no roles'})")
    if not app.settings.text("url"):
        out.advise("note: embedded, whoever can read a key file can act as its principal")


@principals.command()
@click.argument("name")
@click.argument("role")
@click.pass_obj
def grant(out: Out, name: str, role: str) -> None:
    """Give a principal a role

    Only an owner does. Roles that carry actions are listed by `remint principals create --help`; another name counts in
    approvals and in policies.
    """
    app = out.open()
    _show(out, app.principals.grant(app.context(), name, role))


@principals.command()
@click.argument("name")
@click.argument("role")
@click.pass_obj
def revoke(out: Out, name: str, role: str) -> None:
    """Take a role from a principal

    Only an owner does, and the last owner keeps that role.
    """
    app = out.open()
    _show(out, app.principals.revoke(app.context(), name, role))


@principals.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def leave(out: Out, name: str, yes: bool) -> None:
    """Record that a principal left

    It has no role any more, its tokens end, and nobody comes back under its name. What it did stays recorded.
    """
    if not yes:
        click.confirm(f"{name} leaves for good; go on?", abort=True, err=True)
    app = out.open()
    _show(out, app.principals.leave(app.context(), name))


@principals.command()
@click.argument("name")
@click.option("--issuer", required=True, metavar="URL", help="Who vouches, exactly as it names itself (`iss`).")
@click.option("--subject", required=True, metavar="SUB", help="What it calls this principal (`sub`).")
@click.pass_obj
def link(out: Out, name: str, issuer: str, subject: str) -> None:
    """Say whom an issuer of identities means by a subject

    Only an owner does, and it is for good. From then on whoever signs in there as SUB acts as NAME.
    """
    app = out.open()
    made = app.sign_ins.link(app.context(), name, issuer=issuer, subject=subject)
    out.show("link", made, f"{made.issuer} means {made.principal} by {made.subject}")


@principals.command()
@click.pass_obj
def links(out: Out) -> None:
    """List whom issuers of identities mean by which subjects"""
    found = out.open().sign_ins.links()
    rows = [[one.principal, one.issuer, one.subject, one.by, when(one.at_us)] for one in found]
    text = table(["name", "issuer", "subject", "by", "since"], rows)
    out.show("links", {"links": found}, text if rows else "nobody is linked to an issuer")


def _show(out: Out, principal: Principal) -> None:
    out.show("principal", principal, f"{principal.id}: {_roles(principal)}")


def _roles(principal: Principal) -> str:
    if principal.left_us is not None:
        return f"left {when(principal.left_us)}"
    return roles_of(principal)


@click.command()
@click.pass_obj
def whoami(out: Out) -> None:
    """Show who acts here, and where"""
    app = out.open()
    context = app.context()
    url = app.settings.text("url")
    origin = "token" if url else app.settings.origins["principal"]
    where = f"on {url}" if url else f"embedded in {app.settings.root}"
    text = f"{context.principal} (from {origin}) in workspace {context.workspace}, {where}"
    value = {"principal": context.principal, "origin": origin, "workspace": context.workspace, "url": url or None}
    out.show("whoami", value, text)
