"""``margin arrays`` and ``margin arrays scan-range``: what they show, write and refuse."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
import yaml

import margin
from cli.main import run
from margin.read.scan_range_rule import read_scan_range_rule
from tests.cli.command_line import REPOSITORY, clean_environment
from tests.cli.command_line import margin as margin_process
from tests.value.house import QUOTED
from tests.value.price_histories import random_prices, weekdays

QUOTES = """\
date,product,type,expiry,underlying_expiry,right,strike,price,volatility
2026-06-25,GC,FUT,202612,,,,2350,
2026-06-25,OG,OOF,2026-11-24,202612,C,2400,,0.16
2026-06-25,OG,OOF,2026-11-24,202612,P,2200,,0.18
"""
POSITIONS = """\
account,product,type,expiry,underlying_expiry,right,strike,quantity
A,GC,FUT,202612,,,,3
A,OG,OOF,2026-11-24,202612,C,2400,-5
B,OG,OOF,2026-11-24,202612,P,2200,4
"""
RULE = """\
format: margin-scan-range-rule
version: 1
moves: absolute
unit: points
holding_days: 2
holding_by: moves
sides: each
estimators:
- {kind: percentile, window: 60, confidence: 0.99}
- {kind: ewma, window: 60, multiple: 1, decay: 0.97}
round_up_to: 0.01
"""
PLAIN = ("--estimator", "percentile", "--window", "60", "--confidence", "0.99", "--moves", "log")
STATED = (*PLAIN, "--holding-days", "1", "--unit", "percent")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clean_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "house.yaml").write_text(QUOTED, "utf-8")
    (tmp_path / "quotes.csv").write_text(QUOTES, "utf-8")
    (tmp_path / "positions.csv").write_text(POSITIONS, "utf-8")
    (tmp_path / "rule.yaml").write_text(RULE, "utf-8")
    lines = ["date,underlying,price"]
    for number, name in enumerate(("GOLD", "OIL & <GAS>")):
        lines += [
            f"{day},{name},{price}" for day, price in zip(weekdays(200), random_prices(200, number + 1), strict=True)
        ]
    (tmp_path / "prices.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``margin arrays``."""
    code = run(["arrays", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def schema(name: str) -> Any:
    """A packaged JSON Schema."""
    return json.loads((REPOSITORY / f"configs/schema/{name}.schema.json").read_text("utf-8"))


HOUSE = ("--config", "house.yaml", "--market", "quotes.csv")


def test_arrays_are_shown_with_what_they_come_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, *HOUSE)

    assert (0, "3 risk arrays, 3 of them derived\n") == (code, err)
    assert "XCH GOLD · USD" in out
    assert "XCH GC FUT 202612\n  price 2,350 · model linear · level 2,350 · composite delta 1\n" in out
    assert "model black_76 · level 2,350 · volatility 0.16" in out
    assert "-9,000.00" in out  # 90 points of 100 dollars


def test_names_of_the_parameter_option_are_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = said(capsys, *HOUSE)

    for name in ("-c", "--parameters", "-p"):
        assert expected == said(capsys, name, "house.yaml", "--market", "quotes.csv")


def test_json_csv_and_parquet_hold_the_same_arrays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(said(capsys, *HOUSE, "--format", "json")[1])
    rows = list(csv.DictReader(io.StringIO(said(capsys, *HOUSE, "-f", "csv")[1])))
    assert 0 == said(capsys, *HOUSE, "-o", "arrays.parquet")[0]
    frame = pl.read_parquet("arrays.parquet")

    jsonschema.validate(document, schema("arrays"))
    assert ["house.yaml"] == [source["path"] for source in document["parameters"]]
    assert ["quotes.csv"] == [source["path"] for source in document["market"]]
    assert ["XCH GC FUT 202612"] == frame["contract"].to_list()[:1]
    for entry, row, values in zip(document["arrays"], rows, frame.iter_rows(named=True), strict=True):
        losses = [float(row[f"a{number}"]) for number in range(1, 17)]
        assert entry["losses"] == losses == [values[f"a{number}"] for number in range(1, 17)]
        assert entry["composite_delta"] == float(row["composite_delta"]) == values["composite_delta"]
        assert (entry["model"], entry["level"]) == (values["model"], 2350.0)


@pytest.mark.parametrize("name", ["house.spn", "house.margin"])
def test_exported_parameters_margin_as_the_house_does(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert 0 == said(capsys, *HOUSE, "-o", name)[0]
    direct = margin.calculate(
        margin.read_parameters("house.yaml", market=margin.read_market("quotes.csv")),
        margin.read_positions("positions.csv"),
    ).to_dict()
    exported = margin.calculate(margin.read_parameters(name), margin.read_positions("positions.csv")).to_dict()

    for one, other in zip(direct["accounts"], exported["accounts"], strict=True):
        assert one["maintenance_requirement"] == pytest.approx(other["maintenance_requirement"], rel=1e-9)
        assert one["span_risk"] > 0.0


def test_what_a_format_cannot_say_is_refused_and_nothing_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "house.yaml").write_text(QUOTED.replace("code: GOLD", "code: GOLDEN-FUTURES"), "utf-8")
    code, _, err = said(capsys, *HOUSE, "-o", "house.pa2")

    assert 2 == code
    assert "pa2 cannot say this" in err
    assert not (folder / "house.pa2").exists()


def test_an_override_changes_the_arrays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(said(capsys, *HOUSE, "--set", "GOLD.price_scan_range=12000", "-f", "json")[1])

    assert 12_000.0 == max(document["arrays"][0]["losses"])
    assert ["GOLD.price_scan_range=12000"] == document["overrides"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "missing option '--config'"),
        (("-c", "house.yaml", "-f", "jsn"), "did you mean json"),
        (("-c", "house.yaml", "-o", "arrays.xyz"), "ending"),
        (("-c", "house.yaml"), "no market data quote any"),
        (("-c", "house.yaml", "--market", "missing.csv"), "no such file"),
        (("-f", "json", "scan-range", "--history", "prices.csv"), "options of scan-range stand behind it"),
    ],
)
def test_bad_arguments_and_inputs_exit_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = said(capsys, *arguments)

    assert (2, "") == (code, out)
    assert words in err


