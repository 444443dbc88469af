"""The `evenload` command: dispatch, and the one place where errors become sentences and exit codes."""

import sys
from typing import Annotated

import typer

import evenload
from evenload.base.errors import EXIT_DONE, EXIT_INTERRUPTED, EvenloadError, InputError
from evenload.base.input_words import in_plain_words
from evenload.cli import (
    access,
    audit,
    cable,
    cars,
    catalog,
    db,
    demo,
    doctor,
    driver,
    example,
    explain,
    files,
    messages,
    ocpp,
    people,
    plan,
    population,
    program,
    schema,
    serve,
    simulate,
)
from evenload.cli.terminal import errors

app = typer.Typer(
    name="evenload",
    help="Managed charging for electric vehicles: every car ready on time, no transformer overloaded.",
    epilog="Start with:  evenload demo    Then:  evenload example > study.yaml && evenload simulate study.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("simulate")(simulate.simulate)
app.command("plan")(plan.plan)
app.command("explain")(explain.explain)
app.command("example")(example.example)
app.command("population")(population.population)
app.command("schema")(schema.schema)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.add_typer(files.app, name="files")
app.add_typer(ocpp.app, name="ocpp")
app.add_typer(cars.app, name="cars")
app.add_typer(cable.app, name="cable")
app.add_typer(catalog.app, name="catalog")
app.add_typer(program.app, name="program")
app.add_typer(db.app, name="db")
app.add_typer(access.users, name="user")
app.add_typer(access.keys_app, name="key")
app.add_typer(audit.app, name="audit")
app.add_typer(driver.app, name="driver")
app.add_typer(people.app, name="people")
app.add_typer(messages.app, name="message")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"evenload {evenload.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Managed charging for electric vehicles: every car ready on time, no transformer overloaded."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 a promise broke, 2 bad input, 3 something needed is
    missing or cannot be used, 4 a station did not do it, 130 stopped."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        result = app(args=given, standalone_mode=False, prog_name="evenload")
    except typer.TyperException as error:
        errors.print(_usage(error), markup=False)
        return InputError.exit_code if given else EXIT_DONE
    except EvenloadError as error:
        errors.print(f"evenload: {error}", style="red", markup=False)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        result = EXIT_INTERRUPTED
    if result == EXIT_INTERRUPTED:
        is_study = given[:1] == ["simulate"] or "--study" in given
        more = "; what is finished is kept, and the same command goes on from there" if is_study else ""
        errors.print(f"evenload: stopped{more}")
    return result if isinstance(result, int) else EXIT_DONE


def _usage(error: typer.TyperException) -> str:
    """What was typed wrong, in plain words, and where help is."""
    text = error.format_message()
    if text.startswith("Usage:"):
        return text
    told, colon, why = text.partition(": ")
    words = f"{told}{colon}{in_plain_words(why)}" if colon else in_plain_words(told)
    context = getattr(error, "ctx", None)
    parts = context.command_path.split()[1:] if context is not None else []
    stop = "" if words.endswith((".", "?", ")")) else "."
    return f"evenload: {words}{stop} See `{' '.join(['evenload', *parts, '--help'])}`."
