"""Price scan ranges from price history: the rule that is stated, and what it comes to for each underlying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from margin.model.market import MarketSource
from margin.model.problem import Problem
from margin.numeric.arrays import BoolArray, FloatArray

DateArray: TypeAlias = npt.NDArray[np.datetime64]

MoveKind = Literal["absolute", "simple", "log"]
RangeUnit = Literal["points", "percent"]
HoldingMethod = Literal["moves", "square_root"]
Sides = Literal["both", "each"]

SCHEMA_VERSION = 1

_EXACTLY = 1.0 + 1e-12  # doubles that stand for the same decimals differ by less


@dataclass(frozen=True, slots=True)
class Percentile:
    """The smallest of the last `window` moves that a fraction `confidence` of them does not exceed."""

    window: int
    confidence: float


@dataclass(frozen=True, slots=True)
class StandardDeviations:
    """A multiple of the standard deviation of the last `window` moves.

    Attributes:
        about: ``zero``: root mean square; ``mean``: about the sample's mean, with one degree of freedom less.
    """

    window: int
    multiple: float
    about: Literal["zero", "mean"]


@dataclass(frozen=True, slots=True)
class ExponentiallyWeighted:
    """A multiple of the root of the exponentially weighted mean square of the last `window` moves.

    Attributes:
        decay: λ: the weight of a move as a fraction of that of the move after it.
    """

    window: int
    multiple: float
    decay: float


Estimator: TypeAlias = Percentile | StandardDeviations | ExponentiallyWeighted

ESTIMATOR_NAMES: Mapping[type, str] = MappingProxyType(
    {Percentile: "percentile", StandardDeviations: "sigma", ExponentiallyWeighted: "ewma"}
)
"""Names of estimators in rules and reports."""


@dataclass(frozen=True, slots=True)
class Stress:
    """Weight given to the range of a stressed period, of which both ends are included."""

    first_date: date
    last_date: date
    weight: float


@dataclass(frozen=True, slots=True)
class LongWindowFloor:
    """A range is at least `fraction` times that of the last `window` moves, all weighted alike."""

    window: int
    fraction: float


@dataclass(frozen=True, slots=True)
class Buffer:
    """A range is raised by `fraction`, which is used up as it rises above its mean of the last `window` days."""

    fraction: float
    window: int


@dataclass(frozen=True, slots=True)
class VolumeFactor:
    """What a range is multiplied by where the average volume is below `volume_below` lots a day."""

    volume_below: float
    factor: float


@dataclass(frozen=True, slots=True)
class LiquidityTable:
    """Factors by average daily volume of the last `volume_window` days; 1 where none applies."""

    volume_window: int
    factors: tuple[VolumeFactor, ...]


@dataclass(frozen=True, slots=True)
class LiquidationTime:
    """The root of the days it takes to sell a position over the holding period, where that is more than 1.

    Attributes:
        volume_window: Days over which the daily volume is averaged.
        position: Lots.
        participation: Fraction of a day's volume that can be sold.
    """

    volume_window: int
    position: float
    participation: float


Liquidity: TypeAlias = LiquidityTable | LiquidationTime


@dataclass(frozen=True, slots=True)
class ScanRangeRule:
    """How a price scan range follows from a history of prices.

    Attributes:
        moves: What is measured: differences of prices, or their simple or logarithmic returns.
        estimators: The greatest of them is taken.
        unit: What the range is stated in.
        holding_days: Days of the history over which the range must hold.
        holding_by: ``moves``: overlapping moves over so many days; ``square_root``: daily moves times the root.
        sides: ``both``: one range from moves of either sign; ``each``: one from rises and one from falls.
        minimum: In `unit`.
        round_up_to: Unit of which the range is a multiple, in `unit`.
    """

    moves: MoveKind
    estimators: tuple[Estimator, ...]
    unit: RangeUnit
    holding_days: int
    holding_by: HoldingMethod
    sides: Sides
    stress: Stress | None = None
    floor: LongWindowFloor | None = None
    buffer: Buffer | None = None
    liquidity: Liquidity | None = None
    minimum: float | None = None
    round_up_to: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The rule as a rule file states it."""
        stated = {name: value for name, value in asdict(self).items() if value is not None}
        stated["estimators"] = [{"kind": ESTIMATOR_NAMES[type(item)], **asdict(item)} for item in self.estimators]
        if self.stress is not None:
            for name in ("first_date", "last_date"):
                stated["stress"][name] = stated["stress"][name].isoformat()
        if isinstance(self.liquidity, LiquidityTable):
            stated["liquidity"]["factors"] = [asdict(item) for item in self.liquidity.factors]
        return stated


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules of a study: one for all underlyings, and those of underlyings that differ.

    Attributes:
        path: The file; `None` where the rule was stated otherwise.
        sha256: Its digest.
    """

    default: ScanRangeRule
    by_underlying: Mapping[str, ScanRangeRule] = field(default_factory=lambda: MappingProxyType({}))
    path: str | None = None
    sha256: str | None = None

    def rule_of(self, underlying: str) -> ScanRangeRule:
        """The rule of an underlying."""
        return self.by_underlying.get(underlying, self.default)


@dataclass(frozen=True, slots=True)
class RangeStep:
    """What one step of a rule comes to, upwards and downwards.

    Attributes:
        name: The step.
        unit: ``points``, ``percent`` or, before that, ``fraction`` of the price.
    """

    name: str
    unit: str
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """How often prices moved by more than the range that was known before the move.

    Attributes:
        days: Days with a range and the price at the end of the holding period after them.
        above: Rises of more than the range.
        below: Falls of more than the range.
        expected: How many a percentile of its confidence lets pass, at most; `None` where no percentile is used.
    """

    days: int
    above: int
    below: int
    expected: float | None


@dataclass(frozen=True, eq=False, slots=True)
class RangeSeries:
    """Ranges through time, each from the prices up to its day, and the moves after it.

    Attributes:
        dates: Days, ascending; the last is the day of the study.
        up: Range by day.
        down: Range by day, positive.
        moves: Signed move from each day to the end of the holding period; shorter than `dates` by that period.
    """

    dates: DateArray
    up: FloatArray
    down: FloatArray
    moves: FloatArray

    @property
    def is_above(self) -> BoolArray:
        """Which moves are rises of more than the range of their day; a move of exactly the range is not."""
        above: BoolArray = self.moves > self.up[: len(self.moves)] * _EXACTLY
        return above

    @property
    def is_below(self) -> BoolArray:
        """Which moves are falls of more than the range of their day."""
        below: BoolArray = -self.moves > self.down[: len(self.moves)] * _EXACTLY
        return below


@dataclass(frozen=True, eq=False, slots=True)
class ScanRange:
    """The price scan range of one underlying.

    Attributes:
        price: On the day of the study.
        first_date: First day of its history.
        prices: Number of its prices up to the day of the study.
        up: Range where the price rises, in the rule's unit, positive.
        down: Range where it falls, positive.
        average_volume: Lots a day, where the rule asks for it.
        steps: How the range came about.
    """

    underlying: str
    rule: ScanRangeRule
    price: float
    first_date: date
    prices: int
    up: float
    down: float
    average_volume: float | None
    steps: tuple[RangeStep, ...]
    backtest: Backtest
    series: RangeSeries

    def house_entry(self) -> dict[str, Any]:
        """The entry of a house configuration's ``commodities``."""
        entry: dict[str, Any] = {"code": self.underlying, "price_scan_range": {self.rule.unit: self.up}}
        if self.down != self.up:
            entry["price_scan_range_down"] = {self.rule.unit: self.down}
        return entry


