"""Parameters with some of their numbers changed, for questions of what if: scan ranges, extreme moves and rates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.parameters import CombinedCommodity, ParameterSet, SpreadDefinition
from margin.model.pricing import ContractPricing
from margin.model.problem import Faults, Reason
from margin.model.scenario import ScenarioGrid, ScenarioPoint
from margin.numeric.arrays import BoolArray
from margin.read.validated import did_you_mean
from margin.value.derived import RATE_ID, derive_arrays
from margin.value.derived.arrays import PricedRows, commodity_grid, grids_of, with_arrays
from margin.value.derived.facts import commodity_of_product
from margin.value.shocks import price_move, price_shift

PRICING_FIELDS = ("price_scan_range", "volatility_scan_range", "extreme_move", "cover", "look_ahead")
RATE_FIELDS = ("short_option_minimum", "intracommodity_spread", "intercommodity_spread", "super_spread")
EVERY_COMMODITY = "*"

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?"
_VALUE = re.compile(rf"(?P<percent>[-+]{_NUMBER})%|\*(?P<factor>{_NUMBER})|(?P<number>-?{_NUMBER})")
_FIELD = re.compile(r"(?P<field>[a-z_]+)(?:\[(?P<priority>[0-9]{1,7})\])?")
_SPREAD_KINDS = {"intercommodity_spread": "intercommodity", "super_spread": "super"}


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a number: to `number`, or times `hundredths` / 100 where that is `None`."""

    number: float | None
    hundredths: float = 100.0

    def of(self, value: float) -> float:
        """The changed number."""
        # Ten percent more of a whole number is to be one, which a factor of 1.1 does not give.
        return value * self.hundredths / 100.0 if self.number is None else self.number


@dataclass(frozen=True, slots=True)
class Override:
    """One change of the parameters.

    Attributes:
        text: As the user wrote it, ``NAME.FIELD=VALUE``.
        owner: Commodity code, ``*`` for every commodity; clearing organisation of spreads between commodities.
        field: One of `PRICING_FIELDS` and `RATE_FIELDS`.
        priority: Of a spread.
    """

    text: str
    owner: str
    field: str
    priority: int | None
    change: Change


def with_overrides(
    parameters: ParameterSet, overrides: Mapping[str, str | float], *, threads: int | None = None
) -> ParameterSet:
    """The parameters with some numbers changed; arrays that follow from them are derived again.

    Args:
        parameters: The parameters.
        overrides: By ``COMMODITY.FIELD``, the new number, ``+10%``, ``-10%`` or ``*1.5``; see `PRICING_FIELDS` and
            `RATE_FIELDS`. ``price_scan_range`` is money per contract, ``volatility_scan_range`` the fraction or the
            volatility that it is, ``look_ahead`` years, ``short_option_minimum`` money.
            Spreads have their priority: ``NIFTY.intracommodity_spread[1]``, ``NSCCL.intercommodity_spread[2]``.
        threads: Threads to use; `None` for one per processor.

    Raises:
        InputRefused: A name or a value means nothing, or arrays were given without a model that could give others.
    """
    if not overrides:
        return parameters
    if parameters.pricing is None and parameters.pricing_rules is not None:
        parameters = derive_arrays(parameters, threads=threads)
    faults = Faults()
    parsed = [parse_override(name, value, faults) for name, value in overrides.items()]
    for override in parsed:
        if override is not None:
            parameters = _applied(parameters, override, faults, threads)
    faults.refuse_if_any()
    return replace(parameters, overrides=(*parameters.overrides, *(item.text for item in parsed if item)))


def parse_override(name: str, value: str | float, faults: Faults) -> Override | None:
    """An override in parts; what is wrong with it goes to `faults`."""
    text = f"{name}={value}"
    owner, _, rest = name.strip().rpartition(".")
    matched = _FIELD.fullmatch(rest)
    known = (*PRICING_FIELDS, *RATE_FIELDS)
    if not owner or matched is None or matched["field"] not in known:
        hint = did_you_mean(matched["field"], known) if matched else ""
        message = f"override {text!r}: expected COMMODITY.FIELD, FIELD one of {', '.join(known)}{hint}"
        faults.add(Reason.UNKNOWN_NAME, message)
        return None
    field, priority = matched["field"], matched["priority"]
    if field.endswith("_spread") != (priority is not None):
        expected = f"{field}[PRIORITY]" if field.endswith("_spread") else f"{field} without a priority"
        faults.add(Reason.INVALID_VALUE, f"override {text!r}: expected {expected}")
        return None
    change = _change(value)
    if change is None or (not field.endswith("_spread") and not _is_sound(field, change)):
        message = (
            f"override {text!r}: expected a number, or a change such as +10%, -10% or *1.5, that leaves it positive"
        )
        faults.add(Reason.INVALID_VALUE, message)
        return None
    return Override(text, owner, field, None if priority is None else int(priority), change)


