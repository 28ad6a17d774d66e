"""Contracts as lines of text, one for each, made column by column."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from xml.sax.saxutils import escape

import numpy as np
import polars as pl

from margin.model.contract import OPTION_TYPES
from margin.model.parameters import ParameterSet, RateArrays
from margin.numeric.arrays import IntArray
from margin.write.parameters._spn.identifiers import Identifiers
from margin.write.parameters._spn.text import numbers, optional_elements
from margin.write.parameters._spn.underlyings import Underlyings

ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "PHY": "phy",
        "DEBT": "debt",
        "EQTY": "equity",
        "FUT": "fut",
        "FWD": "fwd",
        "CMB": "cmb",
        **dict.fromkeys(OPTION_TYPES, "opt"),
    }
)
"""Element of a contract by product type."""

_NUMBERS = {
    "k": "strike",
    "p": "price",
    "d": "current_delta",
    "v": "volatility",
    "cvf": "own_factor",
    "svf": "strike_value_factor",
    "val": "contract_value",
    "sc": "scale",
    "t": "time_to_expiry",
}
_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "phy": ("cId", "pe", "p", "d", "v", "cvf", "val", "sc"),
        "debt": ("cId", "isin", "pe", "p", "d", "v", "cvf", "val", "sc"),
        "equity": ("cId", "isin", "pe", "p", "d", "v", "cvf", "val", "sc"),
        "fut": ("cId", "pe", "p", "d", "v", "cvf", "val", "sc", "t", "undC"),
        "fwd": ("cId", "pe", "p", "d", "v", "cvf", "val", "sc", "t", "undC"),
        "cmb": ("cId", "pe", "p", "d", "v", "cvf", "val", "sc", "t", "undC"),
        "opt": ("cId", "o", "k", "p", "pq", "d", "v", "cvf", "svf", "val", "sc"),
    }
)
"""Elements of a contract before its scan ranges and arrays. Source: CME SPAN XML schema, ``Phy`` … ``Cmb``."""

_MUST_EXPIRE = frozenset({"fut", "fwd", "cmb"})

_SCAN_ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "priceScan": "price_scan",
        "priceScanPct": "price_scan_percent",
        "volScan": "volatility_scan",
        "volScanPct": "volatility_scan_percent",
        "priceScanDown": "price_scan_down",
        "priceScanDownPct": "price_scan_down_percent",
        "volScanDown": "volatility_scan_down",
        "volScanDownPct": "volatility_scan_down_percent",
    }
)


def has_place(type_: str, name: str) -> bool:
    """Whether a contract of this type has a place for an element; options have some in their series."""
    in_series = ELEMENTS[type_] == "opt" and name in ("t", "undC", "pe")
    return in_series or name in _FIELDS[ELEMENTS[type_]]


def contract_lines(
    parameters: ParameterSet,
    rows: IntArray,
    ids: Identifiers,
    family_factor: pl.Series,
    underlyings: Underlyings,
) -> tuple[pl.Series, pl.Series]:
    """The elements of some contracts, and what else the series of options say of each.

    Args:
        parameters: The contracts.
        rows: Rows of the contract frame.
        ids: Their ids.
        family_factor: Contract value factor that each product family states, null where it states none.
        underlyings: Writes references.

    Returns:
        Per contract its line, and for options the scan ranges that stand in front of their series' contracts;
        shape (rows,).
    """
    frame = parameters.contracts[rows].with_columns(
        id=ids.contracts.gather(rows),
        scale=pl.col("delta_scaling_factor").replace(1.0, None),
        own_factor=pl.when(
            pl.col("contract_value_factor").eq_missing(family_factor.gather(parameters.contracts["product"][rows]))
        )
        .then(None)
        .otherwise("contract_value_factor"),
    )
    types = pl.Series([product.type for product in parameters.products], dtype=pl.String)
    names = types.gather(frame["product"]).replace_strict(ELEMENTS, return_dtype=pl.String)
    scans = _scan_texts(parameters, rows)
    arrays = array_texts(parameters, rows)
    lines = pl.Series([""] * len(rows), dtype=pl.String)
    for name in names.unique(maintain_order=True):
        is_own = names == name
        own = np.flatnonzero(is_own.to_numpy())
        text = _fields(name, frame.filter(is_own), rows[own], underlyings)
        scan = pl.lit("") if name == "opt" else scans.filter(is_own)
        made = pl.select(pl.lit(f"<{name}>") + text + scan + arrays.filter(is_own) + pl.lit(f"</{name}>")).to_series()
        lines = made if len(own) == len(rows) else lines.scatter(own, made)
    return lines, scans


def _fields(name: str, frame: pl.DataFrame, rows: IntArray, underlyings: Underlyings) -> pl.Series:
    """Everything of contracts of one kind before scan ranges and arrays."""
    columns: dict[str, pl.Series] = {"cId": frame["id"], "o": frame["right"]}
    period = frame["period"].fill_null("")
    columns["pe"] = period.set(period == "", "000000" if name in _MUST_EXPIRE else None)
    columns["isin"] = pl.Series([""] * frame.height, dtype=pl.String)
    quality = [None if text is None else escape(text) for text in frame["price_quality"]]
    columns["pq"] = pl.Series(quality, dtype=pl.String)
    parts = []
    for field in _FIELDS[name]:
        if field == "undC":
            legs = name == "cmb"
            texts = (
                pl.Series([underlyings.legs(row) for row in rows.tolist()], dtype=pl.String)
                if legs
                else underlyings.contracts(rows)
            )
            parts.append(pl.lit(texts))
        else:
            source = _NUMBERS.get(field)
            texts = columns[field] if source is None else numbers(frame[source])
            if texts.null_count() < len(texts):
                parts.append(optional_elements(field, pl.lit(texts)))
    return pl.select(pl.concat_str(parts)).to_series()


def array_texts(parameters: ParameterSet, rows: IntArray) -> pl.Series:
    """The ``ra`` elements of some contracts, all rate ids one after the other; shape (rows,)."""
    texts = [_arrays_of_rate(rate_id, arrays, rows) for rate_id, arrays in parameters.arrays.items()]
    if not texts:
        return pl.Series([""] * len(rows), dtype=pl.String)
    return texts[0] if len(texts) == 1 else pl.select(pl.concat_str([pl.lit(one) for one in texts])).to_series()


def _arrays_of_rate(rate_id: str, arrays: RateArrays, rows: IntArray) -> pl.Series:
    points = arrays.points[rows]
    result = pl.Series([""] * len(rows), dtype=pl.String)
    for size in np.unique(points[points > 0]).tolist():
        own = np.flatnonzero(points == size)
        values = numbers(pl.Series(arrays.losses[rows[own], :size].ravel())).reshape((len(own), size))
        losses = values.arr.join("</a><a>")
        deltas = numbers(pl.Series(arrays.composite_delta[rows[own]]))
        head = pl.lit(f"<ra><r>{rate_id}</r><a>")
        made = pl.select(head + pl.lit(losses) + "</a><d>" + pl.lit(deltas) + "</d></ra>").to_series()
        result = made if len(own) == len(rows) else result.scatter(own, made)
    return result


def _scan_texts(parameters: ParameterSet, rows: IntArray) -> pl.Series:
    """The ``scanRate`` elements of some contracts; empty where nothing is stated."""
    texts = [scan_texts_of_rate(rate_id, arrays.scan_ranges[rows]) for rate_id, arrays in parameters.arrays.items()]
    if not texts:
        return pl.Series([""] * len(rows), dtype=pl.String)
    return pl.select(pl.concat_str([pl.lit(one) for one in texts])).to_series()


def scan_texts_of_rate(rate_id: str, ranges: pl.DataFrame) -> pl.Series:
    """The ``scanRate`` element of each row of a frame of scan ranges; empty where nothing is stated."""
    parts = [
        optional_elements(name, pl.lit(numbers(ranges[column])))
        for name, column in _SCAN_ELEMENTS.items()
        if ranges[column].null_count() < ranges.height
    ]
    quoted = ranges["quote_in_option_terms"]
    if quoted.null_count() < len(quoted):
        parts.append(optional_elements("quoteInOptTerms", pl.lit(quoted.cast(pl.Int8).cast(pl.String))))
    if not parts:
        return pl.Series([""] * ranges.height, dtype=pl.String)
    inside = pl.select(pl.concat_str(parts)).to_series()
    full = pl.lit(f"<scanRate><r>{rate_id}</r>") + pl.lit(inside) + pl.lit("</scanRate>")
    return pl.select(pl.when(pl.lit(inside) != "").then(full).otherwise(pl.lit(""))).to_series()
