"""Write books as position files: CSV, Parquet, PC-SPAN's XML position file, and the Position Converter's CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl

from tests.market.model import Market

CONVERTER_COLUMNS = (
    "date", "isSetl", "firm", "acctId", "acctType", "isCust", "seg", "currency", "ec", "cc",
    "exch", "pfCode", "pfType", "pe", "undPe", "o", "k", "net",
)  # fmt: skip
ACCOUNT_COLUMNS = ("firm", "account", "account_type", "segregation", "currency")


def write_csv(frame: pl.DataFrame, path: Path | str) -> Path:
    """The frame as CSV with a header; strikes without superfluous zeros, empty where a column does not apply."""
    path = Path(path)
    path.write_bytes(_with_strike_text(frame).write_csv().encode("utf-8"))
    return path


def write_parquet(frame: pl.DataFrame, path: Path | str) -> Path:
    """The frame as Parquet."""
    path = Path(path)
    frame.write_parquet(path)
    return path


def write_pos(frame: pl.DataFrame, market: Market, path: Path | str) -> Path:
    """The frame as a ``posFile``, one portfolio per account in the order of first appearance; all balances are zero."""
    path = Path(path)
    path.write_bytes("".join(f"{line}\n" for line in _pos_lines(frame, market)).encode("utf-8"))
    return path


def write_spanposconv(frame: pl.DataFrame, market: Market, path: Path | str) -> Path:
    """The frame as CSV with the header of CME's SPAN Position Converter."""
    path = Path(path)
    products = market.contracts.select("exchange", "product", "type", cc="commodity").unique(
        subset=["exchange", "product", "type"]
    )
    joined = _with_strike_text(frame).join(
        products, on=["exchange", "product", "type"], how="left", maintain_order="left"
    )
    customer = joined["account_type"].replace_strict(_customers(market), return_dtype=pl.Int64)
    table = joined.select(
        pl.lit(f"{market.spec.business_date:%Y%m%d}").alias("date"),
        pl.lit(1).alias("isSetl"),
        "firm",
        pl.col("account").alias("acctId"),
        pl.col("account_type").alias("acctType"),
        customer.alias("isCust"),
        pl.col("segregation").alias("seg"),
        "currency",
        pl.lit(market.spec.clearing_org).alias("ec"),
        "cc",
        pl.col("exchange").alias("exch"),
        pl.col("product").alias("pfCode"),
        pl.col("type").alias("pfType"),
        pl.col("expiry").alias("pe"),
        pl.col("underlying_expiry").alias("undPe"),
        pl.col("right").alias("o"),
        pl.col("strike").alias("k"),
        pl.col("quantity").alias("net"),
    )
    path.write_bytes(table.select(CONVERTER_COLUMNS).write_csv().encode("utf-8"))
    return path


def _customers(market: Market) -> dict[str, int]:
    """Whether an account type is a customer's; of a code that both kinds have, the customer's."""
    flags: dict[str, int] = {}
    for kind in market.account_types:
        flags[kind.code] = max(flags.get(kind.code, 0), int(kind.is_customer))
    return flags


def _strike_text(strike: float) -> str:
    return f"{strike:.6f}".rstrip("0").rstrip(".")


def _with_strike_text(frame: pl.DataFrame) -> pl.DataFrame:
    strikes = frame["strike"].unique().drop_nulls()
    texts = {strike: _strike_text(strike) for strike in strikes}
    return frame.with_columns(
        pl.col("strike").replace_strict(texts, default=None, return_dtype=pl.String) if texts else pl.col("strike")
    )


def _pos_lines(frame: pl.DataFrame, market: Market) -> Iterator[str]:
    day = f"{market.spec.business_date:%Y%m%d}"
    blank = "0" * (8 if market.spec.shape == "nse" else 6)
    customers = _customers(market)
    yield '<?xml version="1.0"?>'
    yield "<posFile>"
    yield "  <fileFormat>4.00</fileFormat>"
    yield f"  <created>{day}</created>"
    yield "  <pointInTime>"
    yield f"    <date>{day}</date>"
    yield "    <isSetl>1</isSetl>"
    for part in frame.partition_by(ACCOUNT_COLUMNS, maintain_order=True):
        firm, account, kind, segregation, currency = (escape(part[0, name]) for name in ACCOUNT_COLUMNS)
        yield "    <portfolio>"
        yield f"      <firm>{firm}</firm><acctId>{account}</acctId><acctType>{kind}</acctType>"
        yield f"      <isCust>{customers[kind]}</isCust><seg>{segregation}</seg><isNew>1</isNew>"
        yield f"      <currency>{currency}</currency><ledgerBal>0</ledgerBal><ote>0</ote><securities>0</securities>"
        yield f"      <ecPort><ec>{market.spec.clearing_org}</ec>"
        columns = ("exchange", "product", "type", "expiry", "underlying_expiry", "right", "strike", "quantity")
        for exchange, product, type_, expiry, below, right, strike, net in part.select(columns).iter_rows():
            series = ""
            if right is not None:
                series = f"<undPe>{below or blank}</undPe><o>{right}</o><k>{_strike_text(strike)}</k>"
            name = f"<exch>{exchange}</exch><pfCode>{escape(product)}</pfCode><pfType>{type_}</pfType>"
            yield f"        <np>{name}<pe>{expiry}</pe>{series}<net>{net}</net></np>"
        yield "      </ecPort>"
        yield "    </portfolio>"
    yield "  </pointInTime>"
    yield "</posFile>"
