"""One device, many who ask: cases by hand, and every pair of ranks against the order as it is written."""

from datetime import timedelta
from itertools import combinations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import parse_instant
from evenload.domain.event import Event, EventKind
from evenload.program.resolve import Claim, Rank, resolve

AT = parse_instant("2026-07-14T18:00:00Z")


def event(
    event_id: str, kind: EventKind = EventKind.PAUSE, *, mandatory: bool = False, told_h: float = 5, off: bool = False
) -> Event:  # fmt: skip
    begins, ends = AT - timedelta(hours=1), AT + timedelta(hours=1)
    return Event(
        event_id, kind, begins, ends, power_kw=3.0, mandatory=mandatory, notified_at=AT - timedelta(hours=told_h),
        cancelled_at=AT if off else None,
    )  # fmt: skip


LIMIT_KW, NEED_KW = 2.0, 5.0


def claim(rank: Rank, wants_more: bool) -> Claim | None:
    """A claim of a rank for no more than 2 kW, or for no less than 5; None where a rank has none of that kind."""
    if rank in (Rank.MANDATORY_EVENT, Rank.VOLUNTARY_EVENT):
        kind = EventKind.INCREASE if wants_more else EventKind.LIMIT
        asked = event(f"e{rank}", kind, mandatory=rank is Rank.MANDATORY_EVENT)
        return Claim.of_event("p", asked, NEED_KW if wants_more else LIMIT_KW)
    if rank is Rank.MONEY or (rank in (Rank.MINIMUM, Rank.DEPARTURE)) != wants_more:
        return None
    return Claim("p", rank, NEED_KW if wants_more else LIMIT_KW)


@pytest.mark.parametrize(("first", "second"), list(combinations(Rank, 2)))
def test_of_two_that_contradict_the_one_that_ranks_first_holds(first: Rank, second: Rank) -> None:
    for more in (False, True):
        one, other = claim(first, more), claim(second, not more)
        if one is None or other is None:
            continue
        found = resolve([other, one], AT)
        assert found == resolve([one, other], AT)
        assert (found.power_kw_min, found.power_kw_max) == ((5.0, 5.0) if more else (2.0, 2.0))
        (sentence,) = found.sentences
        assert sentence.startswith(f"{other} gives way to {one}: ")


def test_a_voluntary_pause_gives_way_to_the_need_and_a_mandatory_one_does_not() -> None:
    need = Claim("driver", Rank.DEPARTURE, 4.0)
    voluntary = resolve([need, Claim.of_event("OpenADR 3.1", event("e7"))], AT)
    assert voluntary.power_kw_min == voluntary.power_kw_max == 4.0
    assert voluntary.sentences == (
        "pause e7 (OpenADR 3.1) gives way to the need of 4 kW (driver): needs by departure rank before voluntary "
        "events; 4 kW are drawn where it wants 0 at most",
    )
    mandatory = resolve([need, Claim.of_event("OpenADR 3.1", event("e7", mandatory=True))], AT)
    assert (mandatory.power_kw_min, mandatory.power_kw_max) == (0.0, 0.0)
    assert "mandatory events rank before needs by departure; it gets 0 of the 4 kW it wants" in mandatory.sentences[0]


def test_of_two_programs_the_one_told_later_holds() -> None:
    less = Claim.of_event("program A", event("e1", told_h=5))
    more = Claim.of_event("program B", event("e2", EventKind.INCREASE, told_h=2), 7.0)
    found = resolve([less, more], AT)
    assert (found.power_kw_min, found.power_kw_max) == (7.0, 7.0)
    assert "told later" in found.sentences[0]


def test_limits_of_two_protocols_both_hold_and_the_lower_counts() -> None:
    claims = [
        Claim.of_event("2.0b", event("e1", EventKind.LIMIT), 3.0),
        Claim.of_event("3.1", event("e2", EventKind.LIMIT, mandatory=True), 5.0),
        Claim("charger", Rank.DEVICE_LIMIT, 11.0),
    ]
    assert resolve(claims, AT) == resolve(claims[::-1], AT)
    assert (resolve(claims, AT).power_kw_max, resolve(claims, AT).sentences) == (3.0, ())


def test_one_event_through_two_protocols_counts_once_and_one_called_off_not_at_all() -> None:
    both = [Claim.of_event(name, event("e1")) for name in ("2.0b", "3.1")]
    assert resolve(both, AT).sentences == ("pause e1 (3.1) came through 2.0b as well and counts once",)
    assert resolve([Claim.of_event("3.1", event("e1", off=True))], AT).power_kw_max == inf
    assert resolve(both, AT + timedelta(hours=1)).power_kw_max == inf


def test_one_price_holds() -> None:
    found = resolve([Claim("A", Rank.MONEY, price_per_kwh=0.3), Claim("B", Rank.MONEY, price_per_kwh=0.5)], AT)
    assert found.price_per_kwh == 0.3
    assert found.sentences[0].startswith("the price 0.5 per kWh (B) gives way to the price 0.3 per kWh (A)")


def test_claims_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="0 or more"):
        Claim("A", Rank.CIRCUIT_LIMIT, -1.0)
    with pytest.raises(InputError, match="events need an event"):
        Claim("A", Rank.MANDATORY_EVENT, 1.0)


CLAIMS = st.builds(
    lambda rank, kw, told, kind: (
        Claim.of_event("p", event(f"{kind}{told}{kw}", kind, mandatory=rank is Rank.MANDATORY_EVENT, told_h=told), kw)
        if rank in (Rank.MANDATORY_EVENT, Rank.VOLUNTARY_EVENT)
        else Claim("p", rank, kw)
    ),
    st.sampled_from([rank for rank in Rank if rank is not Rank.MONEY]),
    st.integers(0, 12).map(float),
    st.integers(1, 9),
    st.sampled_from(EventKind),
)


@given(claims=st.lists(CLAIMS, max_size=8))
def test_whoever_asks_there_is_an_answer_and_hard_limits_hold(claims: list[Claim]) -> None:
    found = resolve(claims, AT)
    assert 0 <= found.power_kw_min <= found.power_kw_max
    hard = [one.power_kw for one in claims if one.rank in (Rank.DEVICE_LIMIT, Rank.EMERGENCY_LIMIT)]
    assert found.power_kw_min <= min(hard, default=inf)
    for one in claims:
        if not one.wants_more and one.power_kw < found.power_kw_max - 1e-9:
            assert any(sentence.startswith(str(one)) for sentence in found.sentences)
