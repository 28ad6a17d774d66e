"""The exchange complex of a file (records 0 and T): session, which rate it carries, currency conversions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import NoReturn

from margin.model.parameters import (
    AccountType,
    ClearingOrganisation,
    CurrencyConversion,
    PerformanceBondRate,
    UnsupportedElement,
)
from margin.model.problem import InputRefused, Problem, Reason
from margin.model.scenario import standard_grid
from margin.model.session import PointInTime
from margin.read.parameters._pa2.layout import EXCHANGE_COMPLEX
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.reading import Reading, shown
from margin.read.parameters._pa2.record import Record

RATE_ID = "1"
"""The only rate id: a file carries one set of arrays and rates."""

EXPANDED = "U2"
_AT = {field.name: slice(field.first - 1, field.last) for field in EXCHANGE_COMPLEX}
_SESSIONS = MappingProxyType({"S": "settlement", "I": "intraday"})
_QUALIFIERS = MappingProxyType({"E": "early", "F": "final", "C": "complete"})
_CUSTOMER = MappingProxyType({"A": "clearing", "C": "customer"})
_BOND_CLASSES = MappingProxyType({"1": "CORE", "2": "RESERVE"})
_KINDS = MappingProxyType({"M": "maintenance", "I": "initial"})
_ACCOUNT_TYPES: Mapping[bool, Mapping[str, str]] = MappingProxyType(
    {
        True: MappingProxyType({"H": "hedger", "M": "member", "S": "speculator"}),
        False: MappingProxyType({"N": "normal", "M": "member"}),
    }
)
_NORMAL_CLEARING = frozenset({"", "CLR"})


def format_code(content: bytes) -> str | None:
    """The format code of a header that a file begins with (``U2``, ``UP``…); `None` if it begins otherwise.

    Source: CME "Type 0 Record - Expanded".
    """
    line = content[:200].partition(b"\n")[0].rstrip(b"\r")
    code = line[_AT["format"]]
    is_header = (
        line[:2] == b"0 "
        and line[_AT["clearing_org"]].strip().isalnum()
        and line[_AT["business_date"]].isdigit()
        and len(code) == 2
        and code.strip().isalnum()
    )
    return code.decode("ascii").strip() if is_header else None


def refuse_other_format(content: bytes, path: str) -> None:
    """Refuse a file of a related format, whose records are laid out otherwise.

    Raises:
        InputRefused: The format code is not that of expanded unpacked files.
    """
    code = format_code(content)
    if code == EXPANDED:
        return
    if code == "UP":
        _refuse(
            path,
            "this is a Paris expanded SPAN file (format code 'UP' in columns 36-37 of line 1), whose records are laid "
            "out otherwise and are not read; ask the clearing house for the SPAN XML file (.spn) or the expanded "
            "unpacked one (.pa2, format code 'U2')",
            "UP",
        )
    _refuse(
        path,
        f"record 0, columns 36-37 (format): found {shown(code or '')}, expected 'U2' (expanded unpacked); other SPAN "
        "formats are not read: ask the clearing house for the SPAN XML file (.spn) or the expanded unpacked one (.pa2)",
        code or "",
    )


def _refuse(path: str, message: str, found: str) -> NoReturn:
    problem = Problem(Reason.UNKNOWN_FORMAT, message, file=path, line=1, attributes={"found": found, "expected": "U2"})
    raise InputRefused([problem])


class Header:
    """What record 0 says.

    Attributes:
        clearing_org: Clearing organisation.
        business_date: ISO date.
        point: The file's only point in time.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self.clearing_org = record.require_text("clearing_org")
        self.business_date = _read_date(record)
        session = record.one_of("session", _SESSIONS)
        if session is None and not record.text("session"):
            record.missing("session", "S (settlement) or I (intraday)")
        identifier = record.text("file_identifier")
        self.point = PointInTime(
            date=self.business_date,
            is_settlement=session != "intraday",
            qualifier=_QUALIFIERS.get(identifier, identifier) or None,
            time=record.text("business_time") or None,
            created=(record.text("creation_date") + record.text("creation_time")) or None,
        )
        self.is_customer = record.one_of("customer", _CUSTOMER) != "clearing"
        self.is_maintenance = record.one_of("kind", _KINDS) != "initial"
        self.bond_class = record.one_of("bond_class", _BOND_CLASSES) or "CORE"
        self._own_account_type = record.text("account_type")
        if not (record.text("kind") and record.text("bond_class")):
            record.reading.warn(
                Reason.MISSING_FIELD,
                "record 0, columns 67 and 75, say not which rate the file carries (core or reserve, maintenance or "
                f"initial); it is taken as {self.bond_class.lower()} "
                f"{'maintenance' if self.is_maintenance else 'initial'}",
                line=record.line,
            )

    @property
    def account_types(self) -> tuple[AccountType, ...]:
        """The account types of the file's customers or clearing accounts, the one its rate is stated for first."""
        known = _ACCOUNT_TYPES[self.is_customer]
        own = self._own_account_type
        codes = dict.fromkeys(([own] if own else []) + list(known))
        return tuple(
            AccountType(code, self.is_customer, known.get(code), priority=place) for place, code in enumerate(codes, 1)
        )

    def organisation(self, conversions: tuple[CurrencyConversion, ...]) -> ClearingOrganisation:
        """The clearing organisation with its one set of rates, which every account type pays.

        Initial ratios and adjustment factors by account type are those of records 3 and 4.
        """
        return ClearingOrganisation(
            code=self.clearing_org,
            business_date=self.business_date,
            is_settlement=self.point.is_settlement,
            session_qualifier=self.point.qualifier,
            time=self.point.time,
            option_delta_method="PERIOD",
            currency_conversions=conversions,
            rates=tuple(
                PerformanceBondRate(RATE_ID, self.is_customer, kind.code, self.is_maintenance, self.bond_class)
                for kind in self.account_types
            ),
            grids=MappingProxyType({RATE_ID: standard_grid()}),
            unsupported=self._unsupported(),
            created=self.point.created,
        )

    def _unsupported(self) -> tuple[UnsupportedElement, ...]:
        function = self._record.text("business_function")
        if function in _NORMAL_CLEARING:
            return ()
        return (UnsupportedElement("record 0 business_function", function, self._record.line),)


def read_header(file: RecordFile, reading: Reading) -> Header:
    """Read record 0, which must be the first and only one."""
    records = list(file.records("0"))
    for record in records[1:]:
        reading.faults.add(
            Reason.DUPLICATE_KEY,
            "record 0: a second exchange complex begins here, expected one in a file; split the file",
            line=record.line,
        )
    return Header(records[0])


def _read_date(record: Record) -> str:
    text = record.require_text("business_date")
    try:
        if len(text) == 8 and text.isascii() and text.isdecimal():
            return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        pass
    record.invalid("business_date", "a date such as 20250620")
    return ""


def read_conversions(file: RecordFile, reading: Reading) -> tuple[CurrencyConversion, ...]:
    """Currency conversions by ISO code; codes of one byte are not unique and are not read."""
    found: dict[tuple[str, str], CurrencyConversion] = {}
    for record in file.records("T"):
        key = record.require_text("from_currency"), record.require_text("to_currency")
        conversion = CurrencyConversion(*key, record.positive("multiplier"))
        known = found.setdefault(key, conversion)
        if known.factor != conversion.factor:
            reading.faults.add(
                Reason.DUPLICATE_KEY,
                f"record T: {key[0]} to {key[1]} is given as {known.factor} and as {conversion.factor}, expected "
                "once; remove one of the lines",
                line=record.line,
                found=" ".join(key),
            )
    return tuple(found.values())
