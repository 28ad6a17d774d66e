"""Contracts that business functions list one by one (``bfSeries``, ``bfC``), with arrays of their own where given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.contract import SCAN_RANGE_SCHEMA
from margin.model.parameters import ClearingOrganisation, CombinedCommodity, RateArrays, RateId
from margin.model.problem import Reason
from margin.numeric.arrays import BoolArray, CodeArray, IntArray
from margin.read.parameters._spn.arrays import read_arrays
from margin.read.parameters._spn.bulk import Owners
from margin.read.parameters._spn.business_functions import Listing
from margin.read.parameters._spn.elements import ElementTable
from margin.read.parameters._spn.grids import NormalGrids, home_commodities
from margin.read.parameters._spn.lengths import fit_arrays
from margin.read.parameters._spn.products import Families
from margin.read.parameters._spn.reading import Reading, parse_period
from margin.read.parameters._spn.rows import ContractRows

LISTED_CONTRACT = "bfC"
LISTED_SERIES = "bfSeries"


@dataclass(frozen=True)
class ContractData:
    """Contracts, legs of combinations and arrays, as `ParameterSet` holds them."""

    contracts: pl.DataFrame
    legs: pl.DataFrame
    arrays: Mapping[RateId, RateArrays]


@dataclass(frozen=True)
class _Copies:
    """Contracts of normal clearing as business functions list them, one entry per listed contract.

    Attributes:
        home: Row of the contract in the contract frame.
        product: Index of the business function's own family.
        listed: Index of the element that lists it: a contract, or a series listed as a whole.
        line: Line of that element.
    """

    home: IntArray
    product: IntArray
    listed: IntArray
    line: IntArray


def listing_rows(table: ElementTable) -> frozenset[int]:
    """Rows of the elements that list contracts."""
    return frozenset(np.unique(table.parent[table.rows(LISTED_CONTRACT)]).tolist())


def add_listed_contracts(
    data: ContractData,
    listings: Sequence[Listing],
    normal: NormalGrids,
    orgs: Sequence[ClearingOrganisation],
    commodities: Sequence[CombinedCommodity],
    table: ElementTable,
    reading: Reading,
) -> ContractData:
    """Append the contracts that business functions list.

    A listed contract is its normal-clearing contract in every respect but its arrays and scan ranges, which it may
    bring for each rate id. Without a scan range of its own it has normal clearing's array; with one that differs
    it has none, because the array would not be the one for that range.

    Args:
        data: The contracts of normal clearing.
        listings: The families of business functions that list contracts.
        normal: The scenarios that the arrays of normal clearing are for.
        orgs: Business functions.
        commodities: Their commodities.
        table: The document.
        reading: Takes faults and warnings.
    """
    if not listings:
        return data
    families = normal.families
    found = _find(table, listings, reading)
    own = fit_arrays(read_arrays(found, reading), [*normal.orgs.values(), *orgs], commodities, families, found, reading)
    copies = _copies(data.contracts, found, listings, families, reading)
    contracts = data.contracts[copies.home].with_columns(
        pl.Series("product", copies.product, dtype=pl.Int32), pl.Series("line", copies.line, dtype=pl.Int32)
    )
    places = _Places(normal, {org.code: org for org in orgs}, home_commodities(commodities, families))
    home_family = {listing.copy: listing.home for listing in listings}
    arrays = {
        rate_id: _joined(
            data, own.get(rate_id), rate_id, copies, places.may_borrow(rate_id, copies.product, home_family)
        )
        for rate_id in dict.fromkeys([*data.arrays, *own])
    }
    return ContractData(
        contracts=pl.concat([data.contracts, contracts]),
        legs=pl.concat([data.legs, _legs(data, copies, families)]),
        arrays=MappingProxyType(arrays),
    )


def _find(table: ElementTable, listings: Sequence[Listing], reading: Reading) -> ContractRows:
    """Listed contracts, and as one entry each the series without contracts of their own."""
    family = np.full(len(table) + 1, -1, dtype=np.int32)
    family[[listing.row for listing in listings]] = [listing.copy for listing in listings]
    series = table.rows(LISTED_SERIES)
    series = series[family[table.parent[series]] >= 0]
    family[series] = family[table.parent[series]]
    contracts = table.rows(LISTED_CONTRACT)
    contracts = contracts[family[table.parent[contracts]] >= 0]
    whole = np.setdiff1d(series, table.parent[contracts])
    rows = np.sort(np.concatenate([contracts, whole]))
    owners = Owners(table, np.setdiff1d(series, whole), reading)
    product = np.where(np.isin(rows, whole), family[rows], family[table.parent[rows]])
    return ContractRows(
        contracts=Owners(table, rows, reading),
        series=owners,
        product=product.astype(np.int32),
        series_of=owners.index[table.parent[rows]],
    )


def _copies(
    contracts: pl.DataFrame, found: ContractRows, listings: Sequence[Listing], families: Families, reading: Reading
) -> _Copies:
    """Look up the normal-clearing contracts of everything that is listed; each may be listed once."""
    table = found.contracts.table
    is_series = np.array([table.name_of(row) == LISTED_SERIES for row in found.contracts.rows.tolist()], dtype=np.bool_)
    home_of = {listing.copy: listing.home for listing in listings}
    listed = pl.DataFrame(
        {
            "listed": np.arange(len(found.contracts)),
            "copy": found.product,
            "product": pl.Series([home_of[index] for index in found.product.tolist()], dtype=pl.Int32),
            "contract_id": _contract_ids(found.contracts, is_series),
            "period": _periods(found.contracts, is_series, reading),
            "underlying_contract": _underlying_rows(contracts, found, families),
            "line": table.lines(found.contracts.rows),
        }
    )
    known = contracts.with_row_index("home").select(
        pl.col("home").cast(pl.Int64), "product", "contract_id", "period", "underlying_contract"
    )
    one_by_one = listed.filter(pl.Series(~is_series)).drop("period", "underlying_contract")
    series = listed.filter(pl.Series(is_series)).drop("contract_id")
    with_underlying = series.filter(pl.col("underlying_contract").is_not_null())
    without = series.filter(pl.col("underlying_contract").is_null()).drop("underlying_contract")
    parts = [
        one_by_one.join(known, on=["product", "contract_id"], how="inner", maintain_order="left"),
        with_underlying.join(known, on=["product", "period", "underlying_contract"], how="inner"),
        without.join(known, on=["product", "period"], how="inner"),
    ]
    copies = pl.concat(part.select("home", "copy", "listed", "line") for part in parts).sort("listed", "home")
    _warn_of_unknown(listed.filter(~pl.col("listed").is_in(copies["listed"].implode())), families, reading)
    _refuse_repeated(copies, contracts, families, reading)
    return _Copies(*(copies[name].to_numpy().astype(np.int64) for name in ("home", "copy", "listed", "line")))


def _contract_ids(owners: Owners, is_series: BoolArray) -> pl.Series:
    ids = owners.texts("cId")
    owners.require("cId", ids.is_null().to_numpy() & ~is_series)
    return ids


def _periods(owners: Owners, is_series: BoolArray, reading: Reading) -> pl.Series:
    texts = owners.texts("pe")
    owners.require("pe", texts.is_null().to_numpy() & is_series)
    periods = [None if text is None else parse_period(text) for text in texts.to_list()]
    for i, (text, period) in enumerate(zip(texts.to_list(), periods, strict=True)):
        if text is not None and period is None:
            row = int(owners.rows[i])
            reading.faults.add(
                Reason.INVALID_VALUE,
                f"{owners.place(row)}/pe: found {text[:80]!r}, expected a period such as 202606; correct the file",
                line=owners.table.line_of(row),
            )
    return pl.Series(periods, dtype=pl.String)


def _underlying_rows(contracts: pl.DataFrame, found: ContractRows, families: Families) -> pl.Series:
    """Row of the underlying contract that a series states (``undC``), null without one."""
    table, rows = found.contracts.table, pl.Series([None] * len(found.contracts), dtype=pl.Int32)
    und_rows, owner = found.contracts.first("undC", repeatable=True)
    if not len(und_rows):
        return rows
    underlying = Owners(table, und_rows, found.contracts.reading)
    names = zip(*(underlying.texts(name).fill_null("").to_list() for name in ("exch", "pfId", "cId")), strict=True)
    row_of = {
        key: row
        for row, key in enumerate(zip(contracts["product"].to_list(), contracts["contract_id"].to_list(), strict=True))
    }
    values = rows.to_list()
    for own, (exchange, product_id, contract_id) in zip(owner.tolist(), names, strict=True):
        product = families.products[int(found.product[own])]
        home = next(
            index
            for index in families.by_id[product.normal_clearing_org or "", product.exchange, product.product_id]
            if families.products[index].type == product.type
        )
        family = families.underlying_of(home, exchange, product_id)
        values[own] = row_of.get((family, contract_id), -1)
    return pl.Series(values, dtype=pl.Int32)


def _warn_of_unknown(missing: pl.DataFrame, families: Families, reading: Reading) -> None:
    """One warning per family: what is listed there but not known to normal clearing."""
    for (index,), rows in missing.group_by("copy", maintain_order=True):
        product = families.products[int(str(index))]
        reading.warn(
            Reason.UNKNOWN_CONTRACT,
            f"business function {product.clearing_org} lists {rows.height:,} contracts or series of {product.type} "
            f"product family {product.code} that {product.normal_clearing_org} does not have; they are without effect",
            line=rows["line"][0],
            found=rows.height,
        )


def _refuse_repeated(copies: pl.DataFrame, contracts: pl.DataFrame, families: Families, reading: Reading) -> None:
    repeated = copies.filter(~pl.struct("home", "copy").is_first_distinct())
    reading.faults.count_unlisted(max(0, repeated.height - 50))
    for home, copy, _, line in repeated.head(50).iter_rows():
        product = families.products[copy]
        reading.faults.add(
            Reason.DUPLICATE_KEY,
            f"business function {product.clearing_org} lists contract {contracts['contract_id'][home]} of product "
            f"family {product.code} more than once, expected once; remove one",
            line=line,
            found=product.code,
        )


@dataclass(frozen=True)
class _Places:
    """Where listed contracts are margined, and whether arrays of normal clearing are for the same scenarios."""

    normal: NormalGrids
    orgs: Mapping[str, ClearingOrganisation]
    commodities: Mapping[int, CombinedCommodity]

    def may_borrow(self, rate_id: RateId, product: IntArray, home_family: Mapping[int, int]) -> BoolArray:
        """Whether each listed contract may have normal clearing's array, shape (contracts,)."""
        allowed = {}
        for index in np.unique(product).tolist():
            commodity = self.commodities.get(index)
            org = self.orgs[self.normal.families.products[index].clearing_org]
            allowed[index] = commodity is not None and self.normal.fit(home_family[index], rate_id, commodity, org)
        return np.array([allowed[index] for index in product.tolist()], dtype=np.bool_)


