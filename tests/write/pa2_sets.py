"""Small parameter sets for tests of the expanded unpacked format, and fields of its lines sliced by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from margin.model.contract import COMBINATION_LEG_SCHEMA, CONTRACT_SCHEMA, SCAN_RANGE_SCHEMA, Product
from margin.model.parameters import (
    ClearingOrganisation,
    CombinedCommodity,
    ParameterSet,
    ParameterSource,
    ProductLink,
    RateArrays,
    SpreadDefinition,
)

RATE = "1"
ORG = "CME"


def product(exchange: str, code: str, type_: str, **facts: Any) -> Product:
    """A product family whose id is its code."""
    stated = {"currency": "USD", "value_method": "EQTY" if type_.startswith("OO") else "FUT", **facts}
    return Product(clearing_org=ORG, exchange=exchange, product_id=code, code=code, type=type_, **stated)


def links(*products: Product, **facts: Any) -> tuple[ProductLink, ...]:
    """Membership of some families in a commodity."""
    return tuple(ProductLink(one.exchange, one.product_id, one.code, one.type, **facts) for one in products)


def contracts(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A contract frame; what a row does not name is missing, a delta scaling factor 1."""
    names = CONTRACT_SCHEMA.names()
    neutral = {"underlying_period": "", "delta_scaling_factor": 1.0}
    full = [{**dict.fromkeys(names), **neutral, **{key: row[key] for key in row if key in names}} for row in rows]
    return pl.DataFrame(full, schema=CONTRACT_SCHEMA)


def arrays(rows: Sequence[Mapping[str, Any]]) -> RateArrays:
    """Arrays of the same rows: ``losses`` of 16 scenarios or none, ``delta``, and scan ranges."""
    losses = [list(row.get("losses") or ()) for row in rows]
    ranges = [{name: row.get(name) for name in SCAN_RANGE_SCHEMA} for row in rows]
    return RateArrays(
        losses=np.array([own + [0.0] * (16 - len(own)) for own in losses], dtype=np.float64).reshape(-1, 16),
        composite_delta=np.array([row.get("delta", 1.0) if row.get("losses") else 0.0 for row in rows]),
        points=np.array([len(own) for own in losses], dtype=np.int32),
        scan_ranges=pl.DataFrame(ranges, schema=SCAN_RANGE_SCHEMA),
    )


def parameter_set(
    products: Sequence[Product],
    rows: Sequence[Mapping[str, Any]],
    commodities: Sequence[CombinedCommodity],
    spreads: Sequence[SpreadDefinition] = (),
    **facts: Any,
) -> ParameterSet:
    """A set of one clearing organisation and one rate id; `facts` are the organisation's."""
    organisation = ClearingOrganisation(**{"code": ORG, "business_date": "2025-06-20", **facts})
    source = ParameterSource("made.spn", "", "spn", ORG, organisation.business_date, "settlement", "202506201407")
    return ParameterSet(
        sources=(source,),
        clearing_orgs=(organisation,),
        currencies=(),
        account_types=(),
        products=tuple(products),
        contracts=contracts(rows),
        combination_legs=pl.DataFrame(schema=COMBINATION_LEG_SCHEMA),
        arrays={RATE: arrays(rows)},
        commodities=tuple(commodities),
        spreads=tuple(spreads),
    )


def columns(line: str, first: int, last: int) -> str:
    """Columns of a line, counted from 1, both ends included."""
    return line.ljust(last)[first - 1 : last]
