"""What is written: one clearing organisation's parameters on one rate id; what else a set holds is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from margin.model.contract import SCAN_RANGE_SCHEMA, Product
from margin.model.parameters import (
    ClearingOrganisation,
    CombinedCommodity,
    ParameterSet,
    ProductLink,
    RateArrays,
    RateId,
    UnsupportedElement,
)
from margin.model.scenario import ScenarioGrid, standard_grid
from margin.write.parameters._pa2.limits import OTHER_FORMAT, WRITE_ANOTHER, Limits

POINTS = 16
_CORE = "CORE"
_TYPES = frozenset({"PHY", "FUT", "CMB", "OOP", "OOF", "OOC", "OOE", "FWD"})


@dataclass(frozen=True)
class Subject:
    """One clearing organisation's parameters, as one file holds them.

    Attributes:
        parameters: The set.
        organisation: Its clearing organisation.
        rate_id: The rate id whose arrays and rates are written.
        arrays: Its arrays.
        limits: Takes what cannot be said.
    """

    parameters: ParameterSet
    organisation: ClearingOrganisation
    rate_id: RateId
    arrays: RateArrays
    limits: Limits

    @cached_property
    def product_rows(self) -> Mapping[tuple[str, str, str], int]:
        """Row of each product family by exchange, id and type."""
        return {
            (product.exchange, product.product_id, product.type): row
            for row, product in enumerate(self.parameters.products)
        }

    @cached_property
    def links(self) -> Mapping[int, tuple[CombinedCommodity, ProductLink]]:
        """Commodity and link of each product row that belongs to one."""
        return {
            row: (commodity, link)
            for commodity in self.parameters.commodities
            for link, row in self.products_of(commodity)
        }

    def products_of(self, commodity: CombinedCommodity) -> list[tuple[ProductLink, int]]:
        """Links of a commodity with their product rows; links to families that are not there have no effect."""
        rows = self.product_rows
        found = [(link, rows.get((link.exchange, link.product_id, link.type))) for link in commodity.product_links]
        return [(link, row) for link, row in found if row is not None]

    def grid_of(self, commodity: CombinedCommodity | None) -> ScenarioGrid:
        """The scenarios of a commodity: its own, the organisation's, or the standard 16."""
        for grids in (commodity.grids if commodity else {}, self.organisation.grids):
            if self.rate_id in grids:
                return grids[self.rate_id]
            if len(grids) == 1:
                return next(iter(grids.values()))
        return standard_grid()


def choose(parameters: ParameterSet) -> Subject:
    """What of a parameter set is written, refusals of the set as a whole noted.

    The rate id is the one with arrays of its own; others must follow from it by adjustment.
    """
    limits = Limits(parameters.sources[0].path if parameters.sources else None)
    _note_house(parameters, limits)
    organisation = _organisation(parameters, limits)
    rate_id = _rate_id(parameters, organisation, limits)
    subject = Subject(
        parameters=parameters,
        organisation=organisation,
        rate_id=rate_id,
        arrays=parameters.arrays.get(rate_id) or _no_arrays(parameters.contracts.height),
        limits=limits,
    )
    _refuse_arrays(subject)
    _refuse_grids(subject)
    _refuse_products(subject)
    return subject


def refuse_elements(elements: tuple[UnsupportedElement, ...], limits: Limits) -> None:
    """Elements that change a figure and that no record has a place for."""
    for element in elements:
        limits.refuse(element.path, element.value, "no record has a place for it", WRITE_ANOTHER, line=element.line)


def _note_house(parameters: ParameterSet, limits: Limits) -> None:
    if parameters.house is not None:
        limits.note(
            "house",
            "the house policy that came with the parameters is not part of a .pa2; name it with --house when "
            "calculating with the new file",
        )


def _organisation(parameters: ParameterSet, limits: Limits) -> ClearingOrganisation:
    organisations = parameters.clearing_orgs
    if len(organisations) > 1:
        limits.refuse(
            "clearingOrg", ", ".join(org.code for org in organisations), "it holds one clearing organisation",
            "write one file for each, from parameters that hold one",
        )  # fmt: skip
    for org in organisations:
        if org.business_function is not None:
            limits.refuse(
                f"businessFunction[{org.code}]", org.business_function, "it holds normal clearing only",
                f"take the business function out, {OTHER_FORMAT}",
            )  # fmt: skip
    first = organisations[0]
    refuse_elements(first.unsupported, limits)
    if not first.is_net_margin or any(
        kind.code in "HMS" and not kind.is_net_margin for kind in parameters.account_types
    ):
        limits.refuse(
            "isNetMargin", "0", "accounts of types M, H and S are margined net by it",
            f"name the gross accounts in the position file instead, {OTHER_FORMAT}",
        )  # fmt: skip
    if not first.customer_use_long_option_value:
        limits.refuse("clearingOrg/custUseLov", "0", "no record has a place for it", WRITE_ANOTHER)
    return first