def _change(value: str | float) -> Change | None:
    matched = _VALUE.fullmatch(str(value).strip())
    if matched is None:
        return None
    if matched["number"] is not None:
        return Change(float(matched["number"]))
    if matched["factor"] is not None:
        return Change(None, 100.0 * float(matched["factor"]))
    return Change(None, 100.0 + float(matched["percent"]))


def _is_sound(field: str, change: Change) -> bool:
    """Whether a change leaves a number of the right size; what may be nothing at all may become nothing."""
    result = change.hundredths if change.number is None else change.number
    may_vanish = field in ("volatility_scan_range", "look_ahead", "short_option_minimum")
    return (result > 0.0 or (may_vanish and result == 0.0)) and not (
        field == "cover" and change.number is not None and result > 1.0
    )


def _applied(parameters: ParameterSet, override: Override, faults: Faults, threads: int | None) -> ParameterSet:
    if override.field in _SPREAD_KINDS:
        return _with_spread_rate(parameters, override, faults)
    codes = [code for code, item in enumerate(parameters.commodities) if override.owner in (EVERY_COMMODITY, item.code)]
    if not codes:
        known = sorted({item.code for item in parameters.commodities})
        hint = did_you_mean(override.owner, known) or f"; there are {', '.join(known[:20])}"
        faults.add(Reason.UNKNOWN_NAME, f"override {override.text!r}: unknown commodity {override.owner!r}{hint}")
        return parameters
    if override.field in PRICING_FIELDS:
        return _priced_again(parameters, override, codes, faults, threads)
    return _with_commodity_rates(parameters, override, codes, faults)


def _priced_again(
    parameters: ParameterSet, override: Override, codes: list[int], faults: Faults, threads: int | None
) -> ParameterSet:
    wanted = _priced_contracts(parameters, override, codes, faults)
    if wanted is None or parameters.pricing is None:
        return parameters
    frame, market = parameters.pricing.frame, parameters.pricing.market
    if override.field in ("extreme_move", "cover"):
        changed = _with_extremes(parameters, override, codes, faults)
        if changed is None:
            return parameters
        parameters = changed
    elif not _has_something(frame, override, wanted):
        message = f"override {override.text!r}: nothing of {override.owner} moves by a {override.field}"
        faults.add(Reason.UNKNOWN_NAME, message)
        return parameters
    else:
        frame = _with_columns(frame, override, wanted)
    pricing = ContractPricing(frame, market)
    if not _stays_positive(parameters, pricing, wanted):
        message = f"override {override.text!r}: a scenario would take the price of an inverse contract to zero or below"
        faults.add(Reason.INVALID_VALUE, message)
        return parameters
    return with_arrays(parameters, pricing, RATE_ID, wanted, threads)


def _priced_contracts(
    parameters: ParameterSet, override: Override, codes: list[int], faults: Faults
) -> BoolArray | None:
    """The contracts of commodities; `None` where the arrays of any were given."""
    of_product = np.array([-1 if code is None else code for code in commodity_of_product(parameters)] or [-1])
    wanted = np.isin(of_product[parameters.contracts["product"].to_numpy()], codes)
    pricing = parameters.pricing
    given = wanted if pricing is None else wanted & pricing.frame["model"].is_null().to_numpy()
    owners = np.unique(of_product[parameters.contracts["product"].to_numpy()[given]])
    for code in owners:
        item = parameters.commodities[int(code)]
        faults.add(
            Reason.UNSUPPORTED_RULE,
            f"override {override.text!r}: the risk arrays of {item.code} are given, and no model says what they would "
            "be; give the contracts a model in a house configuration",
            commodity=item.code,
        )
    return None if len(owners) else wanted


def _has_something(frame: pl.DataFrame, override: Override, wanted: BoolArray) -> bool:
    """Whether any contract has a scan range to be changed."""
    if override.field == "look_ahead":
        return True
    name = "price_scan_up" if override.field == "price_scan_range" else "volatility_scan_up"
    return bool((frame.filter(pl.Series(wanted, dtype=pl.Boolean))[name] > 0.0).any())


def _with_columns(frame: pl.DataFrame, override: Override, wanted: BoolArray) -> pl.DataFrame:
    chosen, change = pl.lit(pl.Series(wanted, dtype=pl.Boolean)), override.change

    def changed(name: str, number: pl.Expr) -> pl.Expr:
        new = pl.col(name) * change.hundredths / 100.0 if change.number is None else number
        return pl.when(chosen).then(new).otherwise(name).alias(name)

    number = pl.lit(change.number, dtype=pl.Float64)
    if override.field == "price_scan_range":
        return frame.with_columns(
            changed(name, number / pl.col("multiplier")) for name in ("price_scan_up", "price_scan_down")
        )
    if override.field == "volatility_scan_range":
        return frame.with_columns(
            changed(name, number * pl.col("volatility_scale"))
            for name in ("volatility_scan_up", "volatility_scan_down")
        )
    return frame.with_columns(changed("look_ahead", number))


