"""What `evenload demo` says: what to open, what to try, how it goes, and a screen after each day."""

from datetime import datetime, timedelta
from types import TracebackType
from zoneinfo import ZoneInfo

from rich.status import Status
from rich.table import Table

from evenload.app.town.beside import TownNow
from evenload.app.town.enrol import TENANT
from evenload.app.town.live import Opened, Told, TownReport, TownSettings
from evenload.cli.terminal import errors, output
from evenload.simulate.town import START, ZONE
from evenload.simulate.town_grid import FEEDER
from evenload.simulate.town_result import DayResult


class Words:
    """For one run. ``alone``: nobody watches, so only results are told; ``silent``: not even those.

    Where there is no terminal for a status line, a line is printed every three hours of the town.
    """

    def __init__(self, settings: TownSettings, *, alone: bool, silent: bool) -> None:
        self.told = Told(self._ready, self._day, self._now)
        self._settings = settings
        self._alone = alone
        self._silent = silent
        self._latest: TownNow | None = None
        self._behind_s = 0.0
        shown = errors.is_terminal and not alone
        self._status: Status | None = Status("the town wakes up", console=errors) if shown else None

    def __enter__(self) -> "Words":
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def end(self, report: TownReport) -> None:
        """Say the last numbers."""
        if report.interrupted and self._latest:
            output.print(f"Stopped at {_clock(self._latest)}; cars plugged in: {self._latest.cars}.", markup=False)
        days = len(report.days)
        output.print(
            f"{days} {'day' if days == 1 else 'days'} lived in {_minutes(report.seconds)}: {report.speed_mean:.0f} "
            f"virtual seconds a second, {report.lag_s_worst:.0f} s behind at worst.",
            markup=False,
        )

    def _ready(self, opened: Opened) -> None:
        if self._alone:
            return
        self._say(*_what_to_open(opened, self._settings))

    def _day(self, result: DayResult) -> None:
        if not self._silent:
            self._say(day_table(result))

    def _say(self, *what: str | Table) -> None:
        """Print, with the status line out of the way."""
        if self._status:
            self._status.stop()
        for one in what:
            output.print(one, markup=False)
        output.file.flush()
        if self._status:
            self._status.start()

    def _now(self, now: TownNow) -> None:
        told, self._latest = self._latest, now
        self._behind_s = max(self._behind_s, now.lag_s)
        if self._status is None and not self._alone and (told is None or now.now.hour // 3 != told.now.hour // 3):
            self._say(f"day {now.day}, {_clock(now)}; {_plugged_in(now)}; at worst {self._behind_s:.0f} s behind")
            self._behind_s = 0.0
        if self._status:
            slowed = f", slowed from {now.speed_wanted:.0f} to keep up" if now.is_slowed else ""
            self._status.update(
                f"day {now.day}, {_clock(now)}; {_plugged_in(now)}; {now.speed:.0f} virtual seconds a second"
                f"{slowed}; {now.lag_s:.0f} s behind; Ctrl-C stops"
            )


def day_table(result: DayResult) -> Table:
    """One screen: a day unmanaged and managed."""
    table = Table(title=result.title, title_justify="left")
    table.add_column("")
    for name in ("unmanaged", "managed by evenload"):
        table.add_column(name, justify="right")
    for name, unmanaged, managed in result.rows():
        table.add_row(name, unmanaged, managed)
    return table


def _what_to_open(opened: Opened, settings: TownSettings) -> list[str]:
    """What to look at and what to try, ready to be pasted."""
    evening = datetime(START.year, START.month, START.day, 22, tzinfo=ZoneInfo(ZONE))
    start, end = evening.isoformat(), (evening + timedelta(hours=2)).isoformat()
    limit = (
        f'{{"node": "{FEEDER}", "start": "{start}", "end": "{end}", "limit_kw": {_limit_kw(settings):.0f}, '
        '"reason": "a test"}'
    )
    ask = f'curl -s -H "Authorization: Bearer $KEY" {opened.url}/v1'
    post = ask.replace("curl -s", "curl -s -X POST -H 'Content-Type: application/json'")
    return [
        f"A town with {opened.stations} charging stations (OCPP 1.6J and 2.0.1){_cars_by_cloud(settings)} lives at "
        f"{settings.speed:g} virtual seconds a second.",
        "",
        "Open this in a browser:",
        f"  {opened.url}/live#key={opened.key}",
        "",
        "Try this in another terminal:",
        f"  evenload ocpp stations --tenant {TENANT} --database {opened.database}",
        f"  KEY={opened.key}",
        f"  {ask}/state",
        f"  {post}/limits -d '{limit}'",
        f"  SESSION=$({ask}/sessions'?going_on=true&count=1' | sed 's/.*\"session_id\":\"\\([^\"]*\\).*/\\1/')",
        f"  {post}/sessions/$SESSION/boost -d '{{}}'",
        f"  {ask}/sessions/$SESSION/explanation",
        f"What the API can do: {opened.url}/docs",
        "",
    ]


def _limit_kw(settings: TownSettings) -> float:
    return 0.64 * settings.shape.feeder_kva


def _cars_by_cloud(settings: TownSettings) -> str:
    cars = settings.shape.cloud_cars
    return f" and {cars} cars reached by their makers' clouds" if cars else ""


def _plugged_in(now: TownNow) -> str:
    by_cloud = f", {now.cloud_cars} of them reached by cloud" if now.linked else ""
    return f"cars plugged in: {now.cars}{by_cloud}"


def _clock(now: TownNow) -> str:
    return f"{now.now.astimezone(ZoneInfo(now.zone)):%a %d %b %H:%M}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