def _joined(
    data: ContractData, own: RateArrays | None, rate_id: RateId, copies: _Copies, may_borrow: BoolArray
) -> RateArrays:
    """The arrays of one rate id with those of the listed contracts below."""
    height, added = data.contracts.height, len(copies.home)
    normal = data.arrays.get(rate_id) or _no_arrays(height)
    listed = own or _no_arrays(int(copies.listed.max(initial=-1)) + 1)
    width = max(normal.losses.shape[1], listed.losses.shape[1])
    losses = np.zeros((height + added, width))
    losses[:height, : normal.losses.shape[1]] = normal.losses
    has_own = listed.points[copies.listed] > 0
    own_range, normal_range = listed.scan_ranges[copies.listed], normal.scan_ranges[copies.home]
    states_range = own_range.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy()
    borrows = ~has_own & may_borrow & (~states_range | _equal_rows(own_range, normal_range))
    for which, source, rows in ((has_own, listed, copies.listed), (borrows, normal, copies.home)):
        losses[height + np.flatnonzero(which), : source.losses.shape[1]] = source.losses[rows[which]]
    delta = np.select([has_own, borrows], [listed.composite_delta[copies.listed], normal.composite_delta[copies.home]])
    points = np.select([has_own, borrows], [listed.points[copies.listed], normal.points[copies.home]], 0)
    ranges = pl.select(
        pl.when(pl.Series(states_range)).then(own_range[name]).otherwise(normal_range[name]).alias(name)
        for name in SCAN_RANGE_SCHEMA
    )
    all_points: CodeArray = np.concatenate([normal.points, points]).astype(np.int32)
    return RateArrays(
        losses,
        np.concatenate([normal.composite_delta, delta]),
        all_points,
        pl.concat([normal.scan_ranges, ranges.cast(dict(SCAN_RANGE_SCHEMA))]),  # type: ignore[arg-type]
    )


