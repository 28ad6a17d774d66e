"""Writes positions as the CSV of the CME SPAN Position Converter: a fixed header, one net position per row."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from margin.model.position import PositionBook
from margin.model.problem import Faults, Reason
from margin.write.positions._book import balances_left_out, rows_of
from margin.write.positions._span import (
    DEMANDED,
    columns_left_out,
    contract_columns,
    refuse_what_cannot_be_said,
)
from margin.write.written import Written

TITLE = "CSV of the CME SPAN Position Converter"
SUFFIXES: tuple[str, ...] = ()

_FORMAT = "the SpanPosConv CSV"
_ROWS_AT_ONCE = 1 << 17
_COUPON = "coupon"


def write(positions: PositionBook) -> Written:
    """One row per position; ``isSetl`` is 1, for positions of the end of a day.

    Raises:
        InputRefused: With everything that the format cannot say, such as gross positions.
    """
    rows = rows_of(positions, as_text=True)
    faults = Faults()
    refuse_what_cannot_be_said(rows, _FORMAT, faults, (*DEMANDED, "segregation", "commodity"))
    message = f"with long and short, expected net quantities: {_FORMAT} has no others; write posfile for gross accounts"
    rows.refuse(faults, rows.column("quantity").is_null(), Reason.INVALID_VALUE, message, "quantity")
    faults.refuse_if_any()
    coupon = {_COUPON: rows.frame[_COUPON]} if _COUPON in rows.frame.columns else {}
    table = pl.DataFrame(
        {
            "date": rows.column("business_date").str.replace_all("-", "", literal=True),
            "isSetl": pl.repeat(1, rows.frame.height, dtype=pl.Int8, eager=True),
            "firm": rows.column("firm"),
            "acctId": rows.column("account"),
            "acctType": rows.column("account_type"),
            "isCust": rows.column("is_customer").cast(pl.Int8),
            "seg": rows.column("segregation"),
            "currency": rows.column("currency"),
            "ec": rows.column("clearing_org"),
            "cc": rows.column("commodity"),
            "exch": rows.column("exchange"),
            "pfCode": rows.column("product"),
            "pfType": rows.column("type"),
            **dict(zip(("pe", "undPe", "o", "k"), contract_columns(rows).get_columns(), strict=True)),
            "net": rows.column("quantity").cast(pl.Int64),
            **coupon,
        }
    )
    problems = columns_left_out(rows, _FORMAT, keeping=(_COUPON,))
    return Written(_pieces(table), (*problems, *balances_left_out(positions, _FORMAT)))


def _pieces(table: pl.DataFrame) -> Iterator[bytes]:
    yield table.head(0).write_csv().encode()
    for piece in table.iter_slices(_ROWS_AT_ONCE):
        yield piece.write_csv(include_header=False).encode()
