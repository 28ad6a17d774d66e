"""Market data and overrides on the command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.command_line import REPOSITORY, margin
from tests.value.house import QUOTED

QUOTES = """product,type,expiry,underlying_expiry,right,strike,price,volatility
GC,FUT,2026-12,,,,2350,
OG,OOF,2026-11-24,2026-12,C,2400,,0.16
"""
BOOK = "account,account_type,exchange,product,type,expiry,quantity\nA1,S,XCH,GC,FUT,202612,2\n"
INPUTS = ("-p", "house.yaml", "-i", "book.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("house.yaml", QUOTED), ("quotes.csv", QUOTES), ("book.csv", BOOK)):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_a_run_from_market_data_names_them_with_their_digest(folder: Path) -> None:
    done = margin("calculate", *INPUTS, "--market", "quotes.csv", "-f", "json", folder=folder)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["run"]["market"] == [
        {"path": "quotes.csv", "sha256": hashlib.sha256(QUOTES.encode()).hexdigest(), "format": "csv", "rows": 2}
    ]
    assert report["accounts"][0]["span_risk"] == 18_000.0


def test_the_environment_gives_market_data_and_overrides_too(folder: Path) -> None:
    variables = {"MARGIN_MARKET": "quotes.csv", "MARGIN_SET": "GOLD.price_scan_range=+10%"}
    done = margin("calculate", *INPUTS, folder=folder, **variables)
    shown = done.stdout.decode()
    assert "market          quotes.csv" in shown
    assert "changed         GOLD.price_scan_range=+10%" in shown
    assert "19,800.00" in shown


def test_explanations_are_of_the_derived_and_changed_arrays(folder: Path) -> None:
    options = ("--market", "quotes.csv", "--set", "GOLD.price_scan_range=*2", "--account", "A1", "-f", "json")
    report = json.loads(margin("explain", *INPUTS, *options, folder=folder).stdout)
    assert report["run"]["overrides"] == ["GOLD.price_scan_range=*2"]
    assert report["requirement"]["value"] == 36_000.0


def test_a_missing_market_file_says_what_to_give(folder: Path) -> None:
    done = margin("calculate", *INPUTS, folder=folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert "no market data quote any; give --market FILE" in done.stderr.decode()


def test_faults_of_market_data_overrides_and_positions_are_said_at_once(folder: Path) -> None:
    (folder / "quotes.csv").write_text(QUOTES.replace("2350", "x"), "utf-8")
    (folder / "book.csv").write_text(BOOK.replace(",2\n", ",two\n"), "utf-8")
    done = margin("calculate", *INPUTS, "--market", "quotes.csv", "--set", "GOLD", folder=folder)
    said = done.stderr.decode()
    assert done.returncode == 2
    for found in ("--set 'GOLD': expected NAME=VALUE", "quotes.csv:2", "book.csv:2"):
        assert found in said
    assert "give --market" not in said


def test_an_output_never_replaces_the_market_data(folder: Path) -> None:
    done = margin("calculate", *INPUTS, "--market", "quotes.csv", "-o", "quotes.csv", "-f", "csv", folder=folder)
    assert done.returncode == 2
    assert (folder / "quotes.csv").read_text("utf-8") == QUOTES


@pytest.fixture
def schemas() -> dict[str, Any]:
    return {
        name: json.loads((REPOSITORY / f"configs/schema/{name}.schema.json").read_bytes())
        for name in ("inspect", "validate")
    }


def test_a_house_configuration_is_inspected_with_its_market_data(folder: Path) -> None:
    refused = margin("inspect", "house.yaml", folder=folder)
    assert (refused.returncode, b"give --market FILE" in refused.stderr) == (2, True)
    shown = margin("inspect", "house.yaml", "-f", "json", folder=folder, MARGIN_MARKET="quotes.csv")
    assert json.loads(shown.stdout)["counts"]["contracts"] == 2
    done = margin("inspect", "house.yaml", "XCH GC FUT 202612", "--market", "quotes.csv", "-f", "json", folder=folder)
    assert json.loads(done.stdout)["contracts"][0]["arrays"][0]["scenarios"][12]["loss"] == 9000.0


def test_both_files_of_a_comparison_use_the_market_data(folder: Path) -> None:
    later = QUOTED.replace("{points: 90}", "{points: 99}")
    (folder / "later.yaml").write_text(later, "utf-8")
    done = margin("inspect", "house.yaml", "later.yaml", "--market", "quotes.csv", "-f", "json", folder=folder)
    changes = [(row["before"], row["after"]) for row in json.loads(done.stdout)["scan_ranges"]]
    assert (9000.0, 9900.0) in changes
    (folder / "quotes.csv").write_text(QUOTES.replace("2350", "x"), "utf-8")
    done = margin("inspect", "house.yaml", "later.yaml", "--market", "quotes.csv", folder=folder)
    assert done.stderr.decode().count("quotes.csv:2") == 1


def test_market_data_are_inspected_themselves(folder: Path, schemas: dict[str, Any]) -> None:
    document = json.loads(margin("inspect", "quotes.csv", "-f", "json", folder=folder).stdout)
    jsonschema.validate(document, schemas["inspect"])
    assert (document["kind"], document["counts"]["quotes"]) == ("market", 2)
    assert [(row["product"], row["volatilities"]) for row in document["products"]] == [("GC", 0), ("OG", 1)]
    (folder / "surface.csv").write_text(
        "underlying,expiry,price,strike,volatility,date\nX,,100,,,2026-06-25\nX,202609,,90,0.2,\n", "utf-8"
    )
    for form in ("table", "markdown"):
        shown = margin("inspect", "surface.csv", "-f", form, folder=folder)
        assert (shown.returncode, shown.stderr) == (0, b"")
        assert "Underlyings" in shown.stdout.decode()
    document = json.loads(margin("inspect", "surface.csv", "-f", "json", folder=folder).stdout)
    jsonschema.validate(document, schemas["inspect"])
    (row,) = document["underlyings"]
    assert (document["date"], row["spot"], row["volatility_points"], row["last_period"]) == (
        "2026-06-25", 100.0, 1, "202609",
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["spn", "margin"])
def test_derived_arrays_are_converted_and_margin_the_same(folder: Path, ending: str) -> None:
    target = f"out.{ending}"
    assert margin("convert", "house.yaml", target, folder=folder).returncode == 2
    done = margin("convert", "house.yaml", target, "--market", "quotes.csv", folder=folder)
    assert done.returncode == 0
    assert "keep the house configuration" in done.stderr.decode()
    run = margin("calculate", "-p", target, "-i", "book.csv", "-f", "json", folder=folder)
    assert json.loads(run.stdout)["accounts"][0]["span_risk"] == 18_000.0


def test_market_data_have_no_other_format_and_are_never_replaced(folder: Path) -> None:
    done = margin("convert", "quotes.csv", "quotes.parquet", folder=folder)
    assert (done.returncode, b"there is no other format" in done.stderr) == (2, True)
    done = margin("convert", "house.yaml", "quotes.csv", "--to", "spn", "--market", "quotes.csv", folder=folder)
    assert (done.returncode, (folder / "quotes.csv").read_text("utf-8")) == (2, QUOTES)


def test_market_data_are_validated_and_what_follows_from_them(folder: Path, schemas: dict[str, Any]) -> None:
    def validated(*arguments: str) -> tuple[int, dict[str, tuple[str, int]]]:
        done = margin("validate", *arguments, "-f", "json", folder=folder)
        document = json.loads(done.stdout)
        jsonschema.validate(document, schemas["validate"])
        return done.returncode, {file["path"]: (file["kind"], file["faults"]) for file in document["files"]}

    assert validated("quotes.csv") == (0, {"quotes.csv": ("market", 0)})
    both = {"quotes.csv": ("market", 0), "house.yaml": ("parameters", 0)}
    assert validated("house.yaml", "--market", "quotes.csv") == (0, both)
    (folder / "quotes.csv").write_text(QUOTES.replace("0.16", ""), "utf-8")
    code, files = validated("house.yaml", "--market", "quotes.csv")
    assert (code, files["quotes.csv"], files["house.yaml"][1] > 0) == (2, ("market", 0), True)
    (folder / "quotes.csv").write_text(QUOTES.replace("2350", "x"), "utf-8")
    code, files = validated("house.yaml", "--market", "quotes.csv")
    assert (code, files) == (2, {"quotes.csv": ("market", 1), "house.yaml": ("parameters", 0)})
    (folder / "quotes.csv").write_text(QUOTES, "utf-8")
    (folder / "again.csv").write_text(QUOTES, "utf-8")
    code, files = validated("house.yaml", "--market", "quotes.csv", "--market", "again.csv")
    assert (code, files["quotes.csv"], files["again.csv"]) == (2, ("market", 0), ("market", 2))
