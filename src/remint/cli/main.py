"""The command `remint`: finds a command's module only when it is named, and turns errors into words and exit codes."""

import gc
import importlib
import keyword
import sys
from collections.abc import Sequence
from typing import Any

import click

from remint.cli.output import Out, fail

# name: (module under remint.cli.commands, help in one line). Kept here so that `remint --help` imports no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "access": ("access", "Review who has access, or list the actions there are"),
    "add": ("files", "Add a file or folder as an artifact and point a ref at it"),
    "audit": ("audit", "Verify, export or prove the audit log"),
    "can": ("access", "Say whether somebody may do something"),
    "backup": ("backup", "Copy the project's state to another place"),
    "budgets": ("budget", "List, show, make, limit or close budgets, or forgive a charge"),
    "card": ("card", "Show or set what people wrote about a model"),
    "changes": ("change", "List, show, open, approve, reject, merge, review or withdraw changes"),
    "checkout": ("files", "Write the files of a version into an empty folder"),
    "compact": ("tables", "Store a table again without edits and small segments"),
    "completion": ("completion", "Print the completion script of a shell"),
    "config": ("config", "Show the settings in force, or compare them with those recorded"),
    "contracts": ("contracts", "Draft, set, show or check what tables promise"),
    "control": ("control", "Show the status of every production model, with reasons"),
    "cost": ("cost", "Show what was spent and what was saved, and by whom"),
    "demo": ("demo", "Walk through the whole loop on real flights"),
    "at": ("at", "Show all refs of a workspace as they were at a time"),
    "diff": ("data", "Show how two versions differ"),
    "doctor": ("doctor", "Check this machine and this project"),
    "erase": ("erasures", "Remove one person's rows from every table kept"),
    "erasures": ("erasures", "List, show or verify erasures, or make models again"),
    "evidence": ("evidence", "List, sign or add what is signed about an artifact"),
    "gc": ("storage", "Give up the bytes that nothing needs"),
    "glass": ("glass", "Open, confirm, list or show emergencies"),
    "hold": ("storage", "Keep an artifact and everything behind it"),
    "holds": ("storage", "List or release holds"),
    "impact": ("lineage", "List the runs that used an artifact"),
    "import": ("imports", "Take over what another tool versioned"),
    "init": ("init", "Start a project in this folder"),
    "inventory": ("inventory", "List, show or say who answers for models, data, features and deployments"),
    "login": ("login", "Keep the token that is shown to a server"),
    "logout": ("login", "Forget the token that is kept for a server"),
    "log": ("data", "Show the moves of a ref"),
    "merge": ("tables", "Merge two tables that were changed apart, row by row"),
    "migrate": ("migrate", "Copy all records to another database"),
    "models": ("model", "List, show, compare or register models"),
    "plan": ("pipeline", "Show which steps would run, and why"),
    "policy": ("policy", "Check or try a policy before it is in force"),
    "predict": ("prediction", "Ask a served model"),
    "principals": ("principal", "List or make principals, or change their roles"),
    "propose": ("change", "Open a change that moves protected refs"),
    "pull": ("remotes", "Bring versions from a remote"),
    "push": ("remotes", "Bring versions to a remote"),
    "query": ("data", "Run SQL over versions of tables"),
    "regenerate": ("regeneration", "Make an artifact again from its record and compare"),
    "rollback": ("rollback", "Take back the last merge of a ref"),
    "restore": ("backup", "Put a backup back where the catalog was lost"),
    "run": ("pipeline", "Run pipelines and move the refs they make"),
    "runs": ("run", "List, show or compare runs, or print their logs"),
    "sandboxes": ("sandbox", "List or make sandboxes"),
    "scan": ("evidence", "Look for what runs when an artifact is loaded"),
    "secrets": ("secret", "List, set, grant or remove secrets"),
    "serve": ("serve", "Serve production models over the Open Inference Protocol"),
    "server": ("server", "Serve this project over HTTP"),
    "show": ("show", "Show an artifact"),
    "sources": ("sources", "List or check where tables came from"),
    "status": ("status", "Show where this project stands"),
    "teams": ("team", "List, show, make or change teams"),
    "tokens": ("token", "List, make or revoke tokens"),
    "trace": ("prediction", "Lead from a prediction to everything behind it"),
    "validate": ("validate", "Open, carry out, conclude, list or show validations"),
    "who-can": ("access", "Say who may do something"),
    "whoami": ("principal", "Show who acts here"),
    "why": ("lineage", "Print the lineage of a ref, an artifact or a run"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return one command, importing its module; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"remint.cli.commands.{COMMANDS[cmd_name][0]}")
        name = cmd_name.replace("-", "_") + ("_" if keyword.iskeyword(cmd_name) else "")
        found: click.Command = getattr(module, name)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and suggest near names for a misspelt one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "See remint --help."
            ctx.fail(f"there is no command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in sorted(COMMANDS.items())])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="remint", message="remint %(version)s")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--as", "principal", metavar="NAME", help="Act as this local principal.")
@click.option("--workspace", "-w", metavar="NAME", help="Work in this workspace instead of main.")
@click.option("--quiet", "-q", is_flag=True, help="Print the result only, no progress.")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_context
def remint(ctx: click.Context, as_json: bool, principal: str | None, workspace: str | None, quiet: bool, debug: bool) -> None:
    """Every model in production can be traced, justified, and minted again."""
    ctx.obj = Out(as_json=as_json, quiet=quiet, debug=debug, principal=principal, workspace=workspace)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code of the error family."""
    gc.set_threshold(50_000, 20, 100)  # a command makes many small objects that live as long as it does
    given = _lifted(list(sys.argv[1:] if arguments is None else arguments))
    try:
        outcome: Any = remint.main(args=given, prog_name="remint", standalone_mode=False)
        code = outcome if isinstance(outcome, int) else 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.stderr.write("stopped; what was committed is kept, and the same command goes on from there\n")
        code = 130
    except Exception as error:  # noqa: BLE001 - the boundary of the terminal: every error becomes words and a code
        code = fail(error, as_json="--json" in given, debug="--debug" in given)
    sys.exit(code)


OWN_AS = {"add", "merge"}  # commands with an `--as` of their own: there it is the name of what is made


def _lifted(arguments: list[str]) -> list[str]:
    """Move the options that every command has to the front, so that they work in any place."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        own_as = bool(OWN_AS.intersection(rest[:1]))
        if word == "--":
            rest += [word, *waiting]
        elif word in {"--json", "--debug", "--quiet", "-q"}:
            front.append(word)
        elif word in {"--workspace", "-w"} or (word == "--as" and not own_as):
            front += [word, *([value] if (value := next(waiting, None)) is not None else [])]
        else:
            rest.append(word)
    return front + rest
