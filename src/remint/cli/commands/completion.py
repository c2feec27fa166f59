"""`remint completion`."""

import click
from click.shell_completion import get_completion_class

from remint.cli.output import Out


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(out: Out, shell: str) -> None:
    """Print the completion script of a shell

    For bash: eval "$(remint completion bash)"
    """
    from remint.cli.main import remint

    found = get_completion_class(shell)
    assert found is not None
    source = found(remint, {}, "remint", "_REMINT_COMPLETE").source()
    out.show("completion", {"shell": shell, "script": source}, source)
