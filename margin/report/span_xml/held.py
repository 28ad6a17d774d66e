"""The part of the risk parameters that a run's positions refer to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.parameters import CombinedCommodity, ParameterSet, SpreadDefinition, SpreadLeg
from margin.model.run import RunInputs
from margin.numeric.arrays import BoolArray, IntArray
from margin.write.parameters._spn.underlyings import underlying_rows

FamilyKey = tuple[str, str, str, str]
"""Clearing organisation, exchange, product id, type."""


@dataclass(frozen=True)
class Held:
    """The parameters that are held, and where their contracts stood.

    Attributes:
        parameters: The held part.
        rows: Row in the held contract frame by row in the whole one, −1 for contracts left out.
        products: Index of each held family by index in the whole set, −1 for families left out.
    """

    parameters: ParameterSet
    rows: IntArray
    products: IntArray


def held_part(inputs: RunInputs) -> Held:
    """Held commodities and contracts, with what they refer to and what their margin depends on.

    Contracts below held ones, legs of combinations and the contracts that business functions list stay. A commodity
    with spreads that count periods keeps all its contracts, because they are what is counted. Commodities that a
    scanning-based spread could merge with held ones stay with their contracts other than options. A run without
    positions keeps the first commodity, since a file must have one.
    """
    parameters = inputs.parameters
    codes = set(inputs.holdings["commodity"].unique().to_list()) or set(range(min(1, len(parameters.commodities))))
    merging = _possible_merges(parameters, codes)
    commodities = codes | merging | _homes(parameters, codes | merging)
    family = _FamilyIndex(parameters)
    kept = np.zeros(parameters.contracts.height, dtype=np.bool_)
    kept[inputs.holdings["contract"].to_numpy()] = True
    product = parameters.contracts["product"].to_numpy()
    for code in sorted(commodities):
        rows = np.isin(product, list(family.of(parameters.commodities[code])))
        if _counts_periods(parameters.commodities[code]):
            kept |= rows
        elif code in merging:
            kept |= rows & ~family.is_option[product]
    _keep_references(parameters, kept, family)
    families = {*product[kept].tolist()}
    for code in commodities:
        families |= family.of(parameters.commodities[code])
    return _restricted(parameters, kept, sorted(families), commodities)


class _FamilyIndex:
    """Finds product families by what links say of them."""

    def __init__(self, parameters: ParameterSet) -> None:
        self.places: dict[FamilyKey, int] = {
            (item.clearing_org, item.exchange, item.product_id, item.type): i
            for i, item in enumerate(parameters.products)
        }
        self.is_option: BoolArray = np.array(
            [item.is_option for item in parameters.products] or [False], dtype=np.bool_
        )

    def of(self, commodity: CombinedCommodity) -> set[int]:
        """Indexes of the families of a commodity."""
        keys = (
            (link.clearing_org or commodity.clearing_org, link.exchange, link.product_id, link.type)
            for link in commodity.product_links
        )
        return {self.places[key] for key in keys if key in self.places}


def _possible_merges(parameters: ParameterSet, codes: set[int]) -> set[int]:
    """Commodities that scanning-based spreads name together with held ones, directly or through others."""
    place = {(item.clearing_org, item.code): i for i, item in enumerate(parameters.commodities)}
    spreads = [
        {place[key] for key in _legs(spread) if key in place}
        for spread in parameters.spreads
        if spread.form == "scanning"
    ]
    found = set(codes)
    grew = True
    while grew:
        more = found.union(*(legs for legs in spreads if legs & found))
        grew = more != found
        found = more
    return found - codes


def _homes(parameters: ParameterSet, codes: Iterable[int]) -> set[int]:
    """Commodities of normal clearing whose families business functions link."""
    linked = {
        (link.clearing_org, link.exchange, link.product_id, link.type)
        for code in codes
        for link in parameters.commodities[code].product_links
        if link.clearing_org is not None
    }
    copies = {
        (item.normal_clearing_org, item.exchange, item.product_id, item.type)
        for item in parameters.products
        if item.normal_clearing_org is not None
        and any(parameters.commodities[code].clearing_org == item.clearing_org for code in codes)
    }
    return {
        i
        for i, commodity in enumerate(parameters.commodities)
        for link in commodity.product_links
        if link.clearing_org is None
        and (commodity.clearing_org, link.exchange, link.product_id, link.type) in linked | copies
    }


def _counts_periods(commodity: CombinedCommodity) -> bool:
    return any(leg.kind == "relative" for spread in commodity.spreads for leg in spread.legs)


def _keep_references(parameters: ParameterSet, kept: BoolArray, family: _FamilyIndex) -> None:
    """Keep what kept contracts refer to, until nothing is added."""
    below = underlying_rows(parameters)
    legs = parameters.combination_legs.drop_nulls("leg").select("contract", "leg").to_numpy()
    originals = _originals(parameters, family)
    before = -1
    while before != int(kept.sum()):
        before = int(kept.sum())
        for target in (below[kept], originals[kept], legs[kept[legs[:, 0]], 1] if len(legs) else below[:0]):
            kept[target[target >= 0]] = True


def _originals(parameters: ParameterSet, family: _FamilyIndex) -> IntArray:
    """Row of the contract that each contract of a business function's listing stands for, −1 for others."""
    home = [
        -1
        if item.normal_clearing_org is None
        else family.places.get((item.normal_clearing_org, item.exchange, item.product_id, item.type), -1)
        for item in parameters.products
    ]
    frame = parameters.contracts.select("product", "contract_id")
    if max(home, default=-1) < 0:
        return np.full(frame.height, -1, dtype=np.int64)
    known = frame.with_row_index("original").rename({"product": "home"}).unique(["home", "contract_id"], keep="first")
    wanted = frame.with_columns(home=pl.Series(home, dtype=pl.Int32).gather(frame["product"]))
    joined = wanted.join(known, on=["home", "contract_id"], how="left", maintain_order="left")
    found: IntArray = joined["original"].cast(pl.Int64).fill_null(-1).to_numpy()
    return found


