"""What is said seldom, and what is forgotten of it."""

from evenload.net.seldom import Seldom


def test_it_is_said_once_a_while_each_for_itself() -> None:
    now = [100.0]
    seldom = Seldom(lambda: now[0], every_s=60.0)
    assert [seldom.is_due(what) for what in ("a", "a", "b")] == [True, False, True]
    now[0] += 59.9
    assert not seldom.is_due("a")
    now[0] += 0.2
    assert [seldom.is_due("a"), seldom.is_due("a")] == [True, False]


def test_what_is_kept_is_bounded() -> None:
    seldom = Seldom(lambda: 0.0, kept_max=3)
    assert all(seldom.is_due(number) for number in range(100))
    assert len(seldom._due_at) <= 3
