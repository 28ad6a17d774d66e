"""Rules of scan ranges in YAML: what they say, and what does not go together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from margin.model.problem import InputRefused
from margin.model.scan_range import (
    Buffer,
    ExponentiallyWeighted,
    LiquidationTime,
    LiquidityTable,
    LongWindowFloor,
    Percentile,
    RuleBook,
    StandardDeviations,
    Stress,
    VolumeFactor,
)
from margin.read.scan_range_rule import read_scan_range_rule

HEAD = "format: margin-scan-range-rule\nversion: 1\n"
PLAIN = "moves: log\nunit: percent\nholding_days: 2\nholding_by: moves\nsides: each\n"
PERCENTILE = "estimators:\n- {kind: percentile, window: 250, confidence: 0.99}\n"
SOUND = HEAD + PLAIN + PERCENTILE


def read(tmp_path: Path, text: str) -> RuleBook:
    """Read a text."""
    path = tmp_path / "rule.yaml"
    path.write_text(text, "utf-8")
    return read_scan_range_rule(path)


def test_a_rule_says_everything_that_changes_a_number(tmp_path: Path) -> None:
    rule = read(tmp_path, SOUND).default

    assert ("log", "percent", 2, "moves", "each") == (
        rule.moves,
        rule.unit,
        rule.holding_days,
        rule.holding_by,
        rule.sides,
    )
    assert (Percentile(250, 0.99),) == rule.estimators
    assert [None] * 6 == [rule.stress, rule.floor, rule.buffer, rule.liquidity, rule.minimum, rule.round_up_to]


def test_all_that_a_rule_may_say(tmp_path: Path) -> None:
    more = """\
- {kind: sigma, window: 100, multiple: 3, about: mean}
- {kind: ewma, window: 250, multiple: 2.5, decay: 0.97}
stress: {first_date: 2020-02-20, last_date: 2020-04-30, weight: 0.25}
floor: {window: 2500, fraction: 1}
buffer: {fraction: 0.25, window: 60}
liquidity: {volume_window: 30, factors: [{volume_below: 1000, factor: 1.5}, {volume_below: 100, factor: 2}]}
minimum: 2
round_up_to: 0.25
underlyings:
  OIL: {minimum: null, liquidity: {volume_window: 5, position: 400, participation: 0.2}}
  012: {sides: both}
"""
    rules = read(tmp_path, SOUND + more)
    rule, oil = rules.default, rules.rule_of("OIL")

    assert (StandardDeviations(100, 3.0, "mean"), ExponentiallyWeighted(250, 2.5, 0.97)) == rule.estimators[1:]
    assert Stress(date(2020, 2, 20), date(2020, 4, 30), 0.25) == rule.stress
    assert (LongWindowFloor(2500, 1.0), Buffer(0.25, 60)) == (rule.floor, rule.buffer)
    assert LiquidityTable(30, (VolumeFactor(100.0, 2.0), VolumeFactor(1000.0, 1.5))) == rule.liquidity
    assert (None, LiquidationTime(5, 400.0, 0.2), rule.floor) == (oil.minimum, oil.liquidity, oil.floor)
    assert "both" == rules.rule_of("012").sides
    assert rule == rules.rule_of("GAS")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (SOUND.replace("sides: each\n", ""), 1, "the field 'sides' (one range for both directions"),
        (SOUND.replace("moves: log", "moves: logs"), 3, "did you mean 'log'"),
        (SOUND.replace("sides", "side"), 7, "did you mean 'sides'"),
        (SOUND.replace("0.99", "1.0"), 9, "less than 1"),
        (SOUND.replace("0.99", ".nan"), 9, "finite number"),
        (SOUND.replace("window: 250", "window: 1"), 9, "at least 2"),
        (SOUND.replace("confidence: 0.99", "multiple: 3"), 9, "the field 'confidence' is missing"),
        (SOUND.replace("confidence: 0.99", "confidence: 0.99, decay: 0.9"), 9, "'decay' does not belong to it"),
        (SOUND.replace("percentile", "median"), 9, "expected percentile, sigma or ewma"),
        (SOUND + "floor: {window: 250, fraction: 1}\n", 10, "expected a longer one"),
        (SOUND + "stress: {first_date: 2020-05-01, last_date: 2020-04-30, weight: 0.2}\n", 10, "exchange the dates"),
        (SOUND + "stress: {first_date: 2020-05-01, last_date: 2020-05-30, weight: 2}\n", 10, "at most 1"),
        (SOUND + "liquidity: {volume_window: 30}\n", 10, "either factors, or both position and participation"),
        (SOUND + "liquidity: {volume_window: 3, factors: [{volume_below: 9, factor: 0.5}]}\n", 10, "at least 1"),
        (SOUND + "minimum: 0\n", 10, "more than 0"),
        (SOUND + "underlyings:\n  OIL: {sides: null}\n", 11, "underlyings, OIL: the field 'sides'"),
        (SOUND + "underlyings:\n  OIL: {floor: {window: 9, fraction: 1}}\n", 11, "underlyings, OIL: floor: its window"),
        (SOUND + "underlyings:\n  OIL: {format: x}\n", 11, "unknown field 'format'"),
        ("format: margin-house\nversion: 1\n" + PLAIN + PERCENTILE, 1, "margin-scan-range-rule"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(InputRefused) as refused:
        read(tmp_path, text)

    assert any(line == problem.line and words in problem.message for problem in refused.value.problems), refused.value


def test_a_rule_written_down_is_the_same_rule(tmp_path: Path) -> None:
    import yaml

    rule = read(tmp_path, SOUND + "buffer: {fraction: 0.25, window: 60}\nminimum: 2\n").default
    again = yaml.safe_dump({"format": "margin-scan-range-rule", "version": 1, **rule.to_dict()})

    assert rule == read(tmp_path, again).default
