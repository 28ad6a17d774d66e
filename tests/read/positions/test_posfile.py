from __future__ import annotations

from pathlib import Path

import pytest

from margin.model.position import ACCOUNT_BALANCE_SCHEMA, PositionBook
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.positions import read_positions

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<posFile>
<fileFormat>4.00</fileFormat>
<pointInTime><date>20260625</date><isSetl>1</isSetl>
"""
TAIL = "</pointInTime></posFile>\n"
ACCOUNT = """<portfolio><firm>1</firm><acctId>A&amp;B</acctId><acctType>S</acctType><isCust>1</isCust><seg>CUST</seg>
<isNew>1</isNew><currency>INR</currency><ledgerBal>-12.50</ledgerBal><ote>3</ote><securities>0</securities><lue>9</lue>
"""
OPTION = (
    "<np><exch>NSE</exch><pfCode>NIFTY</pfCode><pfType>OOP</pfType><pe>20260630</pe>"
    "<undPe>00000000</undPe><o>C</o><k>24000</k><net>-75</net></np>\n"
)
FUTURE = "<np><exch>NSE</exch><pfCode>NIFTY</pfCode><pfType>FUT</pfType><pe>20260630</pe><net>30</net></np>\n"


def document(positions: str = OPTION, account: str = ACCOUNT) -> str:
    return HEAD + account + "<ecPort><ec>NSCCL</ec>\n" + positions + "</ecPort></portfolio>" + TAIL


def read(folder: Path, content: str | bytes) -> PositionBook:
    path = folder / "book.pos"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_positions([path])


def refusal(folder: Path, content: str | bytes) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(folder, content)
    return caught.value


def test_positions_carry_the_fields_of_the_elements_around_them(tmp_path: Path) -> None:
    part = read(tmp_path, document()).parts[0]

    assert (part.source.format, part.source.rows) == ("posfile", 1)
    assert part.frame.row(0, named=True) == {
        "firm": "1",
        "account": "A&B",
        "account_type": "S",
        "is_customer": True,
        "segregation": "CUST",
        "currency": "INR",
        "clearing_org": "NSCCL",
        "exchange": "NSE",
        "product": "NIFTY",
        "type": "OOP",
        "expiry": "20260630",
        "underlying_expiry": "",
        "right": "C",
        "strike": 24000.0,
        "quantity": -75.0,
        "business_date": "2026-06-25",
    }


def test_a_commodity_portfolio_gives_its_code_wherever_that_stands_in_it(tmp_path: Path) -> None:
    ports = (
        f"<ccPort><cc>NF</cc><r>1</r><currency>INR</currency><pss>0</pss>{FUTURE}</ccPort>"
        f"<ccPort>{FUTURE}<cc>NO</cc></ccPort>{FUTURE}"
    )
    frame = read(tmp_path, document(ports)).parts[0].frame

    assert frame["commodity"].to_list() == ["NF", "NO", None]
    assert frame["currency"].to_list() == ["INR"] * 3


def test_gross_positions_have_counts_of_longs_and_shorts(tmp_path: Path) -> None:
    gross = FUTURE.replace("np>", "gp>").replace("<net>30</net>", "<long>5</long><short>2</short>")
    clearing = gross.replace("gp>", "gcp>").replace("<short>", "<iaLong>0</iaLong><ieShort>0.0</ieShort><short>")
    frame = read(tmp_path, document(gross + FUTURE + clearing)).parts[0].frame

    assert frame.select("quantity", "long", "short").rows() == [(None, 5.0, 2.0), (30.0, None, None), (None, 5.0, 2.0)]


def test_each_row_knows_its_line(tmp_path: Path) -> None:
    part = read(tmp_path, document(FUTURE + "\n" + OPTION)).parts[0]

    assert [part.line_of(row) for row in range(2)] == [8, 10]


def test_every_portfolio_gives_a_row_of_balances_also_without_positions(tmp_path: Path) -> None:
    second = "<portfolio><acctId>EMPTY</acctId></portfolio>"
    book = read(tmp_path, document().replace(TAIL, second + TAIL))

    assert book.balances.schema == ACCOUNT_BALANCE_SCHEMA
    assert book.balances.rows() == [
        ("1", "A&B", "S", "CUST", True, "INR", -12.5, 3.0, 0.0),
        (None, "EMPTY", None, None, None, None, None, None, None),
    ]


def test_a_file_without_positions_is_a_warning(tmp_path: Path) -> None:
    book = read(tmp_path, document(""))

    assert (book.parts[0].frame.height, book.balances.height) == (0, 1)
    assert [problem.severity for problem in book.problems] == [Severity.WARNING]


def test_points_in_time_may_nest_or_follow_one_another(tmp_path: Path) -> None:
    nested = (
        document()
        .replace("<pointInTime>", "<pointInTime><pointInTime>")
        .replace("</pointInTime>", "</pointInTime></pointInTime>")
    )
    assert read(tmp_path, nested).parts[0].frame["business_date"].to_list() == ["2026-06-25"]

    inner = document().replace("<ecPort>", "<ecPort>", 1)
    outer_only = inner.replace("<isSetl>1</isSetl>", "<pointInTime>").replace(TAIL, "</pointInTime>" + TAIL)
    assert read(tmp_path, outer_only).parts[0].frame["business_date"].to_list() == ["2026-06-25"]

    body = document().removeprefix('<?xml version="1.0" encoding="utf-8"?>\n')
    following = body.replace("<posFile>", "").replace("</posFile>", "").replace("20260625", "20260626")
    both = document().replace("</posFile>", following.replace("<fileFormat>4.00</fileFormat>", "") + "</posFile>")
    assert read(tmp_path, both).parts[0].frame["business_date"].to_list() == ["2026-06-25", "2026-06-26"]


@pytest.mark.parametrize(
    ("old", "new", "reason", "words"),
    [
        ("<net>-75</net>", "", Reason.MISSING_FIELD, "quantity is blank"),
        ("<net>-75</net>", "<net></net>", Reason.MISSING_FIELD, "quantity is blank"),
        ("<net>-75</net>", "<net>NaN</net>", Reason.INVALID_VALUE, "net is 'NaN'"),
        ("<net>-75</net>", "<net>1</net><net>2</net>", Reason.DUPLICATE_KEY, "<net> occurs twice"),
        ("<net>-75</net>", "<net>1</net><iaLong>3</iaLong>", Reason.INVALID_VALUE, "no formula"),
        ("<net>-75</net>", "<net>1</net><long>3</long><short>0</short>", Reason.INVALID_VALUE, "in one row"),
        ("<k>24000</k>", "<k>abc</k>", Reason.INVALID_VALUE, "k is 'abc'"),
        ("<k>24000</k>", "", Reason.MISSING_FIELD, "strike is blank"),
        ("<o>C</o>", "<o>X</o>", Reason.INVALID_VALUE, "o is 'X'"),
        ("<pe>20260630</pe>", "<pe>202606.0</pe>", Reason.INVALID_VALUE, "pe is '202606.0'"),
        ("<pfCode>NIFTY</pfCode>", "", Reason.MISSING_FIELD, "product is blank"),
        ("<ledgerBal>-12.50", "<ledgerBal>much", Reason.INVALID_VALUE, "ledgerBal is 'much'"),
        ("<isCust>1", "<isCust>7", Reason.INVALID_VALUE, "isCust is '7'"),
        ("<date>20260625", "<date>20261325", Reason.INVALID_VALUE, "is '20261325'"),
        ("<acctId>A&amp;B</acctId>", "", Reason.MISSING_FIELD, "no acctId"),
        ("</ecPort>", "<edp><exch>X</exch></edp></ecPort>", Reason.UNSUPPORTED_RULE, "<edp>"),
        ("</portfolio>", "</portfolio><np><net>1</net></np>", Reason.MISSING_FIELD, "outside a <portfolio>"),
    ],
)
def test_one_fault_is_one_problem_with_its_line(tmp_path: Path, old: str, new: str, reason: Reason, words: str) -> None:
    refused = refusal(tmp_path, document().replace(old, new))

    assert refused.total == 1, str(refused)
    assert reason == refused.problems[0].reason
    assert words in refused.problems[0].message
    assert refused.problems[0].line is not None


def test_faults_of_accounts_and_positions_are_all_reported(tmp_path: Path) -> None:
    content = document(OPTION.replace("-75", "x") + FUTURE.replace("30</net>", "nan</net>")).replace("-12.50", "?")

    assert [problem.line for problem in refusal(tmp_path, content).problems] == [5, 8, 9]


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        ("<spanFile><pointInTime/></spanFile>", Reason.UNKNOWN_FORMAT, "risk parameters"),
        ("<html></html>", Reason.UNKNOWN_FORMAT, "<html>"),
        ("<!DOCTYPE posFile [<!ENTITY a 'b'>]><posFile>&a;</posFile>", Reason.HOSTILE_CONTENT, "document type"),
        ("<posFile>" + "<a>" * 70, Reason.HOSTILE_CONTENT, "64 deep"),
        (document()[:-40], Reason.SYNTAX, "complete"),
        (document().replace("&amp;", "&"), Reason.SYNTAX, "&amp;"),
        ("<posFile>&undefined;</posFile>", Reason.SYNTAX, "malformed"),
        ('<?xml version="1.0" encoding="klingon"?><posFile/>', Reason.SYNTAX, "encoding"),
        (document().encode().replace(b"A&amp;B", b"M\xfcller"), Reason.SYNTAX, "malformed"),
        ("<posFile/><posFile/>", Reason.SYNTAX, "outside any element"),
    ],
)
def test_what_is_no_whole_position_file_is_refused(
    tmp_path: Path, content: str | bytes, reason: Reason, words: str
) -> None:
    problems = refusal(tmp_path, content).problems

    assert [reason] == [problem.reason for problem in problems], problems
    assert words in problems[0].message
    assert problems[0].line is not None


def test_a_declared_single_byte_encoding_is_read(tmp_path: Path) -> None:
    content = document().replace("utf-8", "iso-8859-1").replace("A&amp;B", "Müller").encode("iso-8859-1")

    assert read(tmp_path, content).parts[0].frame["account"].to_list() == ["Müller"]


@pytest.mark.parametrize(
    ("account_type", "customer", "flag", "is_refused"),
    [
        ("F", "1", "0", True),
        ("N", "1", "2", True),
        ("F", "1", "1", False),
        ("F", "0", "0", False),
        ("S", "1", "0", False),
    ],
)
def test_clearing_accounts_without_full_use_of_option_value_are_refused(
    tmp_path: Path, account_type: str, customer: str, flag: str, is_refused: bool
) -> None:
    account = ACCOUNT.replace(">S<", f">{account_type}<").replace("<isCust>1", f"<isCust>{customer}")
    content = document(account=account.replace("<currency>", f"<custPortUseLov>{flag}</custPortUseLov><currency>"))
    if not is_refused:
        assert 1 == read(tmp_path, content).parts[0].frame.height
        return

    (problem,) = refusal(tmp_path, content).problems
    assert (Reason.UNSUPPORTED_RULE, 5) == (problem.reason, problem.line)
    assert "custPortUseLov" in problem.message


def test_what_says_nothing_of_the_margin_is_skipped(tmp_path: Path) -> None:
    more = (
        "<acctSubType><acctSubTypeCode>X</acctSubTypeCode><value>1</value></acctSubType>"
        "<qib>0</qib><pclient>P</pclient><custPortUseLov>1</custPortUseLov>"
    )
    plain = read(tmp_path, document()).parts[0].frame

    assert plain.equals(read(tmp_path, document(account=ACCOUNT + more)).parts[0].frame)
