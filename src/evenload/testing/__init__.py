"""Contract suites and random problems for your own strategies: subclass ``StrategyContract`` in a pytest module."""

from evenload.testing.across_problems import with_across
from evenload.testing.problems import everybody_there, frozen, random_problem, with_another_future
from evenload.testing.rich_problems import rich_problem
from evenload.testing.strategies import StrategyContract

__all__ = [
    "StrategyContract",
    "everybody_there",
    "frozen",
    "random_problem",
    "rich_problem",
    "with_across",
    "with_another_future",
]