@dataclass(frozen=True, eq=False)
class ScanRangeStudy:
    """Price scan ranges of all underlyings of a history on one day.

    Attributes:
        as_of: The day.
        source: The history.
        rules: The rules.
        ranges: By underlying, sorted.
        problems: Warnings of the history.
    """

    as_of: date
    source: MarketSource
    rules: RuleBook
    ranges: tuple[ScanRange, ...]
    problems: tuple[Problem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The document that ``margin arrays scan-range --format json`` writes."""
        return {
            "schema_version": SCHEMA_VERSION,
            "as_of": self.as_of.isoformat(),
            "history": asdict(self.source),
            "rule_file": None if self.rules.path is None else {"path": self.rules.path, "sha256": self.rules.sha256},
            "scan_ranges": [_range_document(item) for item in self.ranges],
            "problems": [problem.to_dict() for problem in self.problems],
        }


def _range_document(item: ScanRange) -> dict[str, Any]:
    series = item.series
    return {
        "underlying": item.underlying,
        "unit": item.rule.unit,
        "up": item.up,
        "down": item.down,
        "price": item.price,
        "first_date": item.first_date.isoformat(),
        "prices": item.prices,
        "average_volume": item.average_volume,
        "rule": item.rule.to_dict(),
        "steps": [asdict(step) for step in item.steps],
        "backtest": asdict(item.backtest),
        "series": {
            "dates": [str(day) for day in series.dates],
            "up": series.up.tolist(),
            "down": series.down.tolist(),
            "moves": series.moves.tolist(),
        },
    }
