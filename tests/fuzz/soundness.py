"""What must hold of anything a reader accepts, and of anything it refuses."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import margin
from margin.model.house import HousePolicy
from margin.model.parameters import ParameterSet
from margin.model.position import CONTRACT_PARTS, POSITION_SCHEMA, PositionBook
from margin.model.price_history import HISTORY_SCHEMA, PriceHistory
from margin.model.problem import LISTED_PROBLEMS, InputRefused
from margin.model.scan_range import RuleBook
from margin.read.market._input import MarketRead

_LONGEST_MESSAGE = 4_000
_MARGINED_CONTRACTS = 6


def assert_refused_well(refused: InputRefused, path: Path) -> None:
    """Every problem has words and names a file; all are counted, and no more than the first thousand listed."""
    assert 0 < len(refused.problems) <= LISTED_PROBLEMS
    assert len(refused.problems) <= refused.total
    for problem in refused.problems:
        assert problem.message.strip()
        assert len(problem.message) <= _LONGEST_MESSAGE
        assert problem.file, problem
        assert Path(problem.file).parent == path.parent or "configs" in problem.file, problem
        assert problem.line is None or problem.line >= 1
        json.dumps(problem.to_dict(), allow_nan=False)


def assert_sound(read: ParameterSet | PositionBook | MarketRead | HousePolicy | PriceHistory | RuleBook) -> None:
    """No number that is accepted is infinite or undefined where it means something."""
    if isinstance(read, PositionBook):
        _assert_sound_positions(read)
    elif isinstance(read, ParameterSet):
        _assert_sound_parameters(read)
    elif isinstance(read, MarketRead):
        _assert_sound_market(read)
    elif isinstance(read, PriceHistory):
        assert read.frame.schema == HISTORY_SCHEMA
        assert read.frame.select("underlying", "date", "price").null_count().sum_horizontal().item() == 0
        _assert_finite(read.frame)
    else:
        assert all(math.isfinite(number) for number in _numbers(read)), read


def _assert_sound_positions(book: PositionBook) -> None:
    for part in book.parts:
        frame = part.frame
        assert part.source.rows == frame.height
        assert frame["account"].null_count() == 0
        _assert_finite(frame.select(name for name in POSITION_SCHEMA if name in frame.columns))
        sides = [name for name in ("quantity", "long", "short") if name in frame.columns]
        assert frame.select(pl.any_horizontal(pl.col(sides).is_not_null())).to_series().all()
        for name in ("long", "short"):
            assert name not in sides or (frame[name].drop_nulls() >= 0).all()
        lines = [part.line_of(row) for row in range(frame.height)]
        assert lines == sorted(lines, key=lambda line: line or 0)
    _assert_finite(book.balances)


def _assert_sound_market(read: MarketRead) -> None:
    assert read.source.rows == sum(frame.height for frame in read.frames.values())
    for frame in read.frames.values():
        _assert_finite(frame)
    points, svi = read.frames["volatility"], read.frames["svi"]
    assert (points["volatility"] > 0).all()
    assert ((svi["sigma"] > 0) & (svi["b"] >= 0) & svi["rho"].is_between(-1, 1)).all()


def _assert_finite(frame: pl.DataFrame) -> None:
    for column in frame.iter_columns():
        if column.dtype.is_float():
            assert column.drop_nulls().is_finite().all(), column.name


def _assert_sound_parameters(parameters: ParameterSet) -> None:
    _assert_finite(parameters.contracts)
    _assert_finite(parameters.combination_legs)
    assert parameters.clearing_orgs
    rows = parameters.contracts.height
    assert (parameters.contracts["product"].is_between(0, max(0, len(parameters.products) - 1))).all()
    assert (parameters.contracts["underlying_contract"].drop_nulls().is_between(0, max(0, rows - 1))).all()
    for arrays in parameters.arrays.values():
        assert arrays.losses.shape[0] == rows == len(arrays.composite_delta) == len(arrays.points)
        assert np.isfinite(arrays.losses).all()
        assert np.isfinite(arrays.composite_delta).all()
        assert (arrays.points >= 0).all()
        assert (arrays.points <= arrays.losses.shape[1]).all()
        _assert_finite(arrays.scan_ranges)
        assert arrays.tick_values is None or not np.isinf(arrays.tick_values).any()
    rest = (parameters.clearing_orgs, parameters.products, parameters.commodities, parameters.spreads, parameters.house)
    assert all(math.isfinite(number) for number in _numbers(rest))


def _numbers(value: Any) -> Iterator[float]:
    """Every number inside a value."""
    if isinstance(value, float):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _numbers(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield from value.ravel().tolist()


def calculated(parameters: ParameterSet, folder: Path) -> str:
    """The report of a small book of some of the contracts, as JSON without infinite or undefined numbers.

    Raises:
        InputRefused: The parameters cannot margin the book.
    """
    path = folder / "fuzzed-book.csv"
    path.write_text(_book_of(parameters), "utf-8")
    run = margin.calculate(parameters, margin.read_positions(path, input_format="csv"), threads=1)
    return json.dumps(run.to_dict(), allow_nan=False)


def _book_of(parameters: ParameterSet) -> str:
    """Positions in the first contracts and an unknown one, of the first account type, as CSV."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    kind = next((item.code for item in parameters.account_types if item.is_net_margin), "S")
    table.writerow(["account", "account_type", "clearing_org", *CONTRACT_PARTS, "quantity"])
    for place, row in enumerate(parameters.contracts.head(_MARGINED_CONTRACTS).iter_rows(named=True)):
        product = parameters.products[row["product"]]
        expiry = row["period"] or "00000000"
        parts = [product.exchange, product.code, product.type, expiry, row["underlying_period"] or ""]
        right = [row["right"] or "", "" if row["strike"] is None else repr(row["strike"])]
        table.writerow(["A", kind, product.clearing_org, *parts, *right, 2 - 3 * (place % 2)])
    table.writerow(["B", kind, "", "X", "X", "FUT", "202601", "", "", "", 1])
    return out.getvalue()