def test_faults_of_market_and_configuration_are_said_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "house.yaml").write_text(QUOTED.replace("version: 1", "version: 2"), "utf-8")
    (folder / "quotes.csv").write_text(QUOTES.replace("2350", "x"), "utf-8")
    err = said(capsys, *HOUSE)[2]

    assert "house.yaml:2" in err
    assert "quotes.csv:2" in err


def test_the_project_file_and_the_environment_set_options(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "margin.yaml").write_text("config: [house.yaml]\nhistory: prices.csv\nrule: rule.yaml\n", "utf-8")
    monkeypatch.setenv("MARGIN_MARKET", "quotes.csv")

    assert 0 == said(capsys)[0]
    code, out, _ = said(capsys, "scan-range", "--format", "table")
    assert 0 == code
    assert "from prices.csv" in out


def test_scan_ranges_are_entries_of_a_house_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "scan-range", "--history", "prices.csv", "--rule", "rule.yaml")
    document = yaml.safe_load(out)

    assert (0, "2 scan ranges of 2020-10-09\n") == (code, err)
    gold = document["commodities"][0]
    assert {"code", "price_scan_range", "price_scan_range_down"} == set(gold)
    working = document["workings"][0]
    assert (gold["price_scan_range"], gold["price_scan_range_down"]) == (
        {"points": working["up"]},
        {"points": working["down"]},
    )
    ranges = "\n    ".join(f"{name}: {value}" for name, value in gold.items() if name != "code").replace("'", "")
    (folder / "house.yaml").write_text(QUOTED.replace("price_scan_range: {points: 90}", ranges), "utf-8")
    future = json.loads(said(capsys, *HOUSE, "-f", "json")[1])["arrays"][0]
    assert (working["up"], working["down"]) == (future["price_scan_up"], future["price_scan_down"])


def test_rule_window_result_and_digest_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import hashlib

    document = yaml.safe_load(said(capsys, "scan-range", "--history", "prices.csv", "--rule", "rule.yaml")[1])
    working = document["workings"][1]

    assert hashlib.sha256((folder / "prices.csv").read_bytes()).hexdigest() == document["history"]["sha256"]
    assert hashlib.sha256((folder / "rule.yaml").read_bytes()).hexdigest() == document["rule_file"]["sha256"]
    stated = {"format": "margin-scan-range-rule", "version": 1, **working["rule"]}
    (folder / "again.yaml").write_text(yaml.safe_dump(stated), "utf-8")
    assert read_scan_range_rule("rule.yaml").default == read_scan_range_rule("again.yaml").default
    assert (60, "rounded up to 0.01") == (working["rule"]["estimators"][0]["window"], working["steps"][-1]["name"])
    assert working["steps"][-1]["up"] == working["up"]