def _restricted(parameters: ParameterSet, kept: BoolArray, families: list[int], commodities: set[int]) -> Held:
    rows = np.cumsum(kept) - 1
    rows[~kept] = -1
    products = np.full(len(parameters.products), -1, dtype=np.int64)
    products[families] = np.arange(len(families))
    items = tuple(parameters.commodities[code] for code in sorted(commodities))
    orgs = _needed_orgs(parameters, items, families)
    names = {(item.clearing_org, item.code) for item in items}
    part = replace(
        parameters,
        sources=tuple(source for source in parameters.sources if source.clearing_org in orgs),
        clearing_orgs=tuple(org for org in parameters.clearing_orgs if org.code in orgs),
        products=tuple(parameters.products[i] for i in families),
        contracts=_contracts(parameters, kept, rows, products),
        combination_legs=_combination_legs(parameters, kept, rows),
        arrays=MappingProxyType(
            {
                rate_id: replace(
                    arrays,
                    losses=arrays.losses[kept],
                    composite_delta=arrays.composite_delta[kept],
                    points=arrays.points[kept],
                    scan_ranges=arrays.scan_ranges.filter(pl.Series(kept)),
                    tick_values=None if arrays.tick_values is None else arrays.tick_values[kept],
                )
                for rate_id, arrays in parameters.arrays.items()
            }
        ),
        commodities=items,
        spreads=tuple(spread for spread in parameters.spreads if names.issuperset(_legs(spread))),
        house=None,
    )
    return Held(part, rows, products)


def _needed_orgs(parameters: ParameterSet, items: tuple[CombinedCommodity, ...], families: list[int]) -> set[str]:
    """Codes of the clearing organisations of what is kept; one that has no family cannot be written."""
    with_families = {parameters.products[i].clearing_org for i in families}
    codes = {item.clearing_org for item in items} | with_families
    return {
        org.code
        for org in parameters.clearing_orgs
        if org.code in codes and (org.business_function is not None or org.code in with_families)
    }


def _contracts(parameters: ParameterSet, kept: BoolArray, rows: IntArray, products: IntArray) -> pl.DataFrame:
    frame = parameters.contracts.filter(pl.Series(kept))
    below = frame["underlying_contract"].fill_null(-1).to_numpy()
    moved = pl.Series(np.where(below >= 0, rows[below], -1), dtype=pl.Int32)
    return frame.with_columns(
        pl.Series("product", products[frame["product"].to_numpy()], dtype=pl.Int32),
        moved.set(moved < 0, None).alias("underlying_contract"),
    )


def _combination_legs(parameters: ParameterSet, kept: BoolArray, rows: IntArray) -> pl.DataFrame:
    legs = parameters.combination_legs
    own = legs.filter(pl.Series(kept[legs["contract"].to_numpy()], dtype=pl.Boolean))
    place = pl.Series(rows, dtype=pl.Int32)
    return own.with_columns(place.gather(own["contract"]).alias("contract"), place.gather(own["leg"]).alias("leg"))


def _legs(spread: SpreadDefinition) -> set[tuple[str, str]]:
    """Clearing organisation and code of each leg's commodity."""

    def org(leg: SpreadLeg) -> str:
        return leg.clearing_org or spread.clearing_org

    return {(org(leg), leg.commodity) for leg in spread.legs}
