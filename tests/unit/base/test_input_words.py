"""What a real checker says of wrong input comes out as plain words."""

from typing import Annotated, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from evenload.base.input_words import in_plain_words


class Thing(BaseModel):
    """With every sort of field."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    count: int = Field(1, ge=1, le=9)
    kw: float = Field(1.0, gt=0, lt=5)
    on: bool = True
    name: str = Field("a", min_length=1, max_length=3)
    code: str = Field("EUR", pattern="^[A-Z]{3}$", min_length=2)
    at: AwareDatetime | None = None
    kind: Literal["all", "site"] = "all"
    several: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list, max_length=2)
    odd: int = 1
    inner: "Thing | None" = None

    @field_validator("odd")
    @classmethod
    def _is_odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"{value} is even")
        return value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"count": "x"}, "must be a whole number"),
        ({"count": 1.5}, "must be a whole number"),
        ({"count": 0}, "must be 1 or more"),
        ({"count": 10}, "must be 9 or less"),
        ({"kw": "x"}, "must be a number"),
        ({"kw": 0}, "must be above 0"),
        ({"kw": 5}, "must be below 5"),
        ({"kw": float("nan")}, "must be a finite number"),
        ({"on": 7}, "must be true or false"),
        ({"name": ""}, "must not be empty"),
        ({"name": "abcd"}, "must have 3 characters or fewer"),
        ({"name": 3}, "must be text"),
        ({"code": "E"}, "must have 2 characters or more"),
        ({"code": "euro"}, "must be three capital letters"),
        ({"at": "2026-01-12T17:00:00"}, "needs an offset from UTC, such as 2026-01-12T17:00:00+01:00"),
        ({"at": "yesterday"}, "must be an instant such as 2026-01-12T17:00:00+01:00"),
        ({"kind": "xml"}, "must be 'all' or 'site'"),
        ({"several": [1, 2, 3]}, "must hold 2 or fewer"),
        ({"several": 1}, "must be a list"),
        ({"odd": 2}, "2 is even"),
        ({"inner": 3}, "must be an object with names and values"),
        ({"cuont": 3}, "is not known here"),
    ],
)
def test_every_fault_is_told_in_plain_words(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate(given)
    message = caught.value.errors()[0]["msg"]
    assert in_plain_words(message, {"^[A-Z]{3}$": "must be three capital letters"}) == words


def test_a_pattern_nobody_described_is_not_shown() -> None:
    assert in_plain_words("String should match pattern '^a'") == "is not written as it has to be"