def test_all_formats_say_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = [word for name in ("yaml", "html", "table") for word in ("--report", f"{name}=out.{name}")]
    command = ("scan-range", "--history", "prices.csv", "--rule", "rule.yaml", "-f", "json")
    document = json.loads(said(capsys, *command, *reports)[1])
    page, table = ((folder / f"out.{name}").read_text("utf-8") for name in ("html", "table"))
    jsonschema.validate(document, schema("scan-range"))
    workings = yaml.safe_load((folder / "out.yaml").read_text("utf-8"))["workings"]

    for item, working in zip(document["scan_ranges"], workings, strict=True):
        series = item.pop("series")
        assert item == working
        assert (series["up"][-1], series["down"][-1]) == (item["up"], item["down"])
        assert len(series["dates"]) == len(series["up"]) == len(series["moves"]) + 2
        assert item["backtest"]["days"] == len(series["moves"])
        for text in (page, table):
            assert f"{item['up']:,.10g}" in text


class Page(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def test_the_page_stands_alone_and_is_well_formed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "scan-range", "--history", "prices.csv", *STATED, "-o", "page.html")
    text = (folder / "page.html").read_text("utf-8")
    page = Page(text)

    assert [] == page.open
    assert not re.search(r"https?:|//|<script|@import|url\(|<link|<img", text.replace("<!DOCTYPE html>", ""))
    assert "prefers-color-scheme: dark" in text
    assert "OIL &amp; &lt;GAS&gt;" in text
    assert "<GAS>" not in text
    charts = [attributes for tag, attributes in page.tags if tag == "svg"]
    ids = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}
    assert 2 == len(charts)
    for attributes in charts:
        assert "img" == attributes["role"]
        assert set((attributes["aria-labelledby"] or "").split()) <= ids


def test_every_move_beyond_its_range_is_a_row_and_a_ring(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("scan-range", "--history", "prices.csv", *STATED, "--report", "html=page.html", "-f", "json")
    document = json.loads(said(capsys, *command)[1])
    text = (folder / "page.html").read_text("utf-8")
    beyond = sum(item["backtest"]["above"] + item["backtest"]["below"] for item in document["scan_ranges"])

    assert 0 < beyond == text.count('<circle class="beyond"')
    rows = re.findall(r"<tr><td>\d{4}-\d{2}-\d{2}</td>", text)
    assert beyond == len(rows)


def test_reports_are_the_same_bytes_every_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = []
    for _ in range(2):
        said(capsys, "scan-range", "--history", "prices.csv", *STATED, "-o", "page.html", "--report", "json=a.json")
        written.append([(folder / name).read_bytes() for name in ("page.html", "a.json")])

    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give --rule FILE, or --estimator"),
        (PLAIN, "also needs --holding-days, --unit"),
        (("--rule", "rule.yaml", *PLAIN), "--rule and --estimator exclude each other"),
        ((*STATED, "--decay", "0.9"), "--decay does not belong to --estimator percentile"),
        ((*STATED, "--confidence", "1"), "expected a fraction between 0 and 1"),
        ((*STATED, "--confidence", "nan"), "expected a fraction between 0 and 1"),
        ((*STATED, "--window", "500"), "expected at least 501"),
        ((*STATED, "--as-of", "2020-01-08"), "expected at least 61"),
        ((*STATED, "--as-of", "2020-02-30"), "is not a date"),
        ((*STATED, "-f", "xml"), "is not a format"),
        ((*STATED, "-o", "prices.csv", "-f", "yaml"), "is also an input"),
    ],
)
def test_what_a_study_cannot_do_exits_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = said(capsys, "scan-range", "--history", "prices.csv", *arguments)

    assert (2, "") == (code, out)
    assert words in err


def test_gaps_exit_with_1_only_if_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (folder / "prices.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "prices.csv").write_text("".join([*lines[:20], *lines[30:]]), "utf-8")
    plain = said(capsys, "scan-range", "--history", "prices.csv", *STATED)
    strict = said(capsys, "scan-range", "--history", "prices.csv", *STATED, "--strict")

    assert [0, 1] == [plain[0], strict[0]]
    assert plain[1] == strict[1]
    assert "the prices of GOLD have a gap of" in plain[2]


def test_help_names_both_commands(tmp_path: Path) -> None:
    shown = margin_process("arrays", "--help", folder=tmp_path).stdout.decode()

    assert "scan-range" in shown
    assert "--history" in margin_process("arrays", "scan-range", "--help", folder=tmp_path).stdout.decode()
