from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.contract import OPTION_TYPES
from margin.model.position import (
    ACCOUNT_BALANCE_SCHEMA,
    POSITION_SCHEMA,
    PositionBook,
    PositionPart,
    PositionSource,
)
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.positions import formats, read_positions
from margin.write.positions import format_names, writer

BALANCES = ("ledger_balance", "open_trade_equity", "securities")
CODES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"]), min_size=1)
PERIODS = st.sampled_from(["202606", "20260630", "202607W1"])
NOTES = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def book_of(rows: Sequence[dict[str, Any]], balances: Sequence[dict[str, Any]] = ()) -> PositionBook:
    """A book of one input; columns that no row has are left out, as readers do."""
    extras = dict.fromkeys(name for row in rows for name in row if name not in POSITION_SCHEMA)
    schema: dict[str, Any] = {name: kind for name, kind in POSITION_SCHEMA.items() if any(name in row for row in rows)}
    frame = pl.DataFrame(rows, schema=schema | dict.fromkeys(extras, pl.String()))
    part = PositionPart(PositionSource("book", "0" * 64, "test", frame.height), frame)
    return PositionBook((part,), pl.DataFrame(balances, schema=ACCOUNT_BALANCE_SCHEMA))


def content_of(name: str, book: PositionBook) -> bytes:
    return b"".join(writer(name).write(book).content)


def read_back(name: str, book: PositionBook) -> PositionBook:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book")
        path.write_bytes(content_of(name, book))
        read = read_positions([path])
        assert name == read.parts[0].source.format
        return read


def warnings_of(name: str, book: PositionBook) -> list[str]:
    written = writer(name).write(book)
    assert all(problem.severity is Severity.WARNING for problem in written.problems)
    return [problem.message for problem in written.problems]


def refusals(name: str, book: PositionBook) -> list[tuple[Reason, int | None, str]]:
    with pytest.raises(InputRefused) as caught:
        writer(name).write(book)
    return [(problem.reason, problem.line, problem.message) for problem in caught.value.problems]


FUTURE: dict[str, Any] = {
    "firm": "F",
    "account": "A1",
    "account_type": "S",
    "is_customer": True,
    "segregation": "CUST",
    "currency": "INR",
    "clearing_org": "NSCCL",
    "commodity": "NIFTY",
    "exchange": "NSE",
    "product": "NIFTY",
    "type": "FUT",
    "expiry": "20260630",
    "underlying_expiry": None,
    "right": None,
    "strike": None,
    "quantity": 75.0,
    "business_date": "2026-06-25",
}
OPTION = FUTURE | {"type": "OOP", "right": "C", "strike": 24000.5, "quantity": -75.0, "underlying_expiry": ""}

_QUANTITIES = st.fixed_dictionaries(
    {
        "quantity": st.integers(-(10**15), 10**15).map(lambda number: number / 10**9) | st.integers(-(10**9), 10**9),
        "long": st.none(),
        "short": st.none(),
    }
)
_COUNTS = st.integers(0, 2**31 - 1).map(float)
_GROSS = st.fixed_dictionaries({"quantity": st.none(), "long": _COUNTS, "short": _COUNTS})
_TABLE_ROWS = st.tuples(
    st.fixed_dictionaries(
        {
            "firm": st.none() | CODES,
            "account": CODES,
            "is_customer": st.none() | st.booleans(),
            "product": CODES,
            "type": st.sampled_from(["FUT", "OOP", "ZZZ"]),
            "expiry": PERIODS | st.just(""),
            "underlying_expiry": st.none() | PERIODS | st.just(""),
            "right": st.sampled_from(["C", "P"]),
            "strike": st.floats(-1e9, 1e9),
            "price": st.none() | st.floats(-1e300, 1e300),
            "business_date": st.none() | st.sampled_from(["2026-06-25", "2024-02-29"]),
            "Remark": st.none() | NOTES,
        }
    ),
    _QUANTITIES | _GROSS,
).map(lambda parts: parts[0] | {n: None if v is None else float(v) for n, v in parts[1].items()})


