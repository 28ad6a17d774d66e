"""Rules of scan ranges from YAML: how a price scan range follows from a history of prices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from pydantic import Field

from margin.model.problem import Faults, Reason
from margin.model.scan_range import (
    Buffer,
    Estimator,
    ExponentiallyWeighted,
    LiquidationTime,
    Liquidity,
    LiquidityTable,
    LongWindowFloor,
    Percentile,
    RuleBook,
    ScanRangeRule,
    StandardDeviations,
    Stress,
    VolumeFactor,
)
from margin.read.fields import Entry, IsoDate, PositiveNumber
from margin.read.source import open_source
from margin.read.strict_yaml import TreePath, YamlTree, load_yaml
from margin.read.validated import describe_place, validate

Complain: TypeAlias = Callable[[TreePath, Reason, str], None]

LONGEST_WINDOW = 100_000

_ESTIMATOR_FIELDS = {
    "percentile": {"confidence"},
    "sigma": {"multiple", "about"},
    "ewma": {"multiple", "decay"},
}
_LIQUIDITY_FORMS = ({"factors"}, {"position", "participation"})


class EstimatorEntry(Entry):
    """One estimator: ``percentile`` needs a confidence, ``sigma`` multiple and about, ``ewma`` multiple and decay."""

    kind: Literal["percentile", "sigma", "ewma"] = Field(description="percentile, sigma or ewma")
    window: int = Field(ge=2, le=LONGEST_WINDOW, description="number of moves that it looks back on, such as 250")
    confidence: float | None = Field(
        None, gt=0, lt=1, allow_inf_nan=False, description="fraction of moves that the range covers, such as 0.99"
    )
    multiple: PositiveNumber | None = Field(None, description="multiple of the standard deviation, such as 3")
    about: Literal["zero", "mean"] | None = Field(None, description="what deviations are measured from")
    decay: float | None = Field(
        None,
        gt=0,
        lt=1,
        allow_inf_nan=False,
        description="weight of a move as a fraction of the next one's, such as 0.97",
    )


class StressEntry(Entry):
    """A stressed period and its weight."""

    first_date: IsoDate = Field(description="first day of the period")
    last_date: IsoDate = Field(description="last day of the period")
    weight: float = Field(gt=0, le=1, allow_inf_nan=False, description="weight of the period's range, such as 0.25")


class FloorEntry(Entry):
    """The range of a long window as a floor."""

    window: int = Field(ge=2, le=LONGEST_WINDOW, description="number of moves, such as 2500")
    fraction: PositiveNumber = Field(description="fraction of the long window's range, such as 1")


class BufferEntry(Entry):
    """A buffer that is used up when ranges rise."""

    fraction: PositiveNumber = Field(description="fraction added to the range, such as 0.25")
    window: int = Field(ge=1, le=LONGEST_WINDOW, description="days of ranges whose mean tells when it is used up")


class VolumeFactorEntry(Entry):
    """A factor for thinly traded underlyings."""

    volume_below: PositiveNumber = Field(description="average lots a day")
    factor: float = Field(ge=1, allow_inf_nan=False, description="what the range is multiplied by")


class LiquidityEntry(Entry):
    """How ranges grow where little is traded: factors by volume, or a position and the time it takes to sell."""

    volume_window: int = Field(ge=1, le=LONGEST_WINDOW, description="days over which the volume is averaged")
    factors: list[VolumeFactorEntry] | None = Field(None, min_length=1, description="factors by average volume")
    position: PositiveNumber | None = Field(None, description="lots to be sold")
    participation: float | None = Field(
        None, gt=0, le=1, allow_inf_nan=False, description="fraction of a day's volume that can be sold, such as 0.2"
    )


class OwnRuleEntry(Entry):
    """What differs for one underlying; a field that is null is taken away."""

    moves: Literal["absolute", "simple", "log"] | None = Field(
        None, description="price differences, simple or logarithmic returns"
    )
    estimators: list[EstimatorEntry] | None = Field(
        None, min_length=1, description="of several, the greatest range counts"
    )
    unit: Literal["points", "percent"] | None = Field(None, description="what the range is stated in")
    holding_days: int | None = Field(None, ge=1, le=1_000, description="days over which the range must hold, such as 2")
    holding_by: Literal["moves", "square_root"] | None = Field(
        None, description="moves over so many days, or daily moves times the square root"
    )
    sides: Literal["both", "each"] | None = Field(None, description="one range for both directions, or one for each")
    stress: StressEntry | None = None
    floor: FloorEntry | None = None
    buffer: BufferEntry | None = None
    liquidity: LiquidityEntry | None = None
    minimum: PositiveNumber | None = Field(None, description="least range, in the unit")
    round_up_to: PositiveNumber | None = Field(None, description="unit of which the range is a multiple, such as 0.25")


class RuleDocument(OwnRuleEntry):
    """A rule of scan ranges, and what differs for single underlyings."""

    format: Literal["margin-scan-range-rule"] = Field(description="always margin-scan-range-rule")
    version: Literal[1] = Field(description="version of this format, always 1")
    underlyings: dict[str, OwnRuleEntry] | None = Field(
        None, description="by underlying: the fields that differ; null takes a field away"
    )


_FIELDS = tuple(OwnRuleEntry.model_fields)
_NEEDED = ("moves", "estimators", "unit", "holding_days", "holding_by", "sides")
_PLAIN = ("moves", "unit", "holding_days", "holding_by", "sides", "minimum", "round_up_to")


def read_scan_range_rule(path: str | Path) -> RuleBook:
    """Read a rule file.

    Raises:
        InputRefused: With every fault of the file.
    """
    source = open_source(path, suffixes=(".yaml", ".yml"))
    faults = Faults(source.path)
    tree = load_yaml(source.content, faults)
    document = validate(tree, RuleDocument, faults) if tree else None
    faults.refuse_if_any()
    if tree is None or document is None:
        raise AssertionError("a document without faults has a rule")
    rule = _rule(tree, (), {name: getattr(document, name) for name in _FIELDS}, faults)
    rules = {}
    for underlying, entry in (document.underlyings or {}).items():
        stated = {name: getattr(entry if name in entry.model_fields_set else document, name) for name in _FIELDS}
        rules[underlying] = _rule(tree, ("underlyings", underlying), stated, faults)
    faults.refuse_if_any()
    return RuleBook(rule, MappingProxyType(rules), source.path, source.sha256)


def _rule(tree: YamlTree, path: TreePath, stated: dict[str, Any], faults: Faults) -> ScanRangeRule:
    """The rule that fields state; what does not go together goes to `faults`."""

    def complain(place: TreePath, reason: Reason, message: str) -> None:
        line, column = tree.position_of(tree.known_path((*path, *place)))
        faults.add(reason, f"{describe_place(path)}: {message}" if path else message, line=line, column=column)

    missing = [name for name in _NEEDED if stated[name] is None]
    for name in missing:
        meaning = OwnRuleEntry.model_fields[name].description
        complain((), Reason.MISSING_FIELD, f"the field {name!r} ({meaning}) is missing; add it")
    _check(stated, complain)
    stress, floor, buffer, liquidity = (stated[name] for name in ("stress", "floor", "buffer", "liquidity"))
    return ScanRangeRule(
        estimators=tuple(_estimator(item) for item in stated["estimators"] or ()),
        stress=stress
        and Stress(date.fromisoformat(stress.first_date), date.fromisoformat(stress.last_date), stress.weight),
        floor=floor and LongWindowFloor(floor.window, floor.fraction),
        buffer=buffer and Buffer(buffer.fraction, buffer.window),
        liquidity=liquidity and _liquidity(liquidity),
        **{name: stated[name] for name in _PLAIN},
    )


def _check(stated: dict[str, Any], complain: Complain) -> None:
    """Report fields that do not go together."""
    estimators, stress, floor, liquidity = (stated[name] for name in ("estimators", "stress", "floor", "liquidity"))
    for i, item in enumerate(estimators or ()):
        _check_estimator(i, item, complain)
    if stress is not None and stress.first_date > stress.last_date:
        message = f"stress: the period ends on {stress.last_date}, before its first day; exchange the dates"
        complain(("stress", "last_date"), Reason.INVALID_VALUE, message)
    if floor is not None and floor.window <= max((item.window for item in estimators or ()), default=0):
        message = f"floor: its window is {floor.window}, expected a longer one than those of the estimators"
        complain(("floor", "window"), Reason.INVALID_VALUE, message)
    if liquidity is not None:
        given = {name for name in ("factors", "position", "participation") if getattr(liquidity, name) is not None}
        if given not in _LIQUIDITY_FORMS:
            message = "liquidity: give either factors, or both position and participation"
            complain(("liquidity",), Reason.INVALID_VALUE, message)


def _check_estimator(i: int, item: EstimatorEntry, complain: Complain) -> None:
    needed = _ESTIMATOR_FIELDS[item.kind]
    given = {name for name in ("confidence", "multiple", "about", "decay") if getattr(item, name) is not None}
    words = f"estimators, item {i + 1}, {item.kind}"
    for name in sorted(needed - given):
        complain(("estimators", i), Reason.MISSING_FIELD, f"{words}: the field {name!r} is missing; add it")
    for name in sorted(given - needed):
        message = f"{words}: the field {name!r} does not belong to it; it takes window, {', '.join(sorted(needed))}"
        complain(("estimators", i, name), Reason.UNKNOWN_NAME, message)


def _estimator(entry: EstimatorEntry) -> Estimator:
    # What is missing has been reported, so that no zero here ever counts.
    if entry.kind == "percentile":
        return Percentile(entry.window, entry.confidence or 0.0)
    if entry.kind == "sigma":
        return StandardDeviations(entry.window, entry.multiple or 0.0, entry.about or "zero")
    return ExponentiallyWeighted(entry.window, entry.multiple or 0.0, entry.decay or 0.0)


def _liquidity(entry: LiquidityEntry) -> Liquidity:
    if entry.factors is not None:
        factors = sorted((VolumeFactor(item.volume_below, item.factor) for item in entry.factors), key=_threshold)
        return LiquidityTable(entry.volume_window, tuple(factors))
    return LiquidationTime(entry.volume_window, entry.position or 0.0, entry.participation or 0.0)


def _threshold(factor: VolumeFactor) -> float:
    return factor.volume_below
