"""Writes PC-SPAN's XML position files (root ``posFile``, file format 4.00): net and gross positions, balances.

Source: files that public programs write for PC-SPAN; element order as in the portfolio of the CME SPAN XML schema.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from xml.sax.saxutils import escape

import polars as pl

from margin.model.position import PositionBook
from margin.model.problem import Faults, InputRefused, Reason
from margin.write.positions._book import BALANCES, Rows, account_key, empty_accounts, rows_of, warning
from margin.write.positions._span import (
    columns_left_out,
    contract_columns,
    no_positions,
    number_text,
    refuse_what_cannot_be_said,
)
from margin.write.written import Written

TITLE = "PC-SPAN XML position file"
SUFFIXES = (".pos",)

_ROOT = "a posFile"
_PORTFOLIO = ("firm", "account", "account_type", "is_customer", "segregation", "currency")
_TEXTS = frozenset(
    {*_PORTFOLIO, "clearing_org", "commodity", "exchange", "product", "type", "expiry", "underlying_expiry"}
)
_CONTRACT_TAGS = {
    "exchange": "exch",
    "product": "pfCode",
    "type": "pfType",
    "expiry": "pe",
    "underlying_expiry": "undPe",
    "right": "o",
    "strike": "k",
}
_LINES_AT_ONCE = 4096
_NOT_XML = r"[^\t\n\r\x20-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]"
_BALANCE_TAGS = {"ledger_balance": "ledgerBal", "open_trade_equity": "ote", "securities": "securities"}


def write(positions: PositionBook) -> Written:
    """Portfolios by date and account in the order of their first position, each with its balances.

    Net positions become ``np``, long and short ones ``gp``; under a ``ccPort`` where the book names the commodity.
    ``isSetl`` and ``isNew`` are 1, for positions of the end of a day that are there already.

    Raises:
        InputRefused: With everything that the format cannot say.
    """
    rows = rows_of(positions, as_text=True)
    faults = Faults()
    refuse_what_cannot_be_said(rows, _ROOT, faults)
    _refuse_control_characters(rows, faults)
    _refuse_vague_accounts(positions, faults)
    faults.refuse_if_any()
    if not rows.frame.height:
        raise InputRefused([no_positions(positions, _ROOT)])
    frame = _grouped(rows)
    portfolios = _portfolios(frame, positions)
    unstated = sum(any(portfolio.balances[name] is None for name in BALANCES) for portfolio in portfolios)
    problems = columns_left_out(rows, _ROOT)
    if unstated:
        accounts = f"{unstated:,} account{' states' if unstated == 1 else 's state'}"
        message = f"{accounts} no balances, which {_ROOT} demands; they are written as zero, and equity starts from it"
        problems = (*problems, warning(message, "balances"))
    return Written(_pieces(frame, portfolios), problems)


def _refuse_control_characters(rows: Rows, faults: Faults) -> None:
    for name, values in zip(rows.frame.columns, rows.frame, strict=True):
        if values.dtype == pl.String and name in _TEXTS:
            message = f"with a control character in {name}, which XML cannot say; remove it"
            rows.refuse(faults, values.str.contains(_NOT_XML), Reason.INVALID_VALUE, message, name)


def _refuse_vague_accounts(book: PositionBook, faults: Faults) -> None:
    """Refuse accounts without positions that lack what a portfolio demands; of others the positions tell."""
    empty = empty_accounts(book)
    for name in ("firm", "account_type", "is_customer", "currency"):
        absent = empty.filter(pl.col(name).is_null())
        if absent.height:
            faults.file = book.parts[0].source.path
            accounts = f"account {absent['account'][0]!r}" + (
                f" and {absent.height - 1:,} more" if absent.height > 1 else ""
            )
            message = f"{accounts} without positions has no {name}, which {_ROOT} demands; add it, or drop the account"
            faults.add(Reason.MISSING_FIELD, message, field=name)


@dataclass(frozen=True, slots=True)
class _Portfolio:
    """One portfolio: the account's fields and balances, its date, and whether positions follow."""

    account: Mapping[str, Any]
    balances: Mapping[str, float | None]
    date: str
    has_positions: bool


def _grouped(rows: Rows) -> pl.DataFrame:
    """All positions, those of one date, portfolio, clearing organisation and commodity together.

    Groups stand in the order of their first position; columns ``portfolio``, ``org`` and ``group`` number them.
    """
    names = ("business_date", *_PORTFOLIO, "clearing_org", "commodity", "exchange", "product", "type")
    frame = rows.frame.select(rows.column(name) for name in (*names, "quantity", "long", "short"))
    frame = _with_codes(frame.with_columns(contract_columns(rows).get_columns())).with_row_index("row")
    keys = ("business_date", *_PORTFOLIO, "clearing_org", "commodity")
    places = {"day": keys[:1], "portfolio": keys[:-2], "org": keys[:-1], "group": keys}
    frame = frame.with_columns(pl.col("row").min().over(by).alias(name) for name, by in places.items())
    return frame.sort(*places, "row")


