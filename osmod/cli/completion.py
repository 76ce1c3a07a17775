"""`osmod completion`: the line that has a shell complete `osmod`."""

from __future__ import annotations

import click

#: For each shell, the line and the file that it belongs into.
LINES = {
    "bash": ('eval "$(_OSMOD_COMPLETE=bash_source osmod)"', "~/.bashrc"),
    "zsh": (
        # What is registered with is there only where its completion is on: by default it is not.
        "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }; "
        'eval "$(_OSMOD_COMPLETE=zsh_source osmod)"',
        "~/.zshrc",
    ),
    "fish": ("_OSMOD_COMPLETE=fish_source osmod | source", "~/.config/fish/completions/osmod.fish"),
}


@click.command()
@click.argument("shell", type=click.Choice(list(LINES)))
def completion(shell: str) -> None:
    """Print the line that has a SHELL complete commands, options and their values.

    \b
    For example:
      osmod completion bash >> ~/.bashrc
      osmod completion zsh >> ~/.zshrc
      osmod completion fish > ~/.config/fish/completions/osmod.fish
    """
    line, file = LINES[shell]
    click.echo(line)
    click.echo(f"This line belongs into {file}.", err=True)