@pytest.mark.parametrize("name", ["csv", "ndjson", "parquet"])
@given(rows=st.lists(_TABLE_ROWS, min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_tables_say_everything_that_a_book_of_positions_holds(name: str, rows: list[dict[str, Any]]) -> None:
    book = book_of(rows)
    expected = book.parts[0].frame.with_columns(pl.col("strike", "quantity", "price") + 0.0)
    frame = read_back(name, book).parts[0].frame

    assert expected.schema == frame.schema
    assert expected.to_dicts() == frame.to_dicts()


@st.composite
def _span_books(draw: st.DrawFn, *, is_gross: bool) -> PositionBook:
    accounts = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "firm": CODES,
                    "account": CODES,
                    "account_type": st.sampled_from("SHMO"),
                    "segregation": st.sampled_from(["CUST", "N/A"]),
                    "is_customer": st.booleans(),
                    "currency": st.sampled_from(["INR", "USD"]),
                }
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda account: tuple(
                account[name] for name in ("firm", "account", "account_type", "segregation")
            ),
        )
    )
    whole = st.integers(-(2**31) + 1, 2**31 - 1).map(float)
    counts = st.fixed_dictionaries({"quantity": whole, "long": st.none(), "short": st.none()})
    position = st.fixed_dictionaries(
        {
            "clearing_org": CODES,
            "commodity": (st.none() | CODES) if is_gross else CODES,
            "exchange": CODES,
            "product": CODES,
            "type": st.sampled_from(["FUT", "OOP", "OOF", "PHY"]),
            "expiry": PERIODS | st.just(""),
            "underlying_expiry": PERIODS | st.just(""),
            "right": st.sampled_from("CP"),
            "strike": st.floats(-1e9, 1e9).map(lambda strike: strike + 0.0),
            "business_date": st.sampled_from(["2026-06-25", "2026-06-26"]),
        }
    )
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        row = draw(st.sampled_from(accounts)) | draw(position) | draw(counts | _GROSS if is_gross else counts)
        row["quantity"] = None if row["quantity"] is None else row["quantity"] + 0.0
        rows.append(row if row["type"] in OPTION_TYPES else row | dict.fromkeys(_OF_OPTIONS))
    money = st.floats(-1e12, 1e12).map(lambda amount: amount + 0.0)
    balances = [account | {name: draw(money) for name in BALANCES} for account in accounts]
    return book_of(rows, balances if is_gross else [])


_OF_OPTIONS = ("underlying_expiry", "right", "strike")


def _sorted(frame: pl.DataFrame) -> list[str]:
    return sorted(str([row[name] for name in POSITION_SCHEMA if row.get(name) is not None]) for row in frame.to_dicts())


def _sums(balances: pl.DataFrame) -> list[tuple[Any, ...]]:
    """What accounts have in all; a second portfolio of another day has zeros."""
    keys = ("firm", "account", "account_type", "segregation", "is_customer", "currency")
    return balances.group_by(keys).agg(pl.col(BALANCES).sum()).sort(keys).rows()


@given(book=_span_books(is_gross=True))
@settings(max_examples=40, deadline=None)
def test_a_posfile_says_every_position_and_balance(book: PositionBook) -> None:
    read = read_back("posfile", book)

    assert _sorted(book.parts[0].frame) == _sorted(read.parts[0].frame)
    assert _sums(book.balances) == _sums(read.balances)


@given(book=_span_books(is_gross=False))
@settings(max_examples=30, deadline=None)
def test_the_converter_s_csv_says_every_net_position(book: PositionBook) -> None:
    read = read_back("spanposconv", book)
    expected = book.parts[0].frame

    assert expected.to_dicts() == [
        {name: row.get(name) for name in expected.columns} for row in read.parts[0].frame.to_dicts()
    ]


@pytest.mark.parametrize("name", format_names())
def test_every_writer_names_a_format_that_is_read(name: str) -> None:
    module = writer(name)

    assert name in formats()
    assert module.TITLE
    assert all(suffix.startswith(".") for suffix in module.SUFFIXES)
    assert content_of(name, book_of([FUTURE])) == content_of(name, book_of([FUTURE]))


def test_the_written_files_look_as_others_write_them() -> None:
    book = book_of([FUTURE, OPTION | {"account": "A&1"}, FUTURE | {"quantity": 1.0, "commodity": None}])

    assert (
        b"firm,account,account_type,is_customer,segregation,currency,clearing_org,commodity,exchange,product,type,"
        b"expiry,underlying_expiry,right,strike,quantity,business_date\n"
        b"F,A1,S,1,CUST,INR,NSCCL,NIFTY,NSE,NIFTY,FUT,20260630,,,,75,2026-06-25\n"
        b"F,A&1,S,1,CUST,INR,NSCCL,NIFTY,NSE,NIFTY,OOP,20260630,00000000,C,24000.5,-75,2026-06-25\n"
        b"F,A1,S,1,CUST,INR,NSCCL,,NSE,NIFTY,FUT,20260630,,,,1,2026-06-25\n"
    ) == content_of("csv", book)
    assert (
        b"date,isSetl,firm,acctId,acctType,isCust,seg,currency,ec,cc,exch,pfCode,pfType,pe,undPe,o,k,net\n"
        b"20260625,1,F,A1,S,1,CUST,INR,NSCCL,NIFTY,NSE,NIFTY,OOP,20260630,00000000,C,24000.5,-75\n"
    ) == content_of("spanposconv", book_of([OPTION]))
    root = ET.fromstring(content_of("posfile", book))
    assert ["A1", "A&1"] == [element.text for element in root.iter("acctId")]
    assert [["ec", "ccPort", "np"], ["ec", "ccPort"]] == [[child.tag for child in port] for port in root.iter("ecPort")]
    assert ["00000000"] == [element.text for element in root.iter("undPe")]
    assert b"A&amp;1" in content_of("posfile", book)


def test_months_are_written_with_six_zeros() -> None:
    content = content_of("posfile", book_of([OPTION | {"expiry": "202606", "underlying_expiry": None}]))

    assert b"<pe>202606</pe><undPe>000000</undPe><o>C</o><k>24000.5</k><net>-75</net>" in content