def _with_codes(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the elements that name each position's contract; made once for each contract."""
    contracts = frame.select(*_CONTRACT_TAGS).unique(maintain_order=True)
    codes = [
        "".join(_element(tag, text) for tag, text in zip(_CONTRACT_TAGS.values(), contract, strict=True) if text)
        for contract in contracts.iter_rows()
    ]
    named = contracts.with_columns(codes=pl.Series(codes, dtype=pl.String))
    return frame.join(named, on=list(_CONTRACT_TAGS), how="left", nulls_equal=True, maintain_order="left")


def _portfolios(frame: pl.DataFrame, book: PositionBook) -> list[_Portfolio]:
    """The portfolios of grouped positions in their order, then those without positions, under the first date."""
    stated: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    keys = book.balances.select(account_key(book.balances)).iter_rows()
    for key, balance in zip(keys, book.balances.iter_rows(named=True), strict=True):
        stated.setdefault(key, []).append(balance)
    first = frame.unique("portfolio", keep="first", maintain_order=True)
    portfolios, accounts = [], {}
    for key, account in zip(first.select(account_key(first)).iter_rows(), first.iter_rows(named=True), strict=True):
        accounts[key] = account
        own = stated.get(key, [])
        balances = own.pop(0) if own else dict.fromkeys(BALANCES)
        portfolios.append(_Portfolio(account, balances, account["business_date"], has_positions=True))
    date = portfolios[0].date
    further = ((accounts.get(key, balance), balance) for key, rest in stated.items() for balance in rest)
    return [*portfolios, *(_Portfolio(account, balance, date, has_positions=False) for account, balance in further)]


def _pieces(frame: pl.DataFrame, portfolios: list[_Portfolio]) -> Iterator[bytes]:
    lines = _lines(frame, portfolios)
    while piece := list(itertools.islice(lines, _LINES_AT_ONCE)):
        yield "".join(f"{line}\n" for line in piece).encode()


def _lines(frame: pl.DataFrame, portfolios: list[_Portfolio]) -> Iterator[str]:
    columns = ("portfolio", "org", "group", "clearing_org", "commodity", "codes", "quantity", "long", "short")
    rows = frame.select(columns).iter_rows()
    positions = itertools.groupby(rows, key=itemgetter(0))
    dates = list(dict.fromkeys(portfolio.date for portfolio in portfolios))
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<posFile>"
    yield "<fileFormat>4.00</fileFormat>"
    yield _element("created", max(dates).replace("-", ""))
    for date in dates:
        yield "<pointInTime>"
        yield f"{_element('date', date.replace('-', ''))}<isSetl>1</isSetl>"
        for portfolio in portfolios:
            if portfolio.date == date:
                yield "<portfolio>"
                yield _account_line(portfolio)
                if portfolio.has_positions:
                    yield from _position_lines(next(positions)[1])
                yield "</portfolio>"
        yield "</pointInTime>"
    yield "</posFile>"


def _account_line(portfolio: _Portfolio) -> str:
    account = portfolio.account
    segregation = account["segregation"]
    return "".join(
        (
            _element("firm", account["firm"]),
            _element("acctId", account["account"]),
            _element("acctType", account["account_type"]),
            _element("isCust", "1" if account["is_customer"] else "0"),
            "" if segregation is None else _element("seg", segregation),
            "<isNew>1</isNew>",
            _element("currency", account["currency"]),
            *(_element(tag, number_text(portfolio.balances[name] or 0.0)) for name, tag in _BALANCE_TAGS.items()),
        )
    )


def _position_lines(positions: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """The positions of one portfolio under their clearing organisations and, where known, commodities."""
    for _, of_org in itertools.groupby(positions, key=itemgetter(1)):
        held = list(of_org)
        yield f"<ecPort>{_element('ec', held[0][3])}"
        for _, of_commodity in itertools.groupby(held, key=itemgetter(2)):
            group = list(of_commodity)
            commodity = group[0][4]
            if commodity is not None:
                yield f"<ccPort>{_element('cc', commodity)}<pss>0</pss>"
            yield from (_position(*row[5:]) for row in group)
            if commodity is not None:
                yield "</ccPort>"
        yield "</ecPort>"


def _position(codes: str, quantity: float | None, longs: float | None, shorts: float | None) -> str:
    if quantity is None:
        return f"<gp>{codes}<long>{longs:.0f}</long><short>{shorts:.0f}</short></gp>"
    return f"<np>{codes}<net>{quantity:.0f}</net></np>"


def _element(tag: str, text: str) -> str:
    # An XML parser would turn a carriage return into a line feed.
    return f"<{tag}>{escape(text, {chr(13): '&#13;'})}</{tag}>"
