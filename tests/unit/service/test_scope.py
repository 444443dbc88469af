import pytest

from evenload.service.access_rows import Role
from evenload.service.refusals import ForbiddenError, Refusal
from evenload.service.scope import Scope


def test_each_role_may_what_those_before_it_may_and_no_more() -> None:
    for place, role in enumerate(Role):
        scope = Scope("north", "user:ann", role)
        assert [one for one in Role if scope.may(one)] == list(Role)[: place + 1]


def test_a_refusal_says_what_it_takes_and_who_asked() -> None:
    with pytest.raises(ForbiddenError, match="takes the role operator; user:ann has the role viewer") as caught:
        Scope("north", "user:ann", Role.VIEWER).require(Role.OPERATOR)
    assert caught.value.reason is Refusal.ROLE
    assert caught.value.exit_code == 2
