"""What the platform counts of itself: names, units and what each means, by the conventions of Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

from evenload.base.distribution import Distribution


class Kind(StrEnum):
    """What a number does: a counter rises, a gauge goes up and down, a histogram counts by size."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name, told apart by labels."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()

    def of(self, values: Mapping[tuple[str, ...], float]) -> Metric:
        """Counters or gauges by their labels' values."""
        make = CounterMetricFamily if self.kind is Kind.COUNTER else GaugeMetricFamily
        found = make(self.name, self.text, labels=self.labels)
        for labels, value in values.items():
            found.add_metric(labels, value)
        return found

    def one(self, value: float) -> Metric:
        """A counter or gauge without labels."""
        return self.of({(): value})

    def spread(self, values: Distribution) -> Metric:
        """A histogram without labels."""
        bounds = [*map(floatToGoString, values.bounds), "+Inf"]
        buckets = list(zip(bounds, accumulate(map(float, values.counts)), strict=True))
        return HistogramMetricFamily(self.name, self.text, buckets=buckets, sum_value=values.total)


_COUNTER, _GAUGE, _HISTOGRAM = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

DRY_RUN: Final = Family("evenload_dry_run", _GAUGE, "1 in a dry run, in which no station is told anything.")
CONNECTED: Final = Family("evenload_ocpp_connected", _GAUGE, "Stations connected now.", ("version",))
ADMITTED: Final = Family("evenload_ocpp_admitted_total", _COUNTER, "Connections of stations let in.")
REPLACED: Final = Family(
    "evenload_ocpp_replaced_total", _COUNTER, "Connections given up because the station came again by another."
)  # fmt: skip
REFUSED: Final = Family("evenload_ocpp_refused_total", _COUNTER, "Connections turned away.", ("reason",))
MESSAGES: Final = Family("evenload_ocpp_messages_total", _COUNTER, "Frames from (in) and to (out) stations.", ("way",))
VIOLATIONS: Final = Family(
    "evenload_ocpp_violations_total", _COUNTER, "Frames of stations that broke the protocol.", ("kind",)
)  # fmt: skip
COMMIT_EVENTS: Final = Family("evenload_commit_events", _HISTOGRAM, "Events of stations stored together.")
COMMIT_SECONDS: Final = Family("evenload_commit_seconds", _HISTOGRAM, "Seconds to store events of stations.")
COMMIT_FAILURES: Final = Family(
    "evenload_commit_failures_total", _COUNTER, "Groups of events that were not stored whole, nor acknowledged."
)  # fmt: skip
COMMIT_AGAIN: Final = Family("evenload_commit_retries_total", _COUNTER, "Groups of events the store was given again.")
ASIDE: Final = Family("evenload_events_set_aside_total", _COUNTER, "Events of stations the store never took.")
STORED: Final = Family("evenload_events_stored_total", _COUNTER, "Events of stations stored.")
STORE_BYTES: Final = Family("evenload_store_size_bytes", _GAUGE, "Size of the database; absent where it does not say.")
LAST_WRITE: Final = Family(
    "evenload_store_last_write_timestamp_seconds", _GAUGE, "When events of stations were stored last."
)  # fmt: skip
PLAN_SECONDS: Final = Family(
    "evenload_plan_seconds", _HISTOGRAM, "Seconds of a plan, from reading what is to what is told."
)  # fmt: skip
PLAN_FAILURES: Final = Family("evenload_plan_failures_total", _COUNTER, "Plans that could not be made.")
TOLD: Final = Family("evenload_plan_told_total", _COUNTER, "Limits that plans told devices.")
KEPT: Final = Family("evenload_plan_kept_total", _COUNTER, "Limits that plans found good enough to leave.")
PLAN_FAILING: Final = Family("evenload_plan_failing", _GAUGE, "1 while a tenant cannot be planned for.", ("tenant",))
PLANNED_AT: Final = Family("evenload_plan_timestamp_seconds", _GAUGE, "When the last plan was made.", ("tenant",))
SESSIONS: Final = Family("evenload_plan_sessions", _GAUGE, "Sessions in the last plan.", ("tenant",))
GAP: Final = Family(
    "evenload_plan_gap_ratio", _GAUGE, "Cost of the last plan above its bound, as a share.", ("tenant",)
)  # fmt: skip
UNSERVED: Final = Family(
    "evenload_plan_unserved_kilowatt_hours", _GAUGE, "Energy asked for that the last plan has no room for.", ("tenant",)
)  # fmt: skip
OVERLOADS: Final = Family(
    "evenload_plan_overloaded_circuits", _GAUGE, "Circuits expected above their limit in spite of the last plan.",
    ("tenant",),
)  # fmt: skip
UNCONTROLLED: Final = Family(
    "evenload_devices_uncontrolled", _GAUGE, "Devices with a car that cannot be told what to draw.",
    ("tenant", "reason"),
)  # fmt: skip
ORDERS_WAITING: Final = Family(
    "evenload_orders_waiting", _GAUGE, "Orders that wait for their station, or for its answer."
)  # fmt: skip
ORDERS_SETTLED: Final = Family("evenload_orders_settled_total", _COUNTER, "Orders by how they ended.", ("outcome",))
ORDER_SECONDS: Final = Family("evenload_order_seconds", _HISTOGRAM, "Seconds from an order to its end.")
SIGHT: Final = Family(
    "evenload_guard_sight", _GAUGE, "1 for what the guard sees of a site's meter, 0 for what it does not.",
    ("tenant", "site", "sight"),
)  # fmt: skip
CAPS: Final = Family("evenload_guard_caps", _GAUGE, "Devices the guard caps now.", ("tenant", "site"))
OVER_LIMIT: Final = Family(
    "evenload_guard_over_limit_seconds_total", _COUNTER, "Seconds a site was above its limit.", ("tenant", "site")
)  # fmt: skip
FORECAST_AGE: Final = Family(
    "evenload_forecast_age_seconds", _GAUGE, "Since when the forecast of base load is as it is.", ("tenant",)
)  # fmt: skip
FORECAST_NODES: Final = Family(
    "evenload_forecast_nodes", _GAUGE, "Circuits with a forecast, by what it rests on.", ("tenant", "basis")
)  # fmt: skip
FALLBACKS_UNVERIFIED: Final = Family(
    "evenload_fallbacks_unverified", _GAUGE, "Managed devices that were not seen to have their fallback.", ("tenant",)
)  # fmt: skip
FALLBACKS_SHORT: Final = Family(
    "evenload_fallbacks_short_circuits", _GAUGE, "Circuits that base load and fallbacks together may exceed.",
    ("tenant",),
)  # fmt: skip
CLOCK_AHEAD: Final = Family(
    "evenload_clock_ahead_seconds", _GAUGE, "How far the clock of the machine was set back, 0 where it was not."
)  # fmt: skip
CARS_LINKED: Final = Family("evenload_cars_linked", _GAUGE, "Linked cars whose drivers consent.", ("cloud",))
CARS_IN_REACH: Final = Family("evenload_cars_in_reach", _GAUGE, "Linked cars that can be told something.", ("cloud",))
CAR_STATE_AGE: Final = Family(
    "evenload_car_state_age_seconds", _GAUGE, "How old the last states of linked cars are, the share that is younger.",
    ("cloud", "share"),
)  # fmt: skip
CLOUD_REACHABLE: Final = Family("evenload_cloud_reachable", _GAUGE, "1 while a cloud of cars answers.", ("cloud",))
CLOUD_REQUESTS: Final = Family(
    "evenload_cloud_requests_total", _COUNTER, "Requests to clouds: answered, failed, or spared while one rests.",
    ("cloud", "outcome"),
)  # fmt: skip
CLOUD_CALLS_LEFT: Final = Family(
    "evenload_cloud_calls_left", _GAUGE, "Calls that the quota of the application allows at once now.",
    ("cloud", "kind"),
)  # fmt: skip
CAR_READS: Final = Family(
    "evenload_car_reads_total", _COUNTER, "Reads of linked cars, by how they ended.", ("cloud", "outcome")
)  # fmt: skip
CAR_ACTS: Final = Family(
    "evenload_car_acts_total", _COUNTER, "What linked cars were asked to do, by how it ended.", ("cloud", "status")
)  # fmt: skip
CAR_ACTS_WAITING: Final = Family("evenload_car_acts_waiting", _GAUGE, "Acts that wait for their turn or an answer.")
CAR_ACT_SECONDS: Final = Family("evenload_car_act_seconds", _HISTOGRAM, "Seconds from an act to its end.")
CLOUD_WEBHOOKS: Final = Family(
    "evenload_cloud_webhooks_total", _COUNTER, "Webhooks of clouds, taken or why not.", ("cloud", "outcome")
)  # fmt: skip
TOKEN_RENEWALS: Final = Family("evenload_cloud_token_renewals_total", _COUNTER, "Tokens of clouds that were renewed.")
CABLE_PAIRS: Final = Family(
    "evenload_cable_pairs", _GAUGE, "Cars that are held to stand at chargers now: matched, or possible only.",
    ("tenant", "state"),
)  # fmt: skip
CABLE_CONFLICTS: Final = Family(
    "evenload_cable_conflicts", _GAUGE, "What is wrong now between cars, chargers and plans, by kind.",
    ("tenant", "kind"),
)  # fmt: skip
LOOKING: Final = Family("evenload_stream_topics", _GAUGE, "Topics of live pages that somebody looks at.")
BUILD: Final = Family("evenload_build_info", _GAUGE, "1; the version that runs.", ("version",))

FAMILIES: Final = tuple(value for value in list(vars().values()) if isinstance(value, Family))