@pytest.mark.parametrize("name", ["posfile", "spanposconv"])
def test_everything_that_lacks_is_said_at_once(name: str) -> None:
    bare = {"account": "A", "product": "P", "type": "OOF", "expiry": "202606", "right": "C", "strike": 1.0}
    found = refusals(name, book_of([bare | {"quantity": 1.5}, bare | {"quantity": 3e9}]))

    expected = {"firm", "account_type", "is_customer", "currency", "clearing_org", "exchange", "business_date"}
    expected |= {"underlying_expiry", "fraction", "beyond"}
    if name == "spanposconv":
        expected |= {"segregation", "commodity"}
    said = {word for word in expected for _, _, message in found if f"without {word}," in message or word in message}
    assert expected == said
    assert len(expected) == len(found)
    assert all(message.startswith(("2 positions, first here,", "1 position ")) for _, _, message in found)
    assert {2, 3} == {line for _, line, _ in found}


@pytest.mark.parametrize("name", ["posfile", "spanposconv"])
def test_contracts_by_identifier_cannot_be_said_by_codes(name: str) -> None:
    named = FUTURE | {"contract": "NSE NIFTY FUT 20260630", "exchange": None, "product": None, "type": None}
    ((reason, line, message),) = refusals(name, book_of([FUTURE | {"contract": None}, named]))

    assert (Reason.INVALID_VALUE, 3) == (reason, line)
    assert "give exchange, product, type, expiry, right and strike instead" in message


def test_gross_positions_cannot_be_said_in_the_converter_s_csv() -> None:
    gross = FUTURE | {"quantity": None, "long": 5.0, "short": 2.0}
    ((_, _, message),) = refusals("spanposconv", book_of([gross]))

    assert "write posfile for gross accounts" in message
    assert b"<gp>" in content_of("posfile", book_of([gross]))


def test_a_posfile_needs_a_position_for_its_date() -> None:
    assert [Reason.MISSING_FIELD] == [reason for reason, _, _ in refusals("posfile", book_of([FUTURE][:0]))]


def test_control_characters_cannot_be_said_in_xml() -> None:
    ((_, _, message),) = refusals("posfile", book_of([FUTURE | {"account": "A\x01"}]))

    assert "control character in account" in message


def test_what_is_left_out_is_told() -> None:
    balance = {name: FUTURE[name] for name in ("firm", "account", "account_type", "segregation", "is_customer")}
    balance |= {"currency": "INR", "ledger_balance": 5.0, "open_trade_equity": 0.0, "securities": 0.0}
    rich = book_of([FUTURE], [balance])
    empty = book_of([FUTURE], [balance | {"ledger_balance": 0.0}, balance | {"account": "B", "ledger_balance": 0.0}])

    for name in ("csv", "ndjson", "parquet", "spanposconv"):
        assert ["1 account are left out" in message for message in warnings_of(name, rich)] == [True]
        assert ["1 account without positions" in message for message in warnings_of(name, empty)] == [True]
    assert [] == warnings_of("posfile", rich) == warnings_of("posfile", empty)
    (message,) = warnings_of("posfile", book_of([FUTURE]))
    assert "1 account states no balances" in message


def test_columns_without_a_place_are_told() -> None:
    book = book_of([FUTURE | {"price": 1.0, "desk": "d", "coupon": "c", "blank": None}])

    assert ["'price', 'desk', 'coupon'" in message for message in warnings_of("posfile", book)][:1] == [True]
    assert ["'price', 'desk' " in message for message in warnings_of("spanposconv", book)] == [True]
    assert content_of("spanposconv", book).decode().splitlines()[1].endswith(",75,c")
    assert [] == warnings_of("csv", book)


def test_inputs_with_different_columns_become_one_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("account,contract,quantity,desk\nA,X,1,d\n", "utf-8")
    pl.DataFrame({"account": ["B"], "contract": ["Y"], "quantity": [0.5], "strike": [1], "desk": [7]}).write_parquet(
        tmp_path / "b.parquet"
    )
    book = read_positions([tmp_path / "a.csv", tmp_path / "b.parquet"])

    assert b"account,contract,strike,quantity,desk\nA,X,,1.0,d\nB,Y,1,0.5,7\n" == content_of("csv", book)
    assert ["d", "7"] == read_back("parquet", book).parts[0].frame["desk"].to_list()


def test_types_without_text_are_refused_in_text_formats(tmp_path: Path) -> None:
    frame = pl.DataFrame({"account": ["B"], "contract": ["Y"], "quantity": [1], "legs": [{"a": [1]}]})
    frame.write_parquet(tmp_path / "b.parquet")
    book = read_positions(tmp_path / "b.parquet")

    for name in ("csv", "ndjson"):
        assert ["has no text" in message for _, _, message in refusals(name, book)] == [True]
    assert [{"a": [1]}] == read_back("parquet", book).parts[0].frame["legs"].to_list()


def test_a_column_name_of_several_lines_is_refused_in_csv() -> None:
    ((_, _, message),) = refusals("csv", book_of([FUTURE | {"two\nlines": "x"}]))

    assert "several lines" in message
