import io
import subprocess
import sys

import polars as pl
import pytest

from margin import report
from margin.model.problem import Problem, Reason
from margin.model.run import ACCOUNTS_SCHEMA
from tests.report.fixtures import account, frame, many_accounts, small_run


def shown(run, **presentation):
    out = io.BytesIO()
    report.render(run, "table", out, report.Presentation(**presentation))
    return out.getvalue().decode(presentation.get("encoding", "utf-8"))


def line_with(text, *words):
    lines = [line for line in text.splitlines() if all(word in line for word in words)]
    assert lines, words
    return lines[0]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_longer_than_the_width(width):
    assert max(map(len, shown(small_run(), width=width).splitlines())) <= width


@pytest.mark.parametrize("amount", [1.0, 123_456_789_012.25, -98_765_432_109.5])
def test_figures_are_never_cut(amount):
    figures = dict.fromkeys(ACCOUNTS_SCHEMA.names()[9:], amount)
    rows = [account("ACC1", **figures), account("ACC2", complete=False)]
    text = shown(small_run(accounts=frame(ACCOUNTS_SCHEMA, *rows)), width=80)

    assert max(map(len, text.splitlines())) <= 80
    assert f"{amount:,.2f}" in line_with(text[text.index("ABC/ACC1 (S, CUST) ·") :], "maintenance requirement")
    assert line_with(text, "ABC/ACC1 (S").split()[-1] in (f"{amount:,.2f}", f"{amount:,.0f}")


def test_no_line_ends_with_a_blank():
    assert all(line == line.rstrip() for line in shown(small_run()).splitlines())


def test_the_head_says_what_was_computed_and_from_what():
    text = shown(small_run())
    head = text[: text.index("Accounts in INR")]

    for words in (
        "NSCCL 2026-06-25 settlement", "nsccl.20260625.s.spn", "sha256 3fa93fa93fa9", "positions.csv", "7 rows",
        "house nsccl", "as the house rounds", "units of the underlying",
        "2 accounts, 7 positions, of which 1 set aside",
    ):  # fmt: skip
        assert words in head


def test_gross_netting_spreads_and_requirement_are_all_visible():
    text = shown(small_run())
    block = text[text.index("ABC/ACC1 (S, CUST) ·") :]

    assert "1,303,600.00" in line_with(block, "outright risk")
    assert "-68,882.25" in line_with(block, "netting and spreads", "saved 5.3%")
    assert "350.50" in line_with(block, "+ intracommodity spread charge")
    assert "200.00" in line_with(block[block.index("NIFTY · NSCCL") :], "− intercommodity spread credit")
    assert "-25,000.00" in line_with(block, "net option value", "short 25,000.00")
    assert "1,259,717.75" in line_with(block, "maintenance requirement")


def test_the_active_scenario_is_said_in_words_and_marked():
    text = shown(small_run())

    assert "scenario 14: price −3/3, volatility down" in line_with(text, "scan risk, netted")
    assert ["▶ 14  price −3/3, volatility down", "▶ 13  price −3/3, volatility up"] == [
        line.strip()[: line.strip().index("  ", 6)] for line in text.splitlines() if "▶" in line
    ]


def test_losses_and_gains_are_bars_of_one_scale():
    text = shown(small_run())

    assert line_with(text, " 11  ").count("░") == line_with(text, " 14  ").count("█") > 0
    assert line_with(text, " 10  ").count("█") < line_with(text, " 14  ").count("█")
    assert 0 == line_with(text, "  1  price unchanged").count("█")


def test_incomplete_figures_are_a_dash_with_the_reason():
    text = shown(small_run())

    assert "—" in line_with(text, "!", "ABC/ACC2")
    assert "Incomplete: 1 of 2 positions set aside and no requirement for NIFTY" in text
    assert "not computed; see Problems" in text
    assert "Total, 1 of 2" in text


def test_problems_come_last_with_their_place():
    text = shown(small_run())
    problems = text[text.index("\nProblems\n") :]

    assert problems.index("error  positions.csv:12:") < problems.index("warning  positions.csv:")
    assert "(account ACC2)" in " ".join(problems.split())


def test_accounts_are_capped_and_the_page_says_so():
    text = shown(many_accounts(250))

    assert "50 smaller accounts are not shown" in text
    assert "ABC/A00249" in text
    assert "ABC/A00049" not in text
    assert "311,250.00" in line_with(text, "Total, 250")


def test_only_the_wanted_number_of_accounts_is_shown_in_detail():
    assert 3 == shown(many_accounts(10), detailed_accounts=3).count("net positions")


def test_largest_requirement_comes_first_after_accounts_without_one():
    text = shown(small_run())

    assert text.index("ABC/ACC2") < text.index("ABC/ACC1")


def test_currencies_are_named_where_there_are_several():
    rows = [account("ACC1", currency="JPY", span_risk=1234.5), account("ACC2", currency="USD", span_risk=1234.5)]
    text = shown(small_run(accounts=frame(ACCOUNTS_SCHEMA, *rows), currency_decimals={"JPY": 0}))

    assert "1,234 " in line_with(text, "ABC/ACC1", "JPY")
    assert "1,234.50" in line_with(text, "ABC/ACC2", "USD")
    assert "Accounts\n" in text


def test_an_absorbed_commodity_points_to_its_target():
    rows = small_run().commodity_rows.with_columns(
        pl.when(commodity="NIFTY").then(pl.lit("BANKNIFTY")).alias("absorbed_into")
    )

    assert "margined inside BANKNIFTY" in shown(small_run(commodity_rows=rows))


def test_plain_encodings_get_plain_characters():
    text = shown(small_run(), encoding="ascii")

    assert text.isascii()
    assert "> 14" in text
    assert "#" in text


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "a\rb", "a\nb", "[bold]x[/bold]", "\u202eabc", ":smile:"])
def test_names_from_files_cannot_steer_the_terminal(hostile):
    rows = [account(hostile), account("ACC2")]
    problem = Problem(Reason.INVALID_VALUE, f"about {hostile}", account=hostile)
    text = shown(small_run(accounts=frame(ACCOUNTS_SCHEMA, *rows), problem_list=(problem,)), width=200)

    assert "\x1b" not in text
    assert "\r" not in text
    assert "\u202e" not in text
    escaped = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in hostile)
    assert escaped in text


def test_colors_appear_only_when_allowed():
    assert "\x1b[" in shown(small_run(), color=True)
    assert "\x1b[" not in shown(small_run(), color=False)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}, {"COLUMNS": "40"}, {"TERM": "dumb"}])
def test_the_page_depends_on_the_presentation_alone(monkeypatch, variables):
    plain, colored = shown(small_run()), shown(small_run(), color=True)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert plain == shown(small_run())
    assert colored == shown(small_run(), color=True)


def test_only_the_table_needs_rich():
    code = (
        "import io, sys; from margin import report; from tests.report.fixtures import small_run\n"
        "for name in report.format_names():\n"
        "    if name not in ('table', 'span-xml'): report.render(small_run(), name, io.BytesIO())\n"
        "import margin.report.span_xml.portfolios, margin.write.parameters.spn\n"
        "assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  the interpreter itself
