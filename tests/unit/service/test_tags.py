from dataclasses import replace

import pytest

from evenload.service import tags
from evenload.service.live_rows import SiteRow
from evenload.service.refusals import StaleError

SITE = SiteRow("north", "depot")


def test_equal_rows_have_equal_tags_and_others_do_not() -> None:
    assert tags.tag_of(SITE) == tags.tag_of(SiteRow("north", "depot"))
    assert tags.tag_of(SITE) != tags.tag_of(replace(SITE, guard_kw=1.0))


@pytest.mark.parametrize(
    ("expected", "there", "fits"),
    [
        ("", SITE, True), ("", None, True), (tags.ANY, SITE, True), (tags.ANY, None, False), (tags.NONE, None, True),
        (tags.NONE, SITE, False), (tags.tag_of(SITE), SITE, True), (tags.tag_of(SITE), None, False),
        (tags.tag_of(SITE), replace(SITE, name="x"), False),
    ],
)  # fmt: skip
def test_what_is_expected_is_what_there_is(expected: str, there: SiteRow | None, fits: bool) -> None:
    if fits:
        tags.check(expected, there)
    else:
        with pytest.raises(StaleError):
            tags.check(expected, there)
