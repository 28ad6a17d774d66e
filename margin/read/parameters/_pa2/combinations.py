"""Combinations and their legs (records X, Y and Z)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from margin.model.contract import COMBINATION_LEG_SCHEMA, NO_PERIOD
from margin.model.parameters import UnsupportedElement
from margin.model.problem import Reason
from margin.read.parameters._pa2.commodities import COMBINATION_METHODS
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.products import PricedProduct, ProductKey
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.record import Record

_COMBINATION = "CMB"
_SIDES = MappingProxyType({"A": "A", "B": "B"})

ContractKey = tuple[str, str, str, str]
"""Exchange, product, type, period of a contract that is no option."""


def read_methods(file: RecordFile) -> dict[str, str]:
    """Method of each combination product, by product code (record X)."""
    methods: dict[str, str] = {}
    for record in file.records("X"):
        product = record.require_text("product")
        method = record.one_of("method", COMBINATION_METHODS)
        if method is not None:
            methods[product] = method
    return methods


def unsupported_offsets(file: RecordFile) -> dict[str, UnsupportedElement]:
    """Price offsets by code of the combination product, and of the options on it (records X and Y).

    They are to be subtracted from prices and strikes, how exactly is not published.
    """
    offsets: dict[str, UnsupportedElement] = {}
    for record in file.records("X"):
        offset = record.digits("price_offset")
        if offset:
            product = record.text("product")
            offsets[product] = UnsupportedElement(f"record X {product} price_offset", str(offset), record.line)
    for record in file.records("Y"):
        option, combination = record.require_text("option"), record.require_text("combination")
        if combination in offsets:
            offsets[option] = offsets[combination]
    return offsets


def read_legs(
    file: RecordFile, contracts: pl.DataFrame, products: Mapping[ProductKey, PricedProduct], reading: Reading
) -> tuple[pl.DataFrame, dict[ProductKey, UnsupportedElement]]:
    """Legs of combinations.

    Returns:
        Frame with `COMBINATION_LEG_SCHEMA`, whose leg is null where the file has no such contract; and the
        combination products with fractional legs, which are not published well enough to be used.
    """
    records = list(file.records("Z"))
    if not records:
        return pl.DataFrame(schema=COMBINATION_LEG_SCHEMA), {}
    rows = _contract_rows(contracts, products)
    legs: list[tuple[int, int | None, float, str | None, float | None]] = []
    fractional: dict[ProductKey, UnsupportedElement] = {}
    unknown: list[tuple[int, ContractKey]] = []
    for record in records:
        record.check()
        key, leg = _keys(record)
        if record.digits("fractional_ratio"):
            name = f"record Z {key[1]} fractional_ratio"
            fractional.setdefault(
                key[:3], UnsupportedElement(name, str(record.digits("fractional_ratio")), record.line)
            )
        row = rows.get(key)
        if row is None:
            unknown.append((record.line, key))
            continue
        legs.append((row, _leg_row(leg, rows), _signed_ratio(record), record.text("price_flag") or None, None))
    if unknown:
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"record Z: {len(unknown):,} leg(s) of combinations that the file has no records 81 to 84 of, such as "
            f"{' '.join(unknown[0][1])}; they are without effect",
            line=unknown[0][0],
            found=len(unknown),
        )
    return pl.DataFrame(legs, schema=COMBINATION_LEG_SCHEMA, orient="row"), fractional


def _keys(record: Record) -> tuple[ContractKey, ContractKey]:
    """The combination and its leg; a leg's exchange is not stated."""
    exchange = record.require_text("exchange")
    own = (exchange, record.require_text("product"), _COMBINATION, record.period("month", "day") or NO_PERIOD)
    leg_period = record.period("leg_month", "leg_day") or NO_PERIOD
    return own, (exchange, record.require_text("leg_product"), record.require_text("leg_type"), leg_period)


def _signed_ratio(record: Record) -> float:
    if not record.text("side"):
        record.missing("side", "A or B")
    ratio = record.require_number("ratio")
    return -ratio if record.one_of("side", _SIDES) == "B" else ratio


def _contract_rows(contracts: pl.DataFrame, products: Mapping[ProductKey, PricedProduct]) -> dict[ContractKey, int]:
    """Rows of the contracts that are no options, by their key."""
    keys = list(products)
    plain = [place for place, item in enumerate(products.values()) if not item.product.is_option]
    frame = contracts.with_row_index("row").filter(pl.col("product").is_in(plain)).select("row", "product", "period")
    return {(*keys[product], period): row for row, product, period in frame.iter_rows()}


def _leg_row(leg: ContractKey, rows: Mapping[ContractKey, int]) -> int | None:
    """Row of a leg: on the combination's exchange, or on the only other one that has it."""
    if leg in rows:
        return rows[leg]
    elsewhere = [row for key, row in rows.items() if key[1:] == leg[1:]]
    return elsewhere[0] if len(elsewhere) == 1 else None