def _with_extremes(
    parameters: ParameterSet, override: Override, codes: list[int], faults: Faults
) -> ParameterSet | None:
    commodities = list(parameters.commodities)
    for code in codes:
        grid = commodity_grid(parameters, commodities[code], RATE_ID)
        points = tuple(_extreme(point, override) for point in grid.points)
        if any(point.weight > 1.0 for point in points):
            faults.add(Reason.INVALID_VALUE, f"override {override.text!r}: would cover more than the whole loss")
            return None
        if points == grid.points and not any(map(_is_extreme, grid.points)):
            message = f"override {override.text!r}: the scenarios of {commodities[code].code} have no extreme moves"
            faults.add(Reason.INVALID_VALUE, message)
            return None
        grids = {**commodities[code].grids, RATE_ID: ScenarioGrid(points, grid.delta_points)}
        commodities[code] = replace(commodities[code], grids=MappingProxyType(grids))
    return replace(parameters, commodities=tuple(commodities))


def _is_extreme(point: ScenarioPoint) -> bool:
    """A price move alone, of which a fraction is covered."""
    return point.price_move != 0.0 and point.volatility_move == 0.0 and point.weight < 1.0


def _extreme(point: ScenarioPoint, override: Override) -> ScenarioPoint:
    if not _is_extreme(point):
        return point
    if override.field == "cover":
        return replace(point, weight=override.change.of(point.weight))
    return replace(point, price_move=float(np.copysign(override.change.of(abs(point.price_move)), point.price_move)))


def _stays_positive(parameters: ParameterSet, pricing: ContractPricing, wanted: BoolArray) -> bool:
    rows_of = PricedRows(parameters.contracts, pricing.frame)
    for name, grid, rows in rows_of.groups(grids_of(parameters, RATE_ID), wanted):
        if name == "inverse":
            priced = rows_of.at(rows)(slice(0, len(rows)))
            if any((priced.level + price_shift(priced, price_move(point)) <= 0.0).any() for point in grid.points):
                return False
    return True


def _with_commodity_rates(
    parameters: ParameterSet, override: Override, codes: list[int], faults: Faults
) -> ParameterSet:
    commodities = list(parameters.commodities)
    found = False
    for code in codes:
        changed = _with_rate(commodities[code], override)
        found |= changed is not None
        commodities[code] = changed or commodities[code]
    if not found:
        what = override.field if override.priority is None else f"{override.field} of priority {override.priority}"
        faults.add(Reason.UNKNOWN_NAME, f"override {override.text!r}: {override.owner} has no {what}")
    return replace(parameters, commodities=tuple(commodities))


def _with_rate(commodity: CombinedCommodity, override: Override) -> CombinedCommodity | None:
    """The commodity with another rate; `None` where it has no such rate."""
    if override.field == "short_option_minimum":
        if not commodity.short_option_minimum_tiers:
            return None
        tiers = tuple(
            replace(tier, rates=_changed(tier.rates, override)) for tier in commodity.short_option_minimum_tiers
        )
        return replace(commodity, short_option_minimum_tiers=tiers)
    spreads = _with_rates_of(tuple(commodity.spreads), override, lambda spread: True)
    return None if spreads is None else replace(commodity, spreads=spreads)


def _with_spread_rate(parameters: ParameterSet, override: Override, faults: Faults) -> ParameterSet:
    kind = _SPREAD_KINDS[override.field]
    spreads = _with_rates_of(
        parameters.spreads, override, lambda spread: spread.kind == kind and spread.clearing_org == override.owner
    )
    if spreads is None:
        message = (
            f"override {override.text!r}: {override.owner} has no {override.field} of priority {override.priority}"
        )
        faults.add(Reason.UNKNOWN_NAME, message)
        return parameters
    return replace(parameters, spreads=spreads)


def _with_rates_of(
    spreads: tuple[SpreadDefinition, ...], override: Override, is_meant: Callable[[SpreadDefinition], bool]
) -> tuple[SpreadDefinition, ...] | None:
    found = [spread.priority == override.priority and is_meant(spread) and bool(spread.rates) for spread in spreads]
    if not any(found):
        return None
    return tuple(
        replace(spread, rates=_changed(spread.rates, override)) if is_one else spread
        for spread, is_one in zip(spreads, found, strict=True)
    )


def _changed(rates: Mapping[str, float], override: Override) -> Mapping[str, float]:
    return MappingProxyType({rate_id: override.change.of(rate) for rate_id, rate in rates.items()})
