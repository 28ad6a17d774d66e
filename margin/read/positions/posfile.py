"""Positions as PC-SPAN's XML position file (root ``posFile``), streamed, with the balances of its accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

import numpy as np
import polars as pl

from margin.model.position import ACCOUNT_BALANCE_SCHEMA, PositionPart, PositionSource
from margin.model.problem import Faults, InputRefused, Reason
from margin.numeric.arrays import IntArray
from margin.read.positions import _convert
from margin.read.positions._columns import ALIASES, Column
from margin.read.positions._input import PositionInput, PositionsRead
from margin.read.positions._row_faults import RowFaults
from margin.read.positions._validate import RawTable, no_rows_warning, validate

FORMAT = "posfile"

MAX_DEPTH = 64
"""Deepest nesting of elements that is read; position files nest seven deep."""

_CHUNK = 1 << 20
_POSITIONS = frozenset({"np", "ncp", "gp", "gcp"})
_UNREADABLE_POSITIONS = frozenset({"edp", "sp"})
_SUBMITTED_SPREADS = ("iaLong", "iaShort", "ieLong", "ieShort")
_USE_OF_OPTION_VALUE = "custPortUseLov"
_NOT_CLEARING_LEVEL = frozenset({"H", "S"})
_PORTFOLIO_FIELDS = {
    "firm": "firm",
    "acctId": "account",
    "acctType": "account_type",
    "isCust": "is_customer",
    "seg": "segregation",
    "currency": "currency",
    "ledgerBal": "ledger_balance",
    "ote": "open_trade_equity",
    "securities": "securities",
}
_POSITION_FIELDS = {
    **{tag: ALIASES[tag.lower()] for tag in ("exch", "pfCode", "pfType", "pe", "undPe", "o", "k", "net")},
    "long": "long",
    "short": "short",
}
_NUMBERS = ("ledger_balance", "open_trade_equity", "securities")
_TAG_OF = {name: tag for fields in (_PORTFOLIO_FIELDS, _POSITION_FIELDS) for tag, name in fields.items()}
_WANTED = {
    "portfolio": frozenset((*_PORTFOLIO_FIELDS, _USE_OF_OPTION_VALUE)),
    "pointInTime": frozenset({"date"}),
    "ecPort": frozenset({"ec"}),
    "ccPort": frozenset({"cc"}),
    **dict.fromkeys(_POSITIONS, frozenset((*_POSITION_FIELDS, *_SUBMITTED_SPREADS))),
}
"""Children that are read, by the element they stand in; all others are skipped."""


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts like XML; `read` says so if it is XML of another kind."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"<") or head.startswith((b"\xff\xfe<\0", b"\xfe\xff\0<"))


@dataclass(slots=True)
class _Element:
    """An open element: its tag, line and the texts of its wanted children."""

    tag: str
    line: int
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Position:
    """A position and the elements it stands in."""

    element: _Element
    portfolio: int
    clearing_org: _Element | None
    commodity: _Element | None


@dataclass(slots=True)
class _Portfolio:
    """A portfolio, the points in time it stands in, innermost last, and whether it was read to its end."""

    element: _Element
    points: tuple[_Element, ...]
    is_whole: bool = True

    @property
    def date(self) -> str | None:
        """Date of the innermost point in time that has one."""
        return next((point.texts["date"] for point in reversed(self.points) if "date" in point.texts), None)


class _Reader:
    """Handlers of one streaming parse; collects portfolios and positions."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.portfolios: list[_Portfolio] = []
        self.positions: list[_Position] = []
        self._open: list[_Element] = []
        self._text: list[str] | None = None
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype

    def parse(self, content: bytes) -> None:
        """Read a whole document; a fault of syntax ends the reading."""
        try:
            for start in range(0, len(content), _CHUNK):
                self._parser.Parse(content[start : start + _CHUNK], False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            self._add_syntax_fault(error)
        except (LookupError, ValueError) as error:
            self.faults.add(Reason.SYNTAX, f"the encoding is not read ({error}); save the file as UTF-8", line=1)
        except InputRefused:
            pass  # raised by a handler to end the parse; the fault is in `faults`
        unfinished = {id(element) for element in self._open}
        self.positions = [position for position in self.positions if id(position.element) not in unfinished]
        for portfolio in self.portfolios:
            portfolio.is_whole = id(portfolio.element) not in unfinished

    def _add_syntax_fault(self, error: expat.ExpatError) -> None:
        if self._open:
            opened = self._open[-1]
            state = f"inside <{opened.tag}> of line {opened.line}"
        else:
            state = "outside any element"
        self.faults.add(
            Reason.SYNTAX,
            f"the XML breaks off or is malformed ({expat.ErrorString(error.code)}) {state}; "
            "check that the file is complete, and write & as &amp;",
            line=error.lineno,
            column=error.offset + 1,
            found=expat.ErrorString(error.code),
        )

    def _stop(self, reason: Reason, message: str) -> NoReturn:
        self.faults.add(reason, message, line=self._parser.CurrentLineNumber)
        raise InputRefused(())

    def _doctype(self, *_: object) -> None:
        self._stop(
            Reason.HOSTILE_CONTENT,
            "the file declares a document type, which position files do not have; remove <!DOCTYPE ...>",
        )

    def _start(self, tag: str, _: Mapping[str, str]) -> None:
        stack = self._open
        self._text = None
        element = _Element(tag, self._parser.CurrentLineNumber)
        if not stack:
            self._check_root(tag)
        elif tag in _WANTED.get(stack[-1].tag, ()):
            self._text = []
        elif tag == "portfolio":
            points = tuple(parent for parent in stack if parent.tag == "pointInTime")
            self.portfolios.append(_Portfolio(element, points))
        elif tag in _POSITIONS:
            self._start_position(element)
        elif tag in _UNREADABLE_POSITIONS and stack[-1].tag in {"ecPort", "ccPort"}:
            self.faults.add(
                Reason.UNSUPPORTED_RULE,
                f"<{tag}> is a position that is not read here; remove it and margin it elsewhere",
                line=element.line,
                found=tag,
            )
        stack.append(element)
        if len(stack) > MAX_DEPTH:
            self._stop(Reason.HOSTILE_CONTENT, f"elements nest more than {MAX_DEPTH} deep; this is no position file")

    def _check_root(self, tag: str) -> None:
        if tag == "posFile":
            return
        advice = "expected <posFile>; this is not a PC-SPAN position file"
        if tag == "spanFile":
            advice = "expected <posFile>; a <spanFile> holds risk parameters: give it as parameters, not as positions"
        self._stop(Reason.UNKNOWN_FORMAT, f"the root element is <{tag[:60]}>, {advice}")

    def _start_position(self, element: _Element) -> None:
        parents = {parent.tag: parent for parent in self._open}
        if "portfolio" not in parents:
            self.faults.add(
                Reason.MISSING_FIELD,
                f"<{element.tag}> stands outside a <portfolio>, so that no account holds it; move it into one",
                line=element.line,
            )
            return
        self.positions.append(
            _Position(element, len(self.portfolios) - 1, parents.get("ecPort"), parents.get("ccPort"))
        )

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        if self._text is None:
            return
        texts = self._open[-1].texts
        if tag in texts:
            parent = self._open[-1].tag
            self.faults.add(
                Reason.DUPLICATE_KEY,
                f"<{tag}> occurs twice in one <{parent}>, expected once; keep one of them",
                line=element.line,
                found=tag,
            )
        else:
            texts[tag] = "".join(self._text)
        self._text = None


def read(source: PositionInput) -> PositionsRead:
    """Read portfolios, positions and balances (CME SPAN XML position file, version 4.00).

    Net positions stand in ``np``, gross ones in ``gp`` and ``gcp`` with long and short; ``ec`` and ``cc`` are
    taken from the elements around them, under ``ccPort`` or directly under ``ecPort``. The date is that of the
    point in time. Elements that are not needed are skipped.

    Raises:
        InputRefused: With every fault of the input.
    """
    loaded = source.load()
    faults = Faults(source.path)
    reader = _Reader(faults)
    reader.parse(loaded.content)
    portfolios = reader.portfolios
    accounts = _read_accounts(portfolios, faults)
    _refuse_clearing_styles(portfolios, accounts, faults)
    _refuse_submitted_spreads(reader.positions, faults)
    table = _position_table(portfolios, reader.positions, accounts)
    frame = validate(table, faults)
    faults.refuse_if_any()
    balances = pl.DataFrame([accounts[name].cast(kind).alias(name) for name, kind in ACCOUNT_BALANCE_SCHEMA.items()])
    part = PositionPart(PositionSource(source.path, loaded.sha256, FORMAT, frame.height), frame, table.lines)
    return PositionsRead(part, balances, () if frame.height else (no_rows_warning(source.path),))


def _read_accounts(portfolios: list[_Portfolio], faults: Faults) -> dict[str, pl.Series]:
    """The fields of the portfolios by name, one row per portfolio."""
    rows = RowFaults(len(portfolios))
    accounts: dict[str, pl.Series] = {}
    for position, (tag, name) in enumerate(_PORTFOLIO_FIELDS.items()):
        texts = pl.Series(name, [portfolio.element.texts.get(tag) for portfolio in portfolios], pl.String)
        column = Column(position, tag, name, known=True)
        if name == "is_customer":
            accounts[name] = _convert.to_flag(texts, column, rows)
        elif name in _NUMBERS:
            accounts[name] = _convert.to_number(texts, column, rows)
        else:
            accounts[name] = _convert.to_text(texts, column, rows)
    lines = [portfolio.element.line for portfolio in portfolios]
    rows.report(faults, lambda row: lines[row])
    for portfolio, account in zip(portfolios, accounts["account"], strict=True):
        if account is None and portfolio.is_whole:
            message = "the portfolio has no acctId, expected an account; name the account"
            faults.add(Reason.MISSING_FIELD, message, line=portfolio.element.line, field="account")
    # What lacks an account was reported once, above, and need not be reported again for each of its positions.
    accounts["account"] = accounts["account"].fill_null("?")
    return accounts


def _position_table(
    portfolios: list[_Portfolio], positions: list[_Position], accounts: dict[str, pl.Series]
) -> RawTable:
    """All positions with the fields of their portfolios; columns that no position has are left out."""
    owner = pl.Series("owner", [position.portfolio for position in positions], pl.UInt32)
    series = {name: accounts[name].gather(owner) for name in _PORTFOLIO_FIELDS.values() if name not in _NUMBERS}
    series["clearing_org"] = _texts([_text_of(position.clearing_org, "ec") for position in positions])
    series["commodity"] = _texts([_text_of(position.commodity, "cc") for position in positions])
    for tag, name in _POSITION_FIELDS.items():
        series[name] = _texts([position.element.texts.get(tag) for position in positions])
    series["business_date"] = _texts([portfolio.date for portfolio in portfolios]).gather(owner)
    required = {"account", "product", "type"}
    gross = any(series[name].null_count() < len(positions) for name in ("long", "short"))
    required |= {"long", "short"} if gross else {"quantity"}
    present = [name for name, values in series.items() if values.null_count() < len(values) or name in required]
    columns = tuple(Column(number, _TAG_OF.get(name, name), name, known=True) for number, name in enumerate(present))
    lines: IntArray = np.array([position.element.line for position in positions], dtype=np.int64)
    return RawTable(columns, tuple(series[name] for name in present), lines)


def _texts(values: list[str | None]) -> pl.Series:
    return pl.Series(values=values, dtype=pl.String)


def _text_of(element: _Element | None, tag: str) -> str | None:
    return None if element is None else element.texts.get(tag)


def _refuse_submitted_spreads(positions: list[_Position], faults: Faults) -> None:
    """Refuse positions submitted as spreads (SPAN XML schema, GrossClearingPosition): no formula is published."""
    for position in positions:
        for tag in _SUBMITTED_SPREADS:
            text = position.element.texts.get(tag, "").strip()
            if text and not _is_zero(text):
                faults.add(
                    Reason.INVALID_VALUE,
                    f"<{tag}> is {_convert.shown(text)}, expected 0: positions submitted as spreads cannot be "
                    "margined, since no formula for them is published; submit them as long and short",
                    line=position.element.line,
                    field=tag,
                    found=text,
                )


def _refuse_clearing_styles(portfolios: list[_Portfolio], accounts: dict[str, pl.Series], faults: Faults) -> None:
    """Refuse customer portfolios of clearing level whose long option value counts in part or not at all.

    Source: CME SPAN XML schema, CustPortUseLov: 1 is full use; how 0 and 2 change the scan is not published. It
    applies to clearing-level portfolios of customers, so that hedgers, speculators and house accounts pass.
    """
    kinds = zip(portfolios, accounts["account_type"], accounts["is_customer"], strict=True)
    for portfolio, account_type, is_customer in kinds:
        text = portfolio.element.texts.get(_USE_OF_OPTION_VALUE, "").strip()
        if text in ("", "1") or is_customer is False or account_type in _NOT_CLEARING_LEVEL:
            continue
        faults.add(
            Reason.UNSUPPORTED_RULE,
            f"<{_USE_OF_OPTION_VALUE}> is {_convert.shown(text)}, expected 1: how a clearing account of customers is "
            "margined without full use of its long option value is not published; margin it elsewhere",
            line=portfolio.element.line,
            field=_USE_OF_OPTION_VALUE,
            found=text,
            expected="1",
        )


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0.0
    except ValueError:
        return False
