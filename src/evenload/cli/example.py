"""`evenload example`: print a study to start from."""

from typing import Annotated

import typer

from evenload.simulate.examples import example_names, example_text


def example(
    name: Annotated[str, typer.Argument(help="Name of the example.")] = "norwegian-winter",
    names: Annotated[bool, typer.Option("--list", help="List the examples.")] = False,
) -> None:
    """Print a study file that ships with evenload, to run as it is or to start from."""
    if names:
        for known in example_names():
            typer.echo(known)
        return
    typer.echo(example_text(name), nl=False)
