"""What an authority orders for a time: least visits, costs of visits, campaigns, grace periods."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.asof import GracePeriod
from risk_index.campaigns import Campaign
from risk_index.errors import SettingsError, broken_entries

Ordered = TypeVar("Ordered", bound="Order")


class Order(BaseModel):
    """The days on which it holds, and what it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    start: dt.date = Field(alias="from")
    until: dt.date
    reference: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_later(self) -> Order:
        if self.until < self.start:
            raise ValueError(f"until {self.until} is before from {self.start}")
        return self


class MinimumVisits(Order):
    """Least visits a round of a stratum."""

    stratum: str
    visits: float = Field(ge=0, allow_inf_nan=False)


class VisitCost(Order):
    """Cost of a visit by the first characters of the sector."""

    sector: str
    cost: float = Field(gt=0, allow_inf_nan=False)


class CampaignOrder(Order):
    """A priority for some time, with visits of its own."""

    name: str = Field(min_length=1)
    sectors: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    multiplier: float = Field(gt=1, le=100)
    visits: float = Field(gt=0, allow_inf_nan=False)

    def campaign(self) -> Campaign:
        """Return it as the allocation knows it."""
        return Campaign(
            self.name,
            self.reference,
            self.start,
            self.until,
            self.sectors,
            self.regions,
            self.multiplier,
            self.visits,
        )


class GraceOrder(Order):
    """Days whose events are not held against a firm."""

    tables: tuple[Literal["penalties", "irregularities", "permits"], ...] = Field(min_length=1)
    regions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def period(self) -> GracePeriod:
        """Return it as the law knows it."""
        return GracePeriod(self.start, self.until, self.tables, self.regions, self.categories)


class Orders(BaseModel):
    """All orders, in force or not."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    minimum_visits: tuple[MinimumVisits, ...] = ()
    visit_costs: tuple[VisitCost, ...] = ()
    campaigns: tuple[CampaignOrder, ...] = ()
    grace_periods: tuple[GraceOrder, ...] = ()

    def at(self, day: dt.date) -> Orders:
        """Return those in force on a day; of grace periods, those that had begun."""
        return Orders.model_construct(
            minimum_visits=_held(self.minimum_visits, day),
            visit_costs=_held(self.visit_costs, day),
            campaigns=_held(self.campaigns, day),
            grace_periods=tuple(order for order in self.grace_periods if order.start <= day),
        )


def _held(orders: tuple[Ordered, ...], day: dt.date) -> tuple[Ordered, ...]:
    return tuple(order for order in orders if order.start <= day <= order.until)


def read_orders(content: dict[str, Any], where: object) -> Orders:
    """Check the lists of a settings file.

    Raises
    ------
    SettingsError
        Naming the file, the entry and the rule.
    """
    try:
        return Orders.model_validate(content)
    except ValidationError as error:
        raise SettingsError(f"{where}: {broken_entries(error)}") from error
