import io
import json
import re
from pathlib import Path

import pytest

import margin
from margin.report import EXPLANATION_FORMATS, RUN_FORMATS, Presentation

EXAMPLE = Path(__file__).parents[2] / "examples/01-nse-end-of-day"


@pytest.fixture(scope="module")
def example():
    parameters = margin.read_parameters(EXAMPLE / "parameters.spn")
    return margin.calculate(parameters, margin.read_positions(EXAMPLE / "positions.csv"))


def written(document, name, **presentation):
    out = io.BytesIO()
    EXPLANATION_FORMATS.format(name).render(document, out, Presentation(**presentation))
    return out.getvalue()


def many_parts(document, number):
    """A document whose requirement is a sum of many parts."""
    part = {**document["requirement"], "children": [], "operation": "leaf", "table": None, "note": None}
    parts = [{**part, "id": f"r/{i}", "label": f"part {i}", "value": float(i)} for i in range(1, number + 1)]
    total = sum(item["value"] for item in parts)
    root = {**document["requirement"], "operation": "sum", "value": total, "children": parts}
    return {**document, "requirement": root, "other_requirements": []}


def test_formats_of_explanations_are_not_formats_of_runs():
    assert ("json", "markdown", "tree") == EXPLANATION_FORMATS.names()
    assert "explain" not in RUN_FORMATS.names()
    assert ["json", "markdown", "tree"] == [EXPLANATION_FORMATS.for_path(f"x.{end}") for end in ("json", "md", "txt")]
    with pytest.raises(ValueError, match="did you mean tree"):
        EXPLANATION_FORMATS.format("tre")


def test_json_is_the_document(example):
    document = example.explain("COVERED-CALLS")

    assert document == json.loads(written(document, "json"))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_tree_keeps_its_width(example, width):
    text = written(example.explain("HEDGED"), "tree", width=width).decode()

    assert width >= max(map(len, text.splitlines()))
    assert text.startswith("NORTH/HEDGED (H, CUST) explained, in INR\n")


def test_a_tree_has_figures_factors_places_and_rules(example):
    text = written(example.explain("CALENDARS", why=("DECCANSOFT",)), "tree").decode()

    assert "maintenance requirement  [1]                                        2,970,233.50\n" in text
    assert "NSE DECCANSOFT FUT 20260630  -19,000 × 177.36              -3,369,840.00\n" in text
    assert "parameters.spn:121  [4]\n" in text
    assert "rate per spread  parameters.spn:844                            × 13.86\n" in text
    assert "  [3] scan risk: CME SPAN, Scan Risk, Scan Tiers; docs methodology/scan-risk\n" in text


def test_small_parts_are_put_together_unless_everything_is_wanted(example):
    document = many_parts(example.explain("CALENDARS"), 14)
    brief = written(document, "tree").decode()
    full = written(document, "tree", is_complete=True).decode()

    assert 10 == brief.count("part ")
    assert re.search(r"└ … 4 more, together +10\.00\n", brief)
    assert 14 == full.count("part ")
    assert "more, together" not in full


def test_one_part_too_many_is_not_hidden(example):
    assert 11 == written(many_parts(example.explain("CALENDARS"), 11), "tree").decode().count("part ")


def test_everything_shows_zeros_and_the_losses_of_all_scenarios(example):
    document = example.explain("COVERED-CALLS", why=("LOTUS50",))
    brief, full = (written(document, "tree", is_complete=everything).decode() for everything in (False, True))

    assert "delivery charge" not in brief
    assert "delivery charge" in full
    assert "price +1/3 of scan range, volatility up" not in brief
    assert "price +1/3 of scan range, volatility up" in full
    assert "rounded to 2 decimals, half away from zero" in full


def test_a_zero_that_was_asked_for_is_shown(example):
    document = example.explain("DIRECTIONAL", why=("intercommodity_credit",))

    assert "intercommodity spread credit" in written(document, "tree").decode()
    assert "intercommodity spread credit" in written(document, "markdown").decode()


def test_a_tree_is_coloured_on_demand_and_plain_where_the_encoding_is(example):
    document = example.explain("CALENDARS")
    coloured = written(document, "tree", color=True).decode()
    plain = written(document, "tree", encoding="ascii")

    assert "\x1b[1m" in coloured
    assert b"\x1b" not in plain
    assert b" x 177.36" in plain
    assert b"| | " in plain


def test_nothing_in_a_name_steers_the_terminal_or_is_markup(example):
    document = many_parts(example.explain("CALENDARS"), 2)
    document["requirement"]["children"][0]["label"] = "a\x1b[31m|*b*"

    assert "\x1b" not in written(document, "tree").decode()
    assert r"a\\x1b\[31m\|\*b\*" in written(document, "markdown").decode()


def test_markdown_tables_have_as_many_cells_as_their_heading(example):
    lines = written(example.explain("CALENDARS"), "markdown").decode().splitlines()
    rows = [line for line in lines if line.startswith("|")]

    assert "### LOTUS50 · NSCCL, scan risk, scenario 13 (price -1×, volatility up)" in lines
    assert {4, 6} == {row.count("|") for row in rows}
