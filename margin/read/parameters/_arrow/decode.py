"""A columnar file as the parameter set it was written from."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from margin.model.contract import SCAN_RANGE_SCHEMA
from margin.model.house import HousePolicy
from margin.model.market import MarketSource
from margin.model.parameters import ParameterSet, RateArrays
from margin.model.pricing import PRICING_SCHEMA, ContractPricing
from margin.read.parameters._arrow.encode import DEFERRED, FIELDS, FRAMES, LISTS, array_kinds
from margin.read.parameters._arrow.frames import read_frame
from margin.read.parameters._arrow.layout import Damaged, OtherVersion, unpack
from margin.read.parameters._arrow.objects import ObjectReader

# What Python and polars raise on content whose parts have their digests but do not fit one another.
_NOT_FITTING = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    OSError,
)


def decode(content: bytes) -> tuple[ParameterSet, dict[str, Any]]:
    """The parameter set, and what was added to the header.

    Arrays are views of the content, which cannot be written to.

    Raises:
        Damaged: The content is not as it was written, or was written for another version.
    """
    try:
        header, blocks = unpack(content)
        if header.get("fields") != FIELDS:
            raise OtherVersion("it has other fields than this version of margin reads")
        return _parameters(header, blocks), dict(header["about"])
    except Damaged:
        raise
    except _NOT_FITTING as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise Damaged(f"its parts do not fit one another ({reason})") from error


def _parameters(header: dict[str, Any], blocks: dict[str, memoryview]) -> ParameterSet:
    reader = ObjectReader(header["shared"], blocks[DEFERRED])
    objects: dict[str, Any] = {name: reader.values(cls, header["objects"][name]) for name, cls in LISTS.items()}
    frames: dict[str, Any] = {
        name: read_frame(header["frames"][name], blocks[name], schema) for name, schema in FRAMES.items()
    }
    rows = frames["contracts"].height
    rates = {stated["rate_id"]: _rate(stated, blocks, number, rows) for number, stated in enumerate(header["rates"])}
    house = reader.values(HousePolicy, header["house"])
    pricing = None
    if "pricing" in header["frames"]:
        frame = read_frame(header["frames"]["pricing"], blocks["pricing"], PRICING_SCHEMA)
        if frame.height != rows:
            raise Damaged(f"there are prices of {frame.height:,} contracts, and {rows:,} contracts")
        pricing = ContractPricing(frame, reader.values(MarketSource, header["market"]))
    return ParameterSet(
        **objects,
        **frames,
        arrays=MappingProxyType(rates),
        house=house[0] if house else None,
        pricing=pricing,
        overrides=tuple(map(str, header["overrides"])),
    )


def _rate(stated: dict[str, Any], blocks: dict[str, memoryview], number: int, rows: int) -> RateArrays:
    shapes = stated["shapes"]
    arrays: dict[str, Any] = {}
    for name, dtype in array_kinds("tick_values" in shapes).items():
        block, shape = blocks[f"{name} {number}"], shapes[name]
        if len(shape) != (2 if name == "losses" else 1) or shape[0] != rows or min(shape) < 0:
            raise Damaged(f"{name} have shape {shape}, expected one row for each of {rows:,} contracts")
        if math.prod(shape) * dtype.itemsize != len(block):
            raise Damaged(f"{name} of shape {shape} have {len(block):,} bytes")
        arrays[name] = np.frombuffer(block, dtype).reshape(shape)
    scan_ranges = read_frame(stated["scan_ranges"], blocks[f"scan_ranges {number}"], SCAN_RANGE_SCHEMA)
    if scan_ranges.height != rows:
        raise Damaged(f"there are {scan_ranges.height:,} scan ranges for {rows:,} contracts")
    return RateArrays(scan_ranges=scan_ranges, **arrays)
