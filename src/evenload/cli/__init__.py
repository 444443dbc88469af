"""The command line: one module a command, errors translated once to a sentence and an exit code."""

from evenload.cli.main import main

__all__ = ["main"]
