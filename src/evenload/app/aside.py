"""Heavy work in a process of its own: the event loop's process keeps its memory and its turn at the interpreter."""

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import Any, Final, TypeVar

from evenload.base.errors import EvenloadError

_NICENESS: Final = 10

Given = TypeVar("Given")
Found = TypeVar("Found")


class Aside:
    """Does one thing at a time in a process that is made for it and ends with it; its memory goes with it."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._stopped = False
        self._one = Lock()

    def do(self, work: Callable[[Given], Found], given: Given) -> Found:
        """Do it, and wait. ``work`` is a function of a module. ``EvenloadError`` where the process broke down."""
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(there, work, given), daemon=True)
        with self._one:
            if self._stopped:
                raise EvenloadError("it is stopped")
            process.start()
            self._process = process
        there.close()
        try:
            is_found, found = here.recv()
        except EOFError as error:
            raise EvenloadError("the process that worked on it ended, perhaps for lack of memory") from error
        finally:
            here.close()
            process.join()
        if is_found:
            return found  # type: ignore[no-any-return]  # what `work` answers
        raise EvenloadError(f"the process that worked on it broke down: {found}")

    def stop(self) -> None:
        """End what goes on, and do nothing any more."""
        with self._one:
            self._stopped = True
            if self._process is not None and self._process.is_alive():
                self._process.terminate()


def _work(there: Connection, work: Callable[[Any], Any], given: Any) -> None:  # noqa: ANN401 - whatever is to be done
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent knows what to do
    os.nice(_NICENESS)
    try:
        answer = True, work(given)
    except Exception as error:  # noqa: BLE001  # the boundary of a process: told to the one that asked
        answer = False, f"{type(error).__name__}: {error}"
    there.send(answer)
