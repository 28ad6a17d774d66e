"""Rows of market data: what kind each is, whether it says all that it must and nothing that it may not."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from margin.model.contract import NO_PERIOD, OPTION_TYPES, PRODUCT_TYPES
from margin.model.problem import Problem, Reason, Severity
from margin.numeric.arrays import BoolArray, IntArray
from margin.read.market._columns import COLUMNS, FIELDS, NAMES, NUMBERS, SVI_COLUMNS
from margin.read.positions._row_faults import RowFault, RowFaults

_DATED_TYPES = OPTION_TYPES | {"FUT", "FWD"}
_NEVER_NEGATIVE = OPTION_TYPES | {"EQTY"}
_OPTION_FIELDS = ("right", "strike", "volatility", "underlying_expiry")
_LARGE_VOLATILITY = 5.0
_LARGE_RATE = 1.0


@dataclass(frozen=True, slots=True)
class MarketRows:
    """Rows of one file, converted, each of one kind.

    Attributes:
        frame: All of `COLUMNS`, `kind` and `line`; ``price`` stands for bid and ask, too. Rows with a fault are not
            among them.
        problems: Warnings, without the file.
    """

    frame: pl.DataFrame
    problems: tuple[Problem, ...]

    def of(self, kind: str) -> pl.DataFrame:
        """The rows of one kind."""
        return self.frame.filter(pl.col("kind") == kind)


def check_rows(values: dict[str, pl.Series], lines: pl.Series, rows: RowFaults) -> MarketRows:
    """Tell the rows' kinds, and check all that can be said of a row alone.

    A row with a product is a contract's quote. One with an underlying holds SVI parameters where it has any, else a
    point of a surface where it has a strike or a volatility, else the price of the underlying.

    Args:
        values: Converted columns by canonical name; those left out are blank.
        lines: Line of each row, null in formats without lines.
        rows: Takes the faults.
    """
    blank = {name: pl.Float64 if name in NUMBERS else pl.String for name in COLUMNS}
    frame = pl.DataFrame(
        [
            values[name].cast(dtype).alias(name)
            if name in values
            else pl.repeat(None, rows.height, dtype=dtype, eager=True).alias(name)
            for name, dtype in blank.items()
        ]
    ).with_columns(lines.cast(pl.Int32).alias("line"))
    checks = _Checks(frame, rows)
    frame = frame.with_columns(checks.kind)
    checks.check_fields()
    checks.check_quotes()
    checks.check_numbers()
    checks.check_svi()
    checks.check_dates()
    middle = pl.coalesce("price", pl.col("bid") / 2.0 + pl.col("ask") / 2.0)
    return MarketRows(frame.with_columns(price=middle).filter(rows.sound()), checks.warnings())


class _Checks:
    """The checks of one file; a value that could not be used counts as given and is not complained about again."""

    def __init__(self, frame: pl.DataFrame, rows: RowFaults) -> None:
        self.frame = frame
        self.rows = rows
        self.given = {name: self._given(name) for name in COLUMNS}
        self.numbers = {name: frame[name].to_numpy() for name in NUMBERS}  # NaN where there is none
        self.is_kind = self._kinds()

    def _given(self, name: str) -> BoolArray:
        given = self.frame[name].is_not_null()
        bad = self.rows.bad(name)
        return np.asarray(given if bad is None else given | bad)

    def _any(self, names: tuple[str, ...]) -> BoolArray:
        return np.asarray(np.any([self.given[name] for name in names], axis=0))

    def _kinds(self) -> dict[str, BoolArray]:
        """Which rows are of each kind; those of none are reported."""
        product, underlying = self.given["product"], self.given["underlying"]
        self._refuse("product", product & underlying, _BOTH)
        self._refuse("underlying", ~product & ~underlying, _NEITHER)
        of_underlying = underlying & ~product
        svi = of_underlying & self._any(SVI_COLUMNS)
        point = of_underlying & self._any(("strike", "volatility")) & ~svi
        return {
            "quote": product & ~underlying,
            "svi": svi,
            "volatility": point,
            "underlying": of_underlying & ~svi & ~point,
        }

    @property
    def kind(self) -> pl.Series:
        """The kind of each row, null for a row of none."""
        kinds = np.full(self.rows.height, None, dtype=object)
        for kind, chosen in self.is_kind.items():
            kinds[chosen] = kind
        return pl.Series("kind", kinds.tolist(), dtype=pl.String)

    def _is_in(self, name: str, values: Collection[str]) -> BoolArray:
        return self.frame[name].is_in(sorted(values)).fill_null(value=False).to_numpy()

    def _add(self, name: str, mask: BoolArray, describe: Callable[[int], RowFault]) -> None:
        if mask.any():
            self.rows.add(name, pl.Series(mask), describe)

    def _refuse(self, name: str, mask: BoolArray, message: str, reason: Reason = Reason.INVALID_VALUE) -> None:
        self._add(name, mask, lambda _: RowFault(reason, message, {"field": name}))

    def _refuse_value(self, name: str, mask: BoolArray, expected: str, advice: str = "correct it") -> None:
        def describe(row: int) -> RowFault:
            found = self.frame[name][row]
            message = f"{name} is {found!r}, expected {expected}; {advice}"
            return RowFault(Reason.INVALID_VALUE, message, {"field": name, "found": found, "expected": expected})

        self._add(name, mask & self.frame[name].is_not_null().to_numpy(), describe)

    def _require(self, name: str, mask: BoolArray, what: str) -> None:
        message = f"{name} is blank, expected it in {what}; add it"
        self._refuse(name, mask & ~self.given[name], message, Reason.MISSING_FIELD)

    def check_fields(self) -> None:
        """Each kind of row says what it must, and nothing that belongs to another."""
        for kind, chosen in self.is_kind.items():
            for name in (name for name in COLUMNS if name not in {*FIELDS[kind], "product", "underlying"}):
                message = f"{name} is given in the {NAMES[kind]}, which has none; leave it blank there"
                self._refuse(name, chosen & self.given[name], message)
        underlying = self.is_kind["underlying"]
        silent = underlying & ~self._any(("price", "bid", "ask", "rate", "carry"))
        message = "the row says nothing of the underlying, expected a price (or bid and ask), a rate or a carry"
        self._refuse("price", silent, message, Reason.MISSING_FIELD)
        endless = self._is_in("expiry", [NO_PERIOD])
        for kind, fields in (("volatility", ("expiry", "strike", "volatility")), ("svi", ("expiry", *SVI_COLUMNS))):
            for name in fields:
                self._require(name, self.is_kind[kind], f"a {NAMES[kind]}")
            message = f"expiry says that nothing expires, expected the options' in a {NAMES[kind]}"
            self._refuse("expiry", self.is_kind[kind] & endless, message)
        timeless = underlying & (endless | ~self.given["expiry"]) & self.given["time_to_expiry"]
        message = "time_to_expiry is given for a spot, which does not expire; leave it blank, or add the expiry"
        self._refuse("time_to_expiry", timeless, message)

    def check_quotes(self) -> None:
        """Contracts are named in full, and only options have what only options have."""
        quotes = self.is_kind["quote"]
        self._require("type", quotes, "a contract's quote, such as FUT, OOP or OOF")
        known = self._is_in("type", PRODUCT_TYPES)
        self._refuse_value("type", quotes & ~known, f"one of {', '.join(sorted(PRODUCT_TYPES))}")
        options = quotes & self._is_in("type", OPTION_TYPES)
        for name in ("right", "strike"):
            self._require(name, options, "the quote of an option")
        self._require("expiry", quotes & self._is_in("type", _DATED_TYPES), "the quote of a future, forward or option")
        for name in _OPTION_FIELDS:
            message = (
                f"{name} is given in the quote of a contract that is no option; leave it blank, or correct the type"
            )
            self._refuse(name, quotes & known & ~options & self.given[name], message)
        positive = quotes & self._is_in("type", _NEVER_NEGATIVE)
        for name in ("price", "bid", "ask"):
            expected = "zero or more: options and shares have no negative price"
            self._refuse_value(name, positive & (self.numbers[name] < 0.0), expected)

    def check_numbers(self) -> None:
        """Numbers lie where they have a meaning."""
        bids, asks = self.numbers["bid"], self.numbers["ask"]

        def describe(row: int) -> RowFault:
            bid, ask = float(bids[row]), float(asks[row])
            message = f"bid {bid!r} is above ask {ask!r}; correct them, or leave both blank and give the price"
            return RowFault(Reason.INVALID_VALUE, message, {"field": "bid", "found": bid, "expected": ask})

        self._add("bid", bids > asks, describe)
        none = "leave it blank where there is none"
        self._refuse_value("volatility", self.numbers["volatility"] <= 0.0, "more than zero, a fraction a year", none)
        self._refuse_value("time_to_expiry", self.numbers["time_to_expiry"] < 0.0, "zero or more, in years")

    def check_svi(self) -> None:
        """SVI parameters give total variances, none of them negative."""
        a, b, rho, sigma = (self.numbers[name] for name in ("a", "b", "rho", "sigma"))
        self._refuse_value("b", b < 0.0, "zero or more")
        self._refuse_value("rho", np.abs(rho) > 1.0, "a number from -1 to 1")
        self._refuse_value("sigma", sigma <= 0.0, "more than zero")
        sound = self.is_kind["svi"] & (b >= 0.0) & (np.abs(rho) <= 1.0) & (sigma > 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            least = a + b * sigma * np.sqrt(np.maximum(1.0 - rho * rho, 0.0))

        def describe(row: int) -> RowFault:
            found = f"{least[row]:.6g}"
            message = (
                f"the least total variance, a + b·sigma·√(1 − rho²), is {found}, expected zero or more; correct it"
            )
            return RowFault(Reason.INVALID_VALUE, message, {"field": "a", "found": found, "expected": 0})

        self._add("a", sound & self.given["a"] & ~((least >= 0.0) & np.isfinite(least)), describe)

    def check_dates(self) -> None:
        """All rows that have a date have the same."""
        dates = self.frame["date"]
        stated = dates.drop_nulls()
        if stated.len():
            other = (dates != stated[0]).fill_null(value=False).to_numpy()
            self._refuse_value("date", other, f"{stated[0]!r} as in the first row: the data are of one day")

    def warnings(self) -> tuple[Problem, ...]:
        """What may be meant, and mostly is not."""
        percent = "is 100 % a year or more; write 0.05 for 5 %"
        found = [
            (
                (self.given["bid"] ^ self.given["ask"]) & ~self.given["price"],
                "bid",
                "of bid and ask only one is given, and no price: the row has no price",
            ),
            (
                self.is_kind["volatility"] & (self.numbers["volatility"] >= _LARGE_VOLATILITY),
                "volatility",
                "the volatility is 500 % a year or more; write 0.145 for 14.5 %",
            ),
            *((np.abs(self.numbers[name]) >= _LARGE_RATE, name, f"the {name} {percent}") for name in ("rate", "carry")),
        ]
        return tuple(self._warning(np.flatnonzero(mask), name, text) for mask, name, text in found if mask.any())

    def _warning(self, rows: IntArray, name: str, message: str) -> Problem:
        """One warning for all rows that it holds of, at the first."""
        counted = f" (so in {len(rows):,} rows)" if len(rows) > 1 else ""
        line = self.frame["line"][int(rows[0])]
        return Problem(Reason.INVALID_VALUE, message + counted, Severity.WARNING, line=line, attributes={"field": name})


_BOTH = (
    "product and underlying are both given: a row is a contract's quote (product, type, …) or about an underlying; "
    "leave one of them blank"
)
_NEITHER = "product and underlying are both blank, expected one of them: the row is of nothing"
