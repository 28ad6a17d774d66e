"""Rows of account data: what kind each is, whether it says all that it must and nothing that it may not."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from margin.model.account import CROSS, ISOLATED_PREFIX, SEVERITY, AccountSource
from margin.model.position import ACCOUNT_KEY
from margin.model.problem import Problem, Reason
from margin.read.accounts._columns import COLUMNS, FIELDS, NUMBERS
from margin.read.numbers import LARGEST_NUMBER
from margin.read.positions._row_faults import RowFault, RowFaults


@dataclass(frozen=True, slots=True)
class AccountRead:
    """What one file holds.

    Attributes:
        source: The file.
        rows: All of `COLUMNS`, with ``scope`` as a bucket's id or `CROSS`, ``kind``, one of `FIELDS`, and ``line``.
        problems: Warnings.
    """

    source: AccountSource
    rows: pl.DataFrame
    problems: tuple[Problem, ...] = ()


def check_rows(values: dict[str, pl.Series], lines: pl.Series, rows: RowFaults) -> pl.DataFrame:
    """Tell the rows' kinds, and check all that can be said of a row alone.

    A row with an asset is a balance; one with a market is an open order where it has a limit price, else a position;
    any other is about the account itself.

    Args:
        values: Converted columns by canonical name; those left out are blank.
        lines: Line of each row, `NO_LINE` in formats without lines.
        rows: Takes the faults.

    Returns:
        The frame of an `AccountRead`; usable only if nothing was added to `rows`.
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
    checks.check_fields()
    checks.check_numbers()
    checks.check_words()
    scope = pl.col("scope")
    bucket = scope.str.strip_prefix(ISOLATED_PREFIX)
    return frame.with_columns(
        checks.kind,
        scope=pl.when(scope.is_null() | (scope == "cross")).then(pl.lit(CROSS)).otherwise(bucket),
        quantity=pl.when(pl.col("quantity") == 0.0).then(0.0).otherwise("quantity"),
    )


class _Checks:
    """The checks of one file; a value that could not be used counts as given and is not complained about again."""

    def __init__(self, frame: pl.DataFrame, rows: RowFaults) -> None:
        self.frame = frame
        self.rows = rows
        self.given = {name: self._given(name) for name in COLUMNS}
        self.kind = self._kinds()

    def _given(self, name: str) -> pl.Series:
        given = self.frame[name].is_not_null()
        bad = self.rows.bad(name)
        return given if bad is None else given | bad

    def _kinds(self) -> pl.Series:
        asset, market = self.given["asset"], self.given["market"]
        words = "asset and market are both given; a balance has an asset, a position or order has a market: keep one"
        self._refuse("market", asset & market, words)
        is_order = market & self.given["limit_price"]
        kind = pl.when(asset).then(pl.lit("balance")).when(is_order).then(pl.lit("order"))
        chosen = kind.when(market).then(pl.lit("position")).otherwise(pl.lit("account"))
        table = pl.DataFrame({"none": pl.repeat(0, self.rows.height, eager=True)})
        return table.select(chosen.alias("kind")).to_series()

    def _refuse(self, name: str, mask: pl.Series, message: str, reason: Reason = Reason.INVALID_VALUE) -> None:
        self.rows.add(name, mask, lambda _: RowFault(reason, message, {"field": name}))

    def check_fields(self) -> None:
        """Each kind of row says what it must, and nothing that belongs to another."""
        self._refuse("account", ~self.given["account"], "account is blank; say whose row it is", Reason.MISSING_FIELD)
        for kind, fields in FIELDS.items():
            chosen = self.kind == kind
            for name in COLUMNS:
                if name not in (*fields, *ACCOUNT_KEY):
                    message = f"{name} is given in a row that is {_WHAT[kind]}, which has none; leave it blank there"
                    self._refuse(name, chosen & self.given[name], message)
            if "quantity" in fields:
                message = f"quantity is blank in a row that is {_WHAT[kind]}; add it"
                self._refuse("quantity", chosen & ~self.given["quantity"], message, Reason.MISSING_FIELD)

    def check_numbers(self) -> None:
        """Prices and leverages are above zero, and no number is beyond use."""
        for name in sorted(NUMBERS):
            numbers = self.frame[name]
            too_large = numbers.abs() > LARGEST_NUMBER
            self._refuse_number(name, too_large, f"at most {LARGEST_NUMBER:g} in size")
            if name != "quantity":
                self._refuse_number(name, numbers <= 0.0, "more than zero")

    def _refuse_number(self, name: str, mask: pl.Series, expected: str) -> None:
        numbers = self.frame[name]

        def describe(row: int) -> RowFault:
            message = f"{name} is {numbers[row]!r}, expected {expected}; correct it"
            return RowFault(Reason.INVALID_VALUE, message, {"field": name, "found": numbers[row], "expected": expected})

        self.rows.add(name, mask, describe)

    def check_words(self) -> None:
        """Scopes are ``cross`` or ``isolated:`` with an id; previous states are states."""
        scope = self.frame["scope"]
        isolated = scope.str.starts_with(ISOLATED_PREFIX) & (scope.str.len_chars() > len(ISOLATED_PREFIX))
        self._refuse_word("scope", (scope != "cross") & ~isolated, "cross or isolated:ID, such as isolated:hedge-1")
        known = [str(state) for state in SEVERITY]
        state = self.frame["previous_state"]
        self._refuse_word("previous_state", ~state.is_in(known), f"one of {', '.join(known)}")

    def _refuse_word(self, name: str, mask: pl.Series, expected: str) -> None:
        words = self.frame[name]

        def describe(row: int) -> RowFault:
            message = f"{name} is {words[row][:80]!r}, expected {expected}; correct it"
            return RowFault(Reason.INVALID_VALUE, message, {"field": name, "found": words[row], "expected": expected})

        self.rows.add(name, mask & words.is_not_null(), describe)


_WHAT = {
    "balance": "a balance (it has an asset)",
    "position": "a position (it has a market and no limit_price)",
    "order": "an order (it has a market and a limit_price)",
    "account": "about an account (it has no asset and no market)",
}
