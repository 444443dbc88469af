"""Every error evenload raises on purpose, in one tree.

    EvenloadError
    ├── InvariantError            exit code 1   a promise of evenload itself was broken
    ├── InputError                exit code 2   what came in cannot be used
    │   ├── InstantError              a timestamp, interval, zone or horizon
    │   ├── CircuitError              the circuit tree
    │   ├── ColumnsError              columns that do not belong together
    │   ├── SignalError               prices or carbon that do not cover the horizon
    │   ├── LoadError                 base load with gaps
    │   ├── RowsRefusedError          rows of a file (files.problems)
    │   ├── StudyFileError            a study file (simulate.study_file)
    │   ├── RequestError              a certificate that is not signed, and why (net.authority)
    │   ├── MessageError              a message of ours its own schema refuses (ocpp.faults)
    │   └── ProtocolError             a message of OpenADR 2.0b that cannot be taken (openadr.v20b.faults)
    │       └── AnswerError               an answer to an event that does not fit it (openadr.v20b.vtn_events)
    ├── RefusedError              exit code 2   what was asked for is not done, with a reason (service.refusals)
    │   ├── LoginError                nobody knows who asks
    │   ├── ForbiddenError            who asks may not
    │   ├── NotFoundError             there is no such thing, or not for who asks
    │   ├── ConflictError             it does not go together with what there is
    │   └── StaleError                what is to be changed was changed meanwhile
    ├── ApiError                  exit code 2   a server answered with a problem (client.errors)
    │   ├── UnauthorisedApiError      the key is not known
    │   ├── ForbiddenApiError         the key may not do that
    │   ├── NotFoundApiError          there is no such thing
    │   ├── ConflictApiError          it does not go together with what there is
    │   ├── StaleApiError             it was changed meanwhile
    │   └── UnreachableApiError       no answer came
    ├── UpstreamError             exit code 1   the server above a site did not answer (app.upstream)
    │   └── RefusedByUpstreamError    it does not take what it was told
    ├── CloudError                exit code 3   a maker's cloud did not do what was asked (service.cars.links)
    ├── VtnError                  exit code 1   a VTN of OpenADR 3 answered what does not help (openadr.v3.ven)
    ├── StoreError                exit code 3   what is kept cannot be read or written (service.ports)
    ├── CommitError               exit code 1   events could not be made durable (net.ports)
    └── MissingRequirementError   exit code 3   something needed is not in this environment

Each edge translates the tree once: the command line to a sentence and an exit code.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar, Final

EXIT_DONE: Final = 0
EXIT_NOT_DONE: Final = 4
EXIT_INTERRUPTED: Final = 130


class EvenloadError(Exception):
    """Root of the tree; the message is a sentence that says what to do next."""

    exit_code: ClassVar[int] = 1


class InvariantError(EvenloadError):
    """A promise evenload makes was broken: a defect of ours, worth reporting."""


class InputError(EvenloadError):
    """What was handed in cannot be used; the message names the place and the reason."""

    exit_code: ClassVar[int] = 2


class InstantError(InputError):
    """A timestamp without offset, an unknown time zone, an empty interval or a horizon that does not divide."""


class CircuitError(InputError):
    """A circuit tree with an orphan, a cycle, two roots, a name used twice or an impossible limit."""


class ColumnsError(InputError):
    """Columns of different lengths, or values outside what a quantity can be."""


class SignalError(InputError):
    """A price or carbon series with gaps, or shorter than the horizon."""


class LoadError(InputError):
    """Base load with a gap inside a listed node, or for a node that is not in the tree."""


class MissingRequirementError(EvenloadError):
    """Something evenload needs is not installed or not readable in this environment."""

    exit_code: ClassVar[int] = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the closest known word, any case, or ``""`` where none is close."""
    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f" Did you mean {by_folded[close[0]]!r}?" if close else ""
