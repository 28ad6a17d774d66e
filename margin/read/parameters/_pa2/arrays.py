"""Scenario losses, prices and deltas of all contracts, read column by column (records 81 to 84)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.read.parameters._pa2.columns import ColumnFaults, Columns, chunk_bounds, line_matrix
from margin.read.parameters._pa2.digits import signed_cells
from margin.read.parameters._pa2.layout import LAYOUTS, Field, line_length
from margin.read.parameters._pa2.lines import Lines, RecordFile
from margin.read.parameters._pa2.pairs import KEY_LAST, have_equal_keys, paired
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.threads import in_threads

SCENARIOS = 16
_CHUNK = 1 << 15
_TWO_BYTES, _THREE_BYTES, _FIVE_BYTES = (1 << 16) - 1, (1 << 24) - 1, (1 << 40) - 1
_SIX_BLANKS = int.from_bytes(b"      ", "little") << 16
_Faults: TypeAlias = tuple[ColumnFaults, ColumnFaults]
_PAIRS = (("81", "82"), ("83", "84"))


@dataclass(frozen=True)
class ContractColumns:
    """All contracts in the order of the file; one entry per contract.

    Attributes:
        line: Line of its first record.
        family: Exchange and product, then their type, as bytes in two whole numbers; shape (contracts, 2).
        underlying: Product code of the underlying, likewise.
        future: Futures month and day code as bytes in a whole number; blanks for none.
        option: Option month and day code, likewise.
        right: Byte of the option right.
        strike: Digits of the strike, signed, no decimals applied.
        losses: Scenario losses of one long contract, no decimals applied, zero where not given;
            shape (contracts, 16).
        has_array: Whether both records are there and give all losses and the composite delta.
        composite_delta: Composite delta of one long contract, unscaled.
        current_delta: Current delta; NaN where not given, as below.
        volatility: Implied volatility.
        price: Digits of the settlement price, signed, no decimals applied.
        is_seven_digit_price: Whether the price is the one of seven digits, which may be a cabinet price.
        contract_value_factor: The contract's own.
        strike_value_factor: The contract's own.
        is_wide: Whether the losses have eight digits instead of five.
    """

    line: IntArray
    family: IntArray
    underlying: IntArray
    future: IntArray
    option: IntArray
    right: IntArray
    strike: FloatArray
    losses: FloatArray
    has_array: BoolArray
    composite_delta: FloatArray
    current_delta: FloatArray
    volatility: FloatArray
    price: FloatArray
    is_seven_digit_price: BoolArray
    contract_value_factor: FloatArray
    strike_value_factor: FloatArray
    is_wide: BoolArray

    def __len__(self) -> int:
        return len(self.line)

    def take(self, which: IntArray | BoolArray) -> ContractColumns:
        """Some of the contracts."""
        return ContractColumns(*(getattr(self, item.name)[which] for item in fields(self)))


def read_contract_columns(file: RecordFile, reading: Reading) -> ContractColumns:
    """Read all contracts, in the order of the file."""
    tables = []
    for first, second in _PAIRS:
        lines = file.lines(first), file.lines(second)
        if len(lines[0]) or len(lines[1]):
            tables.append(_read_pairs(_PairLayout(first, second), *lines, reading))
    if not tables:
        return _empty(0)
    if len(tables) == 1:
        return tables[0]
    merged = ContractColumns(
        *(np.concatenate([getattr(table, item.name) for table in tables]) for item in fields(ContractColumns))
    )
    return merged.take(np.argsort(merged.line, kind="stable"))


class _PairLayout:
    """Fields of the two records of a contract, by name."""

    def __init__(self, first: str, second: str) -> None:
        self.kinds = first, second
        self.first = {field.name: field for field in LAYOUTS[first]}
        self.second = {field.name: field for field in LAYOUTS[second]}
        self.widths = line_length(LAYOUTS[first]), line_length(LAYOUTS[second])
        self.losses = _loss_fields(self.first), _loss_fields(self.second)
        self.is_wide = self.losses[0][0].width > 5


def _loss_fields(layout: dict[str, Field]) -> tuple[Field, ...]:
    return tuple(layout[f"loss_{i}"] for i in range(1, SCENARIOS + 1) if f"loss_{i}" in layout)


def _empty(length: int) -> ContractColumns:
    # A few large pieces of memory cost less to come by than many small ones.
    whole, numbers = np.empty((8, length), dtype=np.int64), np.empty((7, length))
    flags = np.empty((3, length), dtype=np.bool_)
    return ContractColumns(
        line=whole[0],
        family=whole[1:3].T,
        underlying=whole[3:5].T,
        future=whole[5],
        option=whole[6],
        right=whole[7],
        strike=numbers[0],
        losses=np.empty((length, SCENARIOS)),
        has_array=flags[0],
        composite_delta=numbers[1],
        current_delta=numbers[2],
        volatility=numbers[3],
        price=numbers[4],
        is_seven_digit_price=flags[1],
        contract_value_factor=numbers[5],
        strike_value_factor=numbers[6],
        is_wide=flags[2],
    )


def _read_pairs(layout: _PairLayout, first: Lines, second: Lines, reading: Reading) -> ContractColumns:
    """Read two records of each contract, which most often stand in pairs already."""
    table = _empty(len(first))
    faults = _read_rows(table, layout, first, second, check_keys=True) if len(first) == len(second) else [None]
    if None in faults:
        first, second = paired(first, second)
        table = _empty(len(first))
        faults = _read_rows(table, layout, first, second, check_keys=False)
    for place, kind in enumerate(layout.kinds):
        together = ColumnFaults(kind)
        for item in filter(None, faults):
            together.found += item[place].found
            together.unlisted += item[place].unlisted
        together.tell(reading)
    return table


def _read_rows(
    table: ContractColumns, layout: _PairLayout, first: Lines, second: Lines, *, check_keys: bool
) -> list[_Faults | None]:
    """Read records that belong together row by row.

    Args:
        table: Takes the contracts.
        layout: Their fields.
        first: First records.
        second: Second records.
        check_keys: Whether to find out if they do.

    Returns:
        The faults of each part of the contracts; `None` for a part in which two records do not belong together.
    """

    def read(bounds: tuple[int, int]) -> _Faults | None:
        rows = slice(*bounds)
        faults = ColumnFaults(layout.kinds[0]), ColumnFaults(layout.kinds[1])
        lines = first.take(rows), second.take(rows)
        one, other = (
            Columns(line_matrix(*item[:2], KEY_LAST), item[0].numbers, item[2])
            for item in zip(lines, layout.widths, faults, strict=True)
        )
        if check_keys and not have_equal_keys(one.matrix, other.matrix):
            return None
        _fill(table, rows, layout, one, other, lines)
        return faults

    return in_threads(read, list(chunk_bounds(len(first), _CHUNK)))


def _fill(
    table: ContractColumns,
    rows: slice,
    layout: _PairLayout,
    first: Columns,
    second: Columns,
    lines: tuple[Lines, Lines],
) -> None:
    """Read some contracts into their rows of the table."""
    key = _key_columns(first, second, *lines)
    _fill_key(table, rows, layout, key)
    table.is_wide[rows] = layout.is_wide
    strike = _zero_if_blank(key.digits(layout.first["strike"]))
    table.strike[rows] = np.where(second.is_negative(layout.second["strike_sign"]), -strike, strike)
    complete = _fill_losses(table.losses[rows], layout, first, second)
    delta = _signed(second, layout.second, "composite_delta")
    table.has_array[rows] = complete & ~np.isnan(delta)
    table.composite_delta[rows] = _zero_if_blank(delta)
    table.current_delta[rows] = _signed(second, layout.second, "current_delta")
    table.volatility[rows] = _scaled(second, layout.second, "implied_volatility", "volatility_exponent")
    for name, exponent in (
        ("contract_value_factor", "value_factor_exponent"),
        ("strike_value_factor", "strike_value_factor_exponent"),
    ):
        factor = _scaled(second, layout.second, name, exponent)
        getattr(table, name)[rows] = np.where(factor == 0.0, np.nan, factor)
    _fill_price(table, rows, layout, first, second)


def _fill_losses(losses: FloatArray, layout: _PairLayout, first: Columns, second: Columns) -> BoolArray:
    """Read the losses of some contracts, and tell which have them all."""
    parts = first.cells(layout.losses[0]), second.cells(layout.losses[1])
    if parts[0] is not None and parts[1] is not None:
        width = layout.losses[0][0].width
        if signed_cells((parts[0], parts[1]), width, losses):
            return np.ones(len(losses), dtype=np.bool_)
    split = len(layout.losses[0])
    losses[:, :split], in_first = first.row(layout.losses[0])
    losses[:, split:], in_second = second.row(layout.losses[1])
    return in_first & in_second


def _key_columns(first: Columns, second: Columns, first_lines: Lines, second_lines: Lines) -> Columns:
    """The keys of contracts: of the first record, or of the second where there is no first."""
    missing = np.flatnonzero(first_lines.starts < 0)
    if not len(missing):
        return first
    matrix, numbers = first.matrix[:, :KEY_LAST].copy(), first_lines.numbers.copy()
    matrix[missing] = second.matrix[missing, :KEY_LAST]
    numbers[missing] = second_lines.numbers[missing]
    return Columns(matrix, numbers, first.faults)


def _fill_key(table: ContractColumns, rows: slice, layout: _PairLayout, key: Columns) -> None:
    names = layout.first
    exchange, underlying = names["exchange"].first, names["underlying"].first
    table.line[rows] = key.numbers
    table.family[rows, 0] = key.word(exchange)
    # The type is put behind the product, where record B has it.
    table.family[rows, 1] = key.word(exchange + 8) & _FIVE_BYTES | (key.word(names["type"].first) & _THREE_BYTES) << 40
    table.underlying[rows, 0] = key.word(underlying)
    table.underlying[rows, 1] = key.word(underlying + 8) & _TWO_BYTES | _SIX_BLANKS
    table.future[rows] = key.word(names["futures_month"].first)
    table.option[rows] = key.word(names["option_month"].first)
    table.right[rows] = key.matrix[:, names["right"].first - 1]


def _fill_price(table: ContractColumns, rows: slice, layout: _PairLayout, first: Columns, second: Columns) -> None:
    """The price of seven digits, or the long one where it alone is to be used or the short one is not given.

    Source: CME "Type 8 Record - Expanded", high-precision settlement price flag.
    """
    short = second.digits(layout.second["settlement_price"])
    long = first.digits(layout.first["settlement_price_long"])
    use_long = first.is_text(layout.first["settlement_price_flag"], "Y") | np.isnan(short)
    price = np.where(use_long, long, short)
    negative = second.is_negative(layout.second["settlement_price_sign"])
    table.price[rows] = np.where(negative, -price, price) + 0.0
    table.is_seven_digit_price[rows] = ~use_long


def _zero_if_blank(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), 0.0, values)


def _signed(columns: Columns, layout: dict[str, Field], name: str) -> FloatArray:
    return columns.number(layout[name], layout[f"{name}_sign"])


def _scaled(columns: Columns, layout: dict[str, Field], name: str, exponent: str) -> FloatArray:
    """Numbers times ten to a power that may be blank, which means 1."""
    values = columns.number(layout[name])
    if columns.column(layout[exponent]) is None:
        return values
    scaled: FloatArray = values * 10.0 ** np.nan_to_num(_signed(columns, layout, exponent))
    return scaled
