import io
import json
import re
from pathlib import Path

import pytest

import margin
from margin.report import INSPECTION_FORMATS, RUN_FORMATS, Presentation

EXAMPLE = Path(__file__).parents[2] / "examples/01-nse-end-of-day"


@pytest.fixture(scope="module")
def parameters():
    return margin.read_parameters(EXAMPLE / "parameters.spn")


@pytest.fixture(scope="module")
def documents(parameters):
    return {
        "parameters": margin.inspect(parameters),
        "commodity": margin.inspect(parameters, "LOTUS50"),
        "contract": margin.inspect(parameters, "NSE LOTUS50 FUT 20260630"),
        "changes": margin.compare_parameters(parameters, parameters),
        "positions": margin.inspect(margin.read_positions(EXAMPLE / "positions.csv")),
        "house": margin.inspect(margin.read_house("nsccl")),
    }


def written(document, name="table", **presentation):
    out = io.BytesIO()
    INSPECTION_FORMATS.format(name).render(document, out, Presentation(**presentation))
    return out.getvalue()


def test_formats_of_inspections_are_not_formats_of_runs():
    assert ("json", "markdown", "table") == INSPECTION_FORMATS.names()
    assert "inspect" not in RUN_FORMATS.names()
    assert ["json", "markdown", "table"] == [INSPECTION_FORMATS.for_path(f"x.{end}") for end in ("json", "md", "txt")]


def test_json_is_the_document(documents):
    for document in documents.values():
        assert document == json.loads(written(document, "json"))


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("kind", ["parameters", "commodity", "contract", "changes", "positions", "house"])
def test_a_table_keeps_its_width(documents, kind, width):
    text = written(documents[kind], width=width).decode()

    assert width >= max(map(len, text.splitlines()))
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_a_wider_table_has_more_columns(documents):
    narrow, wide = (written(documents["parameters"], width=width).decode() for width in (80, 200))

    assert "Price scan" in narrow
    assert "Methods" not in narrow
    assert "Methods" in wide


def test_the_ladder_marks_the_worst_scenarios(documents):
    text = written(documents["contract"], width=110).decode()

    assert "  13  price -1×, volatility up                              2,243.01  long " in text
    assert "  11  price +1×, volatility up                             -2,233.78  short" in text
    assert "│█" in text
    assert "░│" in text


def test_an_encoding_without_drawings_gets_plain_ones(documents):
    for document in documents.values():
        written(document, encoding="ascii").decode("ascii")
    assert "|#" in written(documents["contract"], encoding="ascii", width=110).decode("ascii")


def test_colour_changes_nothing_but_colour(documents):
    for document in documents.values():
        plain, colored = written(document).decode(), written(document, color=True).decode()
        assert plain.splitlines() == [re.sub("\x1b\\[[0-9;]*m", "", line).rstrip() for line in colored.splitlines()]


def test_long_lists_end_unless_all_of_them_is_wanted(documents):
    document = documents["parameters"]
    row = document["commodities"][0]
    many = {**document, "commodities": [{**row, "commodity": f"C{number:03}"} for number in range(100)]}
    brief, full = written(many).decode(), written(many, is_complete=True).decode()

    assert ("C039" in brief, "C040" in brief) == (True, False)
    assert "… 60 more commodities; --all and a JSON report show all of them." in brief
    assert "C099" in full
    assert "Scan ranges" in full


def test_changes_of_one_product_are_put_together(documents):
    rows = [
        {
            **dict.fromkeys(("clearing_org", "commodity", "exchange", "product"), "X"),
            "type": type_,
            "period": period,
            "underlying_period": "",
            "rate_id": "1",
            "field": "price_scan",
            "before": 100.0,
            "after": 125.0,
            "contracts": 4,
            "change": 0.25,
        }
        for type_, period in (("FUT", "202606"), ("OOP", "202606"), ("OOP", "202607"))
    ]
    text = written({**documents["changes"], "is_unchanged": False, "scan_ranges": rows}, width=100).decode()

    (line,) = [line for line in text.splitlines() if "price scan" in line]
    assert ["X", "X", "X", "FUT,", "OOP", "202606,", "202607", "price", "scan", "100", "125", "+25.00%"] == line.split()


def test_an_unchanged_file_says_so(documents):
    assert "The files are the same, byte for byte." in written(documents["changes"]).decode()
    other = {**documents["changes"], "is_same_content": False}
    assert "Nothing else changed." in written(other).decode()


def test_what_is_refused_is_shown_with_its_place(documents):
    problem = {"severity": "error", "message": "ccDef[X]/somMeth = ODD", "file": "x.spn", "line": 7, "attributes": {}}
    refused = {**documents["parameters"], "refused": [problem]}

    text = written(refused).decode()
    assert "Would be refused if held\n  error: x.spn:7: ccDef[X]/somMeth = ODD\n" in text


def test_markdown_has_the_same_tables(documents):
    text = written(documents["parameters"], "markdown").decode()

    assert text.startswith("# Risk parameters · NSCCL 2026-06-25 settlement final\n")
    assert "| LOTUS50 | Lotus 50 Index | INR | PHY, FUT, OOP | 114 |" in text


def test_names_from_a_file_steer_no_terminal(documents):
    document = documents["parameters"]
    row = {**document["commodities"][0], "commodity": "EVIL\x1b[2J", "name": "a\nb"}

    text = written({**document, "commodities": [row]}, width=200).decode()
    assert "\x1b" not in text
    assert "EVIL\\x1b[2J" in text
