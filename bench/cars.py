#!/usr/bin/env python3
"""Cars by telematics: how fresh their states are under quotas, what that costs, how soon many are told to pause.

    python3 run.py bench cars              100,000 cars, some three minutes
    python3 run.py bench cars --cars 9000  fewer
    python3 run.py bench cars --json       JSON instead of a table

Fresh: 100,000 cars, a third at each shape of cloud, an evening's mix of doings, read under the quotas of
`telematics/budget.py` and told by no push; ages of those plugged in are set beside the time between two reads that the
quota of one car allows. Processor: the worker, its store (SQLite) and webhooks at the rate at which cars that charge
have news; clouds answer from memory. Event: 10,000 cars that charge are told to stop at once; from when all are queued
until each is accounted for time goes ten times faster, with those cars alone. Nothing here asserts a time.
"""

import argparse
import logging

import uvloop

from cars_fresh import Fresh, fresh
from cars_worker import Worked, accounted, worked
from table import Row, show

CORE_SHARE_MAX = 0.20
QUEUED_S_MAX = 2.0
AGE_MAX = 1.25
"""Of the time between two reads: none is asked for exactly when it may, so that not all are asked at once."""


def rows_of(ages: list[Fresh], found: Worked) -> list[Row]:
    """Everything that was measured."""
    rows = []
    for one in ages:
        limit = f"of {one.quota_s / 60:.0f} min between reads"
        rows += [
            Row(f"{one.provider}: median age of a state, {limit}", one.median_s / one.quota_s, "of it"),
            Row(f"{one.provider}: 95 % are younger, {limit}", one.p95_s / one.quota_s, "of it", AGE_MAX),
        ]
    rows += [
        Row("who is read when, all clouds", sum(one.processor_share for one in ages), "of a core"),
        Row(f"worker with {found.cars} cars, begins in", found.load_s, "s"),
        Row(f"  {found.reads_per_s:.0f} reads and {found.pushes_per_s:.0f} webhooks a second", found.processor_share,
            "of a core", CORE_SHARE_MAX),
        Row(f"event: {found.paused} cars queued on disk", found.queued_s, "s", QUEUED_S_MAX),
        Row("  every act had ended after", found.settled_s, "s"),
        Row("  cars unaccounted for", 0.0 if accounted(found) else 1.0, "", 0.5),
        *(Row(f"  cars {name}", count, "") for name, count in sorted(found.counts.items())),
    ]  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cars", type=int, default=100_000)
    parser.add_argument("--paused", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the steady while is")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    found = uvloop.run(worked(chosen.cars, chosen.seconds, chosen.paused))
    rows = rows_of(fresh(chosen.cars), found)
    show(rows, as_json=chosen.json)


if __name__ == "__main__":
    main()
