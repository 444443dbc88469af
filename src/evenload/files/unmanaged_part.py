"""Cars in the problem file that are there and nobody manages: how many, where, and what such cars do."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from evenload.files.yaml_parts import Part

_Count = Annotated[int, Field(ge=0, le=1_000_000)]


class UnmanagedAsked(Part):
    """Cars that are there, are not in the sessions file and charge as they like: part of the load beside charging.

    One of ``history``, ``dataset`` and ``preset`` says what such cars do; ``cars``, or ``homes`` and ``share``, how
    many there are.
    """

    history: str = Field(
        default="",
        description="history file with user_id, relative to the problem file: each car lives one of its weeks",
    )
    dataset: str = Field(default="", description="packaged history, such as residential-norway, in place of a file")
    preset: str = Field(default="", description="packaged population, such as residential-2020, in place of a history")
    cars: dict[str, _Count] = Field(default={}, description="cars by circuit, where they are connected")
    homes: dict[str, _Count] = Field(default={}, description="homes by circuit, where they are connected")
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="part of the homes that has such a car; needed with homes"
    )
    quantile: Annotated[float, Field(ge=0.01, le=0.99, allow_inf_nan=False)] | None = Field(
        default=None,
        description="load that is not exceeded with this probability, at each circuit by itself; left out: that of "
        "--load-quantile, and without it the mean",
    )

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if sum(map(bool, (self.history, self.dataset, self.preset))) != 1:
            raise ValueError("give one of history, dataset and preset: what such cars do")
        if bool(self.cars) == bool(self.homes):
            raise ValueError("give cars (by circuit), or homes (by circuit) with a share of them: one of the two")
        if bool(self.homes) != (self.share is not None):
            raise ValueError("share is of homes: give both, such as homes: {T1: 12} and share: 0.2, or cars alone")
        return self

    @property
    def counts(self) -> dict[str, int]:
        """Cars or homes by circuit."""
        return self.cars or self.homes

    @property
    def share_of_counts(self) -> float:
        """The part of them that has such a car."""
        return 1.0 if self.share is None else self.share
