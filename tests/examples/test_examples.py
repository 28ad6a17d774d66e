"""Every example runs as its README says and gives what its folder ``expected/`` holds.

``MARGIN_WRITE_EXPECTED=1`` writes those files anew from what the commands give now.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

import margin as library
from tests.cli.command_line import margin

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
_COMMAND = re.compile(r"^```\n(margin [^\n]*)\n```$", re.MULTILINE)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of one example, without what it is expected to give."""
    copy = tmp_path / request.param.name
    shutil.copytree(request.param, copy, ignore=shutil.ignore_patterns("expected"))
    return copy


def command_of(folder: Path) -> list[str]:
    """The words of the first command in an example's README."""
    commands = _COMMAND.findall((folder / "README.md").read_text("utf-8"))
    assert commands, f"{folder.name}/README.md shows no command in a fenced block of its own"
    return shlex.split(commands[0])[1:]


def compare(folder: Path, name: str, found: bytes) -> None:
    """Hold an output against the example's expected one, or write it where that is asked for."""
    expected = EXAMPLES / folder.name / "expected" / name
    if os.environ.get("MARGIN_WRITE_EXPECTED"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_bytes(found)
    assert expected.read_bytes() == found


def test_the_report_on_the_terminal_is_the_expected_one(example: Path) -> None:
    result = margin(*command_of(example), folder=example, COLUMNS="80", PYTHONUTF8="1")

    assert result.returncode == 0
    compare(example, "report.txt", result.stdout)


def test_the_figures_of_accounts_and_totals_are_the_expected_ones(example: Path) -> None:
    result = margin(*command_of(example), "--format", "json", folder=example, PYTHONUTF8="1")

    assert result.returncode == 0
    document = json.loads(result.stdout)
    comparable = {name: document[name] for name in ("totals", "accounts")}
    compare(example, "figures.json", (json.dumps(comparable, indent=1) + "\n").encode())


def test_the_scan_ranges_of_the_commodity_desk_are_those_its_history_gives() -> None:
    folder = EXAMPLES / "03-commodity-desk"
    study = library.study_scan_ranges(
        library.read_price_history(folder / "prices.csv"),
        library.read_scan_range_rule(folder / "scan-range-rule.yaml"),
    )
    house = yaml.safe_load((folder / "house.yaml").read_text("utf-8"))

    assert house["business_date"].isoformat() == study.as_of.isoformat()
    names = ("code", "price_scan_range", "price_scan_range_down")
    stated = [{name: entry[name] for name in names} for entry in house["commodities"]]
    assert stated == [item.house_entry() for item in study.ranges]
