"""How far figures of a margin run may move when its parameters are rounded to the digits of a ``.pa2`` file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from margin.model.parameters import CombinedCommodity, ParameterSet, SpreadDefinition
from margin.model.run import MarginRun
from tests.write.pa2_sets import RATE, columns

HALF_DELTA = 0.5e-4
HALF_CHARGE = 0.5
HALF_FLAT_CREDIT = 0.5e-2
HALF_CREDIT_FRACTION = 0.5e-6

Row = tuple[str, str]
"""Account and commodity."""


@dataclass
class Bounds:
    """Largest differences of one account's figures in one commodity; infinite where none can be given.

    Attributes:
        arrays: Of any sum of scenario losses.
        deltas: Of any period's remaining delta, and of all together.
        price: Of price and volatility risk.
        weighted: Of weighted futures price risk.
    """

    arrays: float = 0.0
    deltas: float = 0.0
    price: float = 0.0
    weighted: float = 0.0
    intracommodity: float = 0.0
    delivery: float = 0.0
    credit: float = 0.0
    minimum: float = 0.0

    @property
    def span_risk(self) -> float:
        """The larger of (scan risk + charges − credit) and the minimum moves no further than all of them together."""
        return self.arrays + self.intracommodity + self.delivery + self.credit + self.minimum


def half_array_units(file: str) -> dict[tuple[str, str, str], float]:
    """Half a unit of each product's arrays, from the array decimal locators of a file's records 2."""
    units = {}
    for line in file.splitlines():
        if line.startswith("2 "):
            for start in range(23, 104, 16):
                code, type_ = columns(line, start, start + 9).strip(), columns(line, start + 10, start + 12)
                decimals = int(columns(line, start + 13, start + 13).strip() or 0)
                decimals *= -1 if columns(line, start + 14, start + 14) == "-" else 1
                if code:
                    units[columns(line, 3, 5), code, type_] = 0.5 * 10.0**-decimals
    return units


def bounds_of(
    source: ParameterSet, file: str, positions: pl.DataFrame, before: MarginRun, after: MarginRun
) -> dict[Row, Bounds]:
    """Bounds on the difference of two unrounded runs, one on the source and one on what a file of it says.

    Derivation. Let q be an account's quantities, x ten to the risk exponent, and let every written number be within
    half a unit of the source's.

    * A scenario sum moves by at most S = Σ|q| × half a unit of the array × x. Scan risk is the greatest of such sums,
      or zero, and moves no further; so do time risk (a mean of two sums) and volatility risk (half a difference of
      two) while the active scenario stays, which it must where it leads by more than 2S. Price risk is
      (active + pair) ÷ 2 − time, hence 2S.
    * A period's delta moves by at most Σ|q| × delta scaling factor × half a unit of the delta, all periods together
      by E, their sum.
    * Forming a spread takes n = min(available ÷ ratio), so n moves by at most E ÷ the least ratio. Taking n × ratio
      off each leg's pool turns a difference in the binding leg i into differences of the others, together
      Σ ratios of j≠i ÷ ratio i times as large, and leaves all else: E grows by no more than the greatest such factor
      (1 for a calendar spread). The charge moves by δn × rate + n × half a unit of the rate.
    * A delivery charge is a sum of |delta| × rate after that, on differences of E before and after spreads.
    * Weighted futures price risk is W = P ÷ |Δ|, which moves by at most (δP + W × E) ÷ (|Δ| − E).
    * A credit of W × ratio × n × rate moves by ratio × rate × (n × δW + (W + δW) × δn). Between commodities a leg
      offers the net of its periods, and n takes from them: E of each leg grows by ratio × δn.
    * A short option minimum moves by Σ|q short| × delta scaling factor × half a unit × x.

    Args:
        source: What was written.
        file: What it was written as.
        positions: Account and contract codes and quantity; no account holds a contract twice.
        before: The run on the source.
        after: The run on the file, which says which spreads it formed besides.
    """
    held = _held(source, half_array_units(file), positions)
    commodities = {commodity.code: commodity for commodity in source.commodities}
    bounds: dict[Row, Bounds] = {}
    figures = _figures(before)
    formed = _formed(before, after)
    for row, own in held.items():
        commodity = commodities[row[1]]
        bounds[row] = own
        if _may_change_scenario(figures[row], own):
            own.price = math.inf
        own.weighted = _weighted_bound(figures[row], own)
        _bound_charges(own, commodity, formed.get(row[0], {}), figures[row])
    for account in {account for account, _ in bounds}:
        _bound_credits(account, bounds, source, formed.get(account, {}), figures)
    return bounds


def _held(
    source: ParameterSet, units: Mapping[tuple[str, str, str], float], positions: pl.DataFrame
) -> dict[Row, Bounds]:
    """What follows from quantities alone."""
    products = pl.DataFrame(
        [
            (row, item.exchange, item.code, item.type, commodity.code, link.delta_scaling_factor,
             units[item.exchange, item.code, item.type], 10.0**commodity.risk_exponent)
            for commodity in source.commodities
            for link in commodity.product_links
            for row, item in enumerate(source.products)
            if (item.exchange, item.product_id) == (link.exchange, link.product_id)
        ],
        schema={"row": pl.Int32, "exchange": pl.String, "product": pl.String, "type": pl.String, "commodity": pl.String,
                "link": pl.Float64, "unit": pl.Float64, "money": pl.Float64},
        orient="row",
    )  # fmt: skip
    joined = positions.join(products, on=["exchange", "product", "type"], how="inner")
    assert joined.height == positions.height
    quantity = pl.col("quantity").abs()
    short = pl.when(pl.col("right").is_not_null() & (pl.col("quantity") < 0)).then(quantity).otherwise(0)
    sums = joined.group_by("account", "commodity").agg(
        arrays=(quantity * pl.col("unit") * pl.col("money")).sum(),
        deltas=(quantity * pl.col("link") * HALF_DELTA).sum(),
        minimum=(short * pl.col("link") * HALF_CHARGE * pl.col("money")).sum(),
    )
    return {
        (account, commodity): Bounds(arrays=arrays, deltas=deltas, price=2 * arrays, minimum=minimum)
        for account, commodity, arrays, deltas, minimum in sums.iter_rows()
    }


def _figures(run: MarginRun) -> dict[Row, dict]:
    """Each row of the commodities, core maintenance, with its account, its scan tiers and its periods' deltas."""
    accounts = run.accounts["account"]
    tiers = run.scan_tier_rows.group_by("commodity_index").agg("scenario_losses")
    deltas = run.period_rows.group_by("commodity_index").agg(pl.struct("period", "delta").alias("periods"))
    rows = run.commodity_rows.with_row_index("commodity_index").cast({"commodity_index": pl.Int64})
    rows = rows.filter(pl.col("class") == "CORE", pl.col("kind") == "maintenance").drop("scenario_losses")
    rows = rows.join(tiers, on="commodity_index", how="left").join(deltas, on="commodity_index", how="left")
    return {(accounts[row["account_index"]], row["commodity"]): row for row in rows.iter_rows(named=True)}


