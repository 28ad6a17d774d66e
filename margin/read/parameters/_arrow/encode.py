"""A parameter set as a columnar file: objects in its header, frames and arrays in its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from margin.model.contract import COMBINATION_LEG_SCHEMA, CONTRACT_SCHEMA, SCAN_RANGE_SCHEMA, Product
from margin.model.house import HousePolicy
from margin.model.market import MarketSource
from margin.model.parameters import (
    AccountType,
    ClearingOrganisation,
    CombinedCommodity,
    Currency,
    ParameterSet,
    ParameterSource,
    SpreadDefinition,
)
from margin.model.pricing import PRICING_SCHEMA
from margin.model.problem import Problem
from margin.read.parameters._arrow.frames import write_frame
from margin.read.parameters._arrow.layout import Buffer, pack
from margin.read.parameters._arrow.objects import ObjectWriter, field_names

LISTS: dict[str, type] = {
    "sources": ParameterSource,
    "clearing_orgs": ClearingOrganisation,
    "currencies": Currency,
    "account_types": AccountType,
    "products": Product,
    "commodities": CombinedCommodity,
    "spreads": SpreadDefinition,
    "problems": Problem,
}
"""Fields of a parameter set that are tuples of objects."""

FRAMES: dict[str, pl.Schema] = {"contracts": CONTRACT_SCHEMA, "combination_legs": COMBINATION_LEG_SCHEMA}
"""Fields of a parameter set that are frames."""

DEFERRED = "deferred"
"""The block of the objects that are read when they are looked at."""

_ARRAYS: dict[str, np.dtype[Any]] = {
    "losses": np.dtype("<f8"),
    "composite_delta": np.dtype("<f8"),
    "points": np.dtype("<i4"),
}
_TICKS: dict[str, np.dtype[Any]] = {"tick_values": np.dtype("<f8")}

FIELDS = field_names([*LISTS.values(), HousePolicy, MarketSource])
"""Fields of every class that a file holds; a file with others is of another version."""


def encode(parameters: ParameterSet, about: Mapping[str, Any] | None = None) -> list[Buffer]:
    """The file in pieces.

    Args:
        parameters: The set; what was derived from it is not written.
        about: Added to the header.

    Raises:
        TypeError: It holds a value of a kind that is not read back the same.
        ValueError: Its arrays are still to be derived from market data.
        ValueError: It holds a number outside its arrays that is not finite, or text that is not Unicode.
    """
    if parameters.lacks_arrays:
        raise ValueError("it states how arrays are derived from market data, which only its own document can say")
    writer = ObjectWriter()
    blocks: dict[str, Buffer] = {}
    header: dict[str, Any] = {
        "about": dict(about or {}),
        "fields": FIELDS,
        "objects": {name: writer.values(getattr(parameters, name)) for name in LISTS},
        "overrides": list(parameters.overrides),
        "house": writer.values(() if parameters.house is None else (parameters.house,)),
        "shared": writer.shared,
        "market": writer.values(() if parameters.pricing is None else parameters.pricing.market),
        "frames": {},
        "rates": [],
    }
    for name, schema in FRAMES.items():
        header["frames"][name], blocks[name] = write_frame(getattr(parameters, name), schema)
    if parameters.pricing is not None:
        header["frames"]["pricing"], blocks["pricing"] = write_frame(parameters.pricing.frame, PRICING_SCHEMA)
    for number, (rate_id, rate) in enumerate(parameters.arrays.items()):
        stated, blocks[f"scan_ranges {number}"] = write_frame(rate.scan_ranges, SCAN_RANGE_SCHEMA)
        kinds = array_kinds(rate.tick_values is not None)
        shapes = {}
        for name, dtype in kinds.items():
            array = np.ascontiguousarray(getattr(rate, name), dtype=dtype)
            shapes[name], blocks[f"{name} {number}"] = list(array.shape), array.reshape(-1).view(np.uint8).data
        header["rates"].append({"rate_id": rate_id, "shapes": shapes, "scan_ranges": stated})
    return pack(header, blocks | {DEFERRED: bytes(writer.deferred)})


def array_kinds(has_ticks: bool) -> dict[str, np.dtype[Any]]:
    """Types of a rate's arrays by name, as they are stored."""
    return _ARRAYS | _TICKS if has_ticks else _ARRAYS