def _equal_rows(one: pl.DataFrame, other: pl.DataFrame) -> BoolArray:
    equal = [one[name].eq_missing(other[name]) for name in SCAN_RANGE_SCHEMA]
    result: BoolArray = np.logical_and.reduce([column.to_numpy() for column in equal])
    return result


def _no_arrays(height: int) -> RateArrays:
    ranges = pl.DataFrame({name: [None] * height for name in SCAN_RANGE_SCHEMA}, schema=SCAN_RANGE_SCHEMA)
    return RateArrays(np.zeros((height, 0)), np.zeros(height), np.zeros(height, dtype=np.int32), ranges)


def _legs(data: ContractData, copies: _Copies, families: Families) -> pl.DataFrame:
    """Legs of listed combinations; a leg that the same business function lists is meant as listed there."""
    orgs = [families.products[index].clearing_org for index in copies.product.tolist()]
    start = data.contracts.height
    copy_of = {key: start + i for i, key in enumerate(zip(orgs, copies.home.tolist(), strict=True))}
    listed = pl.DataFrame(
        {
            "contract": pl.Series(copies.home, dtype=pl.Int32),
            "copy": pl.Series(np.arange(len(orgs)) + start, dtype=pl.Int32),
            "org": pl.Series(orgs, dtype=pl.String),
        }
    )
    legs = listed.join(data.legs, on="contract", how="inner", maintain_order="left_right")
    mapped = [copy_of.get((org, leg), leg) for org, leg in legs.select("org", "leg").iter_rows()]
    return legs.with_columns(pl.col("copy").alias("contract"), pl.Series("leg", mapped, dtype=pl.Int32)).select(
        data.legs.columns
    )
