"""Work in a process of its own: what it finds comes back, and what breaks is said."""

import os
import threading
import time

import pytest

from evenload.app.aside import Aside
from evenload.base.errors import EvenloadError


def _where(number: int) -> tuple[int, int, int]:
    return number + 1, os.getpid(), os.nice(0)


def _break(_: int) -> int:
    raise ValueError("no such number")


def _die(_: int) -> int:
    os._exit(3)


def _sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_it_is_done_elsewhere_and_gives_way_to_others() -> None:
    answer, process, niceness = Aside().do(_where, 1)
    assert answer == 2
    assert process != os.getpid()
    assert niceness > os.nice(0)


@pytest.mark.parametrize(("work", "said"), [(_break, "ValueError: no such number"), (_die, "lack of memory")])
def test_what_breaks_is_said(work: object, said: str) -> None:
    with pytest.raises(EvenloadError, match=said):
        Aside().do(work, 1)  # type: ignore[arg-type]  # one of the above


def test_stopped_it_ends_at_once_and_for_good() -> None:
    aside, told = Aside(), []

    def wait() -> None:
        with pytest.raises(EvenloadError) as told_by:
            aside.do(_sleep, 600.0)
        told.append(str(told_by.value))

    thread = threading.Thread(target=wait)
    thread.start()
    while aside._process is None:
        time.sleep(0.01)
    aside.stop()
    thread.join(10)
    assert told
    with pytest.raises(EvenloadError, match="stopped"):
        aside.do(_sleep, 0.0)
