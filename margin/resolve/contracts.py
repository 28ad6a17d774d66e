"""Gives every contract that belongs to a combined commodity a code, so that a code is a row of the risk arrays.

Codes run by clearing organisation, commodity, scan tier and delta period, so sorting positions by account and
code groups them by commodity and by period at once.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from margin.model.contract import NO_PERIOD, OPTION_TYPES, contract_name, period_in_range
from margin.model.parameters import WHOLE_COMMODITY, CombinedCommodity, ParameterSet, Tier
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray

_OPTIONS_WITH_FUTURE = "OOF"


@dataclass(frozen=True)
class ResolvedContracts:
    """The contracts that can be margined, by code; every array has one entry per code unless said otherwise.

    Attributes:
        parameters: What was resolved.
        commodities: Sorted by clearing organisation and code; commodity codes point into it.
        rows: Row in ``parameters.contracts``.
        commodity: Commodity code.
        scan_tier: Index into `scan_tier_numbers`.
        slot: Index into `slot_periods`: one slot per (commodity, delta period), in that order.
        slot_commodity: Commodity code of each slot, shape (slots,).
        slot_periods: Normalised delta period of each slot.
        own_period: Normalised period of the contract itself.
        delta_scale: Delta scaling factor: contract level times product-link level.
        is_call, is_put: Option right.
        is_premium_option: Option whose premium is paid up front; it has an option value.
        unit_value: Money value of one long contract (price × contract value factor), NaN where unknown.
        scan_tier_commodity: Commodity code of each scan tier, shape (scan tiers,).
        scan_tier_numbers: The file's tier number, 0 for the whole commodity; shape (scan tiers,).
    """

    parameters: ParameterSet
    commodities: tuple[CombinedCommodity, ...]
    rows: IntArray
    commodity: CodeArray
    scan_tier: CodeArray
    slot: CodeArray
    slot_commodity: CodeArray
    slot_periods: tuple[str, ...]
    own_period: pl.Series
    delta_scale: FloatArray
    is_call: BoolArray
    is_put: BoolArray
    is_premium_option: BoolArray
    unit_value: FloatArray
    scan_tier_commodity: CodeArray
    scan_tier_numbers: CodeArray

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def commodity_slots(self) -> IntArray:
        """Slots of commodity *c* are ``commodity_slots[c]:commodity_slots[c + 1]``; shape (commodities + 1,)."""
        return np.searchsorted(self.slot_commodity, np.arange(len(self.commodities) + 1))

    @cached_property
    def is_business_function(self) -> BoolArray:
        """Whether a commodity belongs to a business function, by commodity code; one entry if there is none."""
        functions = {org.code for org in self.parameters.clearing_orgs if org.business_function is not None}
        return np.array([item.clearing_org in functions for item in self.commodities] or [False], dtype=np.bool_)

    @cached_property
    def own_periods(self) -> tuple[str, ...]:
        """The different periods of contracts, ascending; `own_period_codes` points into it."""
        return tuple(self.own_period.unique().sort().to_list())

    @cached_property
    def own_period_codes(self) -> IntArray:
        """Index into `own_periods` by contract code, shape (contracts,)."""
        return self.own_period.cast(pl.Enum(self.own_periods)).to_physical().to_numpy().astype(np.int64)

    @cached_property
    def is_option(self) -> BoolArray:
        """Options of any style."""
        return self.is_call | self.is_put

    def is_covered(self, commodity: int, cover: Container[str]) -> BoolArray:
        """Whether the period of each slot of a commodity lies in a cover, shape (slots of the commodity,)."""
        first, last = self.commodity_slots[commodity], self.commodity_slots[commodity + 1]
        return np.array([period in cover for period in self.slot_periods[first:last]], dtype=np.bool_)


def tier_of_periods(periods: list[str], tiers: tuple[Tier, ...]) -> list[int]:
    """Index of the tier each period belongs to, −1 where it belongs to none.

    Numbered tiers come first; tier 0 (the whole commodity) takes what no numbered tier covers.
    """
    numbered = [(i, tier) for i, tier in enumerate(tiers) if tier.number != WHOLE_COMMODITY]
    whole = next((i for i, tier in enumerate(tiers) if tier.number == WHOLE_COMMODITY), -1)
    return [
        next((i for i, tier in numbered if period_in_range(period, tier.start, tier.end)), whole) for period in periods
    ]


def _linked_products(parameters: ParameterSet, order: dict[tuple[str, str], int]) -> pl.DataFrame:
    """One row per product and combined commodity: product row, commodity code, scale of the link."""
    product_rows = {
        (product.clearing_org, product.exchange, product.product_id, product.type): row
        for row, product in enumerate(parameters.products)
    }
    links: list[tuple[int, int, float]] = []
    for commodity in parameters.commodities:
        for link in commodity.product_links:
            org = link.clearing_org or commodity.clearing_org
            row = product_rows.get((org, link.exchange, link.product_id, link.type))
            if row is not None:
                code = order[commodity.clearing_org, commodity.code]
                links.append((row, code, link.delta_scaling_factor))
    return pl.DataFrame(
        links,
        schema={"product": pl.Int32, "commodity": pl.Int32, "link_scale": pl.Float64},
        orient="row",
    )


def _product_facts(parameters: ParameterSet) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "product": range(len(parameters.products)),
            "type": [product.type for product in parameters.products],
            "is_premium": [product.is_premium_style for product in parameters.products],
        },
        schema={"product": pl.Int32, "type": pl.String, "is_premium": pl.Boolean},
    )


def _scan_tiers(contracts: pl.DataFrame, commodities: tuple[CombinedCommodity, ...]) -> pl.DataFrame:
    """The tier number and rank of every (commodity, delta period) that contracts stand in."""
    slots = contracts.select("commodity", "delta_period").unique().sort("commodity", "delta_period")
    numbers: list[int] = []
    for commodity, periods in slots.group_by("commodity", maintain_order=True).agg("delta_period").iter_rows():
        tiers = commodities[commodity].scan_tiers
        found = tier_of_periods(periods, tiers)
        numbers.extend(tiers[i].number if i >= 0 else WHOLE_COMMODITY for i in found)
    return slots.with_columns(tier_number=pl.Series(numbers, dtype=pl.Int32))


def resolve_contracts(parameters: ParameterSet) -> ResolvedContracts:
    """Give every contract of a combined commodity its code, once for each parameter set.

    The delta period is the underlying future's for an option on a future, otherwise the contract's own.
    Source: CME SPAN, period deltas; SPAN XML ``undC``.
    """
    return parameters.once("contracts", lambda: _resolve(parameters))


def _resolve(parameters: ParameterSet) -> ResolvedContracts:
    commodities = tuple(sorted(parameters.commodities, key=lambda item: (item.clearing_org, item.code)))
    order = {(item.clearing_org, item.code): code for code, item in enumerate(commodities)}
    contracts = (
        parameters.contracts.with_row_index("row")
        .join(_linked_products(parameters, order), on="product", how="inner")
        .join(_product_facts(parameters), on="product", how="left")
        .with_columns(
            delta_period=pl.when(pl.col("type") == _OPTIONS_WITH_FUTURE)
            .then(pl.col("underlying_period"))
            .otherwise(pl.col("period"))
            .fill_null(NO_PERIOD)
        )
    )
    slots = _scan_tiers(contracts, commodities)
    contracts = contracts.join(slots, on=["commodity", "delta_period"], how="left").sort(
        "commodity",
        "tier_number",
        "delta_period",
        "period",
        "product",
        "right",
        "strike",
        "row",
        nulls_last=False,
    )
    slots = slots.sort("commodity", "delta_period").with_row_index("slot")
    tiers = slots.select("commodity", "tier_number").unique().sort("commodity", "tier_number")
    tiers = tiers.with_row_index("scan_tier")
    codes = contracts.select("commodity", "delta_period", "tier_number").join(
        slots.select("commodity", "delta_period", "slot"),
        on=["commodity", "delta_period"],
        how="left",
        maintain_order="left",
    )
    codes = codes.join(tiers, on=["commodity", "tier_number"], how="left", maintain_order="left")
    is_option = contracts["type"].is_in(list(OPTION_TYPES))
    value = contracts.select(
        pl.when(pl.col("price").is_not_null())
        .then(pl.col("price") * pl.col("contract_value_factor").fill_null(1.0))
        .otherwise(pl.col("contract_value"))
        .cast(pl.Float64)
        .fill_null(float("nan"))
    ).to_series()
    return ResolvedContracts(
        parameters=parameters,
        commodities=commodities,
        rows=contracts["row"].to_numpy().astype(np.int64),
        commodity=contracts["commodity"].to_numpy().astype(np.int32),
        scan_tier=codes["scan_tier"].to_numpy().astype(np.int32),
        slot=codes["slot"].to_numpy().astype(np.int32),
        slot_commodity=slots["commodity"].to_numpy().astype(np.int32),
        slot_periods=tuple(slots["delta_period"].to_list()),
        own_period=contracts["period"],
        delta_scale=contracts.select(
            (pl.col("delta_scaling_factor").fill_null(1.0) * pl.col("link_scale")).alias("scale")
        )["scale"].to_numpy(),
        is_call=(is_option & (contracts["right"] == "C")).fill_null(False).to_numpy(),
        is_put=(is_option & (contracts["right"] == "P")).fill_null(False).to_numpy(),
        is_premium_option=(is_option & contracts["is_premium"]).to_numpy(),
        unit_value=value.to_numpy(),
        scan_tier_commodity=tiers["commodity"].to_numpy().astype(np.int32),
        scan_tier_numbers=tiers["tier_number"].to_numpy().astype(np.int32),
    )


def strike_text(strike: float | None) -> str | None:
    """A strike in its shortest decimal form."""
    return None if strike is None else np.format_float_positional(strike, trim="-")


def contract_names(contracts: ResolvedContracts, codes: Sequence[int]) -> list[str]:
    """Identifiers of some contracts, as a user may write them."""
    parameters = contracts.parameters
    rows = parameters.contracts[contracts.rows[list(codes)]]
    names = []
    for row in rows.iter_rows(named=True):
        product = parameters.products[row["product"]]
        underlying = row["underlying_period"] if product.is_option else None
        names.append(
            contract_name(
                product.exchange,
                product.code,
                product.type,
                row["period"],
                underlying,
                row["right"],
                strike_text(row["strike"]),
            )
        )
    return names
