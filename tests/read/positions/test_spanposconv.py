from __future__ import annotations

from pathlib import Path

import pytest

from margin.model.problem import InputRefused
from margin.read.positions import read_positions

# Column names of the CME SPAN Position Converter's CSV; the values are made up.
HEADER = "date,isSetl,firm,acctId,acctType,isCust,seg,currency,ec,cc,exch,pfCode,pfType,pe,undPe,o,k,net"
ROW = "20160301,1,TST,ACC1,S,1,CUST,USD,CME,SP,CME,ES,OOF,201604,201606,P,1730,-1"


def write(folder: Path, *lines: str) -> Path:
    path = folder / "positions.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_net_position_is_read_with_its_codes(tmp_path: Path) -> None:
    part = read_positions([write(tmp_path, HEADER, ROW)]).parts[0]

    assert part.source.format == "spanposconv"
    assert [
        *("TST", "ACC1", "S", True, "CUST", "USD", "CME", "SP", "CME", "ES", "OOF"),
        *("201604", "201606", "P", 1730.0, -1.0, "2016-03-01"),
    ] == list(part.frame.row(0))


def test_the_coupon_is_carried(tmp_path: Path) -> None:
    part = read_positions([write(tmp_path, HEADER + ",coupon", ROW + ",4.5", ROW + ",")]).parts[0]

    assert part.source.format == "spanposconv"
    assert part.frame["coupon"].to_list() == ["4.5", None]


def test_a_header_in_another_order_is_a_plain_table(tmp_path: Path) -> None:
    names, values = HEADER.split(","), ROW.split(",")
    part = read_positions([write(tmp_path, ",".join(names[::-1]), ",".join(values[::-1]))]).parts[0]

    assert part.source.format == "csv"
    assert part.frame["account"].to_list() == ["ACC1"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HEADER.replace("acctId", "acctid"), "column 4 is 'acctid', expected 'acctId'"),
        (HEADER.removesuffix(",net"), "column 18 is absent, expected 'net'"),
        (HEADER + ",coupon,more", "column 20 is 'more', expected none"),
    ],
)
def test_the_first_wrong_column_is_named_where_the_format_was_asked_for(
    tmp_path: Path, header: str, words: str
) -> None:
    with pytest.raises(InputRefused, match=words) as caught:
        read_positions([write(tmp_path, header, ROW)], input_format="spanposconv")

    assert [problem.line for problem in caught.value.problems] == [1]


def test_bad_values_are_refused_under_the_names_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        read_positions([write(tmp_path, HEADER, ROW, ROW.replace("-1", "1.0000000001").replace(",P,", ",Z,"))])

    assert [(problem.message.split()[0], problem.line) for problem in caught.value.problems] == [("o", 3), ("net", 3)]