def _formed(before: MarginRun, after: MarginRun) -> dict[str, dict[tuple[str, int, str], float]]:
    """By account: number of spreads formed by kind, priority and commodity (of spreads inside one), in either run."""
    found: dict[str, dict[tuple[str, int, str], float]] = {}
    for run in (after, before):
        accounts = run.accounts["account"]
        seen: dict[tuple[str, tuple[str, int, str]], float] = {}
        for row in run.spread_rows.iter_rows(named=True):
            inside = row["kind"] == "intracommodity"
            key = row["kind"], row["priority"], row["legs"][0]["commodity"] if inside else ""
            place = accounts[row["account_index"]], key
            seen[place] = seen.get(place, 0.0) + row["number"]
        for (account, key), number in seen.items():
            found.setdefault(account, {})[key] = number
    return found


def _may_change_scenario(figures: Mapping, own: Bounds) -> bool:
    for losses in figures["scenario_losses"]:
        first, second = sorted(losses)[-1:-3:-1]
        if first - second <= 2 * own.arrays or first <= own.arrays:
            return True
    return False


def _weighted_bound(figures: Mapping, own: Bounds) -> float:
    delta = abs(figures["net_delta"])
    if delta <= own.deltas:
        return math.inf
    return (own.price + figures["weighted_futures_price_risk"] * own.deltas) / (delta - own.deltas)


def _bound_charges(
    own: Bounds, commodity: CombinedCommodity, formed: Mapping[tuple[str, int, str], float], figures: Mapping
) -> None:
    """Charges inside a commodity; each spread may form twice, once in either orientation."""
    money = 10.0**commodity.risk_exponent
    at_first = own.deltas
    for spread in sorted(commodity.spreads, key=lambda spread: (spread.legs[0].kind != "period", spread.priority)):
        number = formed.get(("intracommodity", spread.priority, commodity.code))
        if number is None:
            continue
        own.intracommodity += number * HALF_CHARGE * money
        ratios = [leg.ratio for leg in spread.legs]
        for _ in range(2):
            own.intracommodity += own.deltas / min(ratios) * (spread.rates[RATE] + HALF_CHARGE) * money
            own.deltas *= max(1.0, *((sum(ratios) - ratio) / ratio for ratio in ratios))
    deltas = {item["period"]: abs(item["delta"]) for item in figures["periods"]}
    for rate in commodity.spot_rates:
        if rate.period in deltas:
            moved = own.deltas * rate.outright_rate + (at_first + own.deltas) * rate.spread_rate
            all_moved = deltas[rate.period] + at_first + 2 * own.deltas
            own.delivery += (moved + all_moved * HALF_CHARGE) * money


def _bound_credits(
    account: str,
    bounds: Mapping[Row, Bounds],
    source: ParameterSet,
    formed: Mapping[tuple[str, int, str], float],
    figures: Mapping[Row, Mapping],
) -> None:
    """Credits between commodities, spread by spread; one that may form the other way round counts twice."""
    money = {commodity.code: 10.0**commodity.risk_exponent for commodity in source.commodities}
    for spread in sorted(source.spreads, key=lambda spread: spread.priority):
        number = formed.get((spread.kind, spread.priority, ""))
        if number is None:
            continue
        legs = [(leg, bounds[account, leg.commodity]) for leg in spread.legs]
        moved = max(own.deltas / leg.ratio for leg, own in legs)
        for _ in range(1 if number > moved else 2):
            moved = max(own.deltas / leg.ratio for leg, own in legs)
            for leg, own in legs:
                row = figures[account, leg.commodity]
                own.credit += _credit_bound(spread, leg.ratio, number, moved, row, own, money[leg.commodity])
            for leg, own in legs:
                own.deltas += leg.ratio * moved


def _credit_bound(
    spread: SpreadDefinition, ratio: float, number: float, moved: float, figures: Mapping, own: Bounds, money: float
) -> float:
    rate = abs(spread.rates[RATE])
    if spread.charge_method == "F":
        return (moved * rate + (number + moved) * HALF_FLAT_CREDIT) * money
    price_risk = figures["weighted_futures_price_risk"]
    of_risk = rate * ratio * (number * own.weighted + (price_risk + own.weighted) * moved)
    return of_risk + HALF_CREDIT_FRACTION * ratio * (number + moved) * (price_risk + own.weighted)