def _rate_id(parameters: ParameterSet, organisation: ClearingOrganisation, limits: Limits) -> RateId:
    with_arrays = [rate_id for rate_id, arrays in parameters.arrays.items() if np.any(arrays.points > 0)]
    if len(with_arrays) > 1:
        limits.refuse(
            "ra/r", ", ".join(with_arrays), "it holds the arrays of one rate id",
            "keep the arrays of the maintenance rate, and let the others follow from it by adjRate",
        )  # fmt: skip
    maintenance = [rate.rate_id for rate in organisation.rates if rate.is_maintenance and rate.bond_class == _CORE]
    chosen = [rate_id for rate_id in maintenance if rate_id in with_arrays] + with_arrays + maintenance
    for bond_class in sorted({rate.bond_class for rate in organisation.rates} - {_CORE}):
        limits.refuse(
            "pbRateDef/pbc", bond_class, "it holds one performance-bond class, core",
            f"take rates of other classes out, {OTHER_FORMAT}",
        )  # fmt: skip
    return next(iter([*chosen, *parameters.arrays]), "1")


def _no_arrays(rows: int) -> RateArrays:
    ranges = pl.DataFrame({name: [None] * rows for name in SCAN_RANGE_SCHEMA}, schema=SCAN_RANGE_SCHEMA)
    return RateArrays(np.zeros((rows, POINTS)), np.zeros(rows), np.zeros(rows, dtype=np.int32), ranges)


def _refuse_arrays(subject: Subject) -> None:
    arrays, limits = subject.arrays, subject.limits
    unusual = np.flatnonzero((arrays.points != 0) & (arrays.points != POINTS))
    if len(unusual):
        limits.refuse(
            "ra", int(arrays.points[unusual[0]]), f"it has {POINTS} scenarios for every contract", WRITE_ANOTHER,
            line=subject.parameters.contracts["line"][int(unusual[0])], number=len(unusual),
        )  # fmt: skip
    ticks = arrays.tick_values
    if ticks is not None and not np.all(np.isnan(ticks)):
        limits.refuse(
            "ra", "ticks", "its losses are money",
            f"convert the losses of {int(np.sum(~np.isnan(ticks))):,} contracts to money, {OTHER_FORMAT}",
        )  # fmt: skip


def _refuse_grids(subject: Subject) -> None:
    """Grids other than the standard one, its extreme move and its cover apart."""
    seen: list[ScenarioGrid] = []
    for commodity in subject.parameters.commodities:
        grid = subject.grid_of(commodity)
        if grid in seen:
            continue
        seen.append(grid)
        if not is_standard(grid):
            subject.limits.refuse(
                f"ccDef[{commodity.code}]/pointDef", f"{len(grid)} scenarios",
                f"its {POINTS} scenarios are the standard ones, but for the extreme move and its cover",
                WRITE_ANOTHER, line=commodity.line,
            )  # fmt: skip


def is_standard(grid: ScenarioGrid) -> bool:
    """Whether a grid's scenarios are the standard 16, with any extreme move and cover."""
    if len(grid) != POINTS:
        return False
    extreme = grid.points[14]
    expected = standard_grid(extreme.price_move, extreme.weight).points
    return all(
        (one.number, one.paired_point or one.number, one.price_move_kind)
        == (other.number, other.paired_point, other.price_move_kind)
        and np.allclose(
            (one.price_move, one.volatility_move, one.weight),
            (other.price_move, other.volatility_move, other.weight),
            rtol=0.0,
            atol=1e-6,
        )
        for one, other in zip(grid.points, expected, strict=True)
    )


def _refuse_products(subject: Subject) -> None:
    """Families that the format has no type for, or that it could not tell apart."""
    products, limits = subject.parameters.products, subject.limits
    first: dict[tuple[str, str, str], Product] = {}
    for product in products:
        place = f"exchange[{product.exchange}]/{product.type}[{product.code}]"
        if product.type not in _TYPES:
            limits.refuse(
                place, product.type, f"its product types are {', '.join(sorted(_TYPES))}",
                f"take the product out, {OTHER_FORMAT}", line=product.line,
            )  # fmt: skip
        key = (product.exchange, product.code, product.type)
        if key in first:
            limits.refuse(
                place, product.code, "products are told apart by exchange, code and type, and two share theirs",
                "give one of them another code", line=product.line,
            )  # fmt: skip
        first.setdefault(key, product)
