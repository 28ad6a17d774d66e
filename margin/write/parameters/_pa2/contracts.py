"""Records 81 to 84: contracts with their key, arrays, deltas and prices, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from margin.model.contract import OPTION_TYPES
from margin.numeric.arrays import BoolArray, IntArray
from margin.write.parameters._pa2.block import Block, Bytes, encoded, trimmed
from margin.write.parameters._pa2.figures import FIRST_CABINET_PRICE, PRICE_DIGITS, Figures
from margin.write.parameters._pa2.limits import OTHER_FORMAT
from margin.write.parameters._pa2.periods import PERIOD
from margin.write.parameters._pa2.record import BLANK
from margin.write.parameters._pa2.series_block import scaled_factors
from margin.write.parameters._pa2.subject import Subject

ROWS_AT_ONCE = 1 << 15
_FIRST_HALF = 9
_PERIOD_LETTERS = 8
_EXPIRING = sorted(OPTION_TYPES | {"FUT", "FWD"})
_NO_FACTOR = 1.0  # what the price of an option without a factor is multiplied by; a file has to say so


@dataclass(frozen=True)
class ContractKeys:
    """What every contract is named by, as bytes; shape (contracts, width) each.

    Attributes:
        exchange, product, underlying, type, right: Codes.
        futures_period: Period of the future, or of the contract itself if it is no option: month and day code.
        option_period: Period of the option.
    """

    exchange: Bytes
    product: Bytes
    underlying: Bytes
    type: Bytes
    right: Bytes
    futures_period: Bytes
    option_period: Bytes

    def put(self, block: Block, rows: slice | IntArray) -> None:
        """Fill the key of some rows into a block."""
        for name in ("exchange", "product", "underlying", "type", "right"):
            block.text(name, getattr(self, name)[rows])
        for name in ("futures", "option"):
            period = getattr(self, f"{name}_period")[rows]
            block.text(f"{name}_month", period)
            block.text(f"{name}_day", period, 6)


def named_contracts(subject: Subject) -> pl.DataFrame:
    """The contract frame with the codes that records name contracts by; refuses what they cannot name.

    Adds exchange, code, type, ``underlying_product``, ``futures_period`` and ``option_period``.
    """
    parameters = subject.parameters
    products = pl.DataFrame(
        {
            "product": np.arange(len(parameters.products), dtype=np.int32),
            "exchange": [product.exchange for product in parameters.products],
            "code": [product.code for product in parameters.products],
            "type": [product.type for product in parameters.products],
            "is_premium": [product.is_option and product.is_premium_style for product in parameters.products],
            "stated_underlying": _stated_underlyings(subject),
        },
        schema_overrides={"product": pl.Int32, "stated_underlying": pl.String},
    )
    frame = parameters.contracts.join(products, on="product", how="left", maintain_order="left")
    is_option = pl.col("type").is_in(sorted(OPTION_TYPES))
    below = pl.col("underlying_contract")
    frame = frame.with_columns(
        underlying_exchange=pl.col("exchange").gather(below),
        underlying_product=pl.when(is_option)
        .then(pl.coalesce(pl.col("code").gather(below), "stated_underlying", "code"))
        .otherwise("code"),
        futures_period=pl.when(is_option).then(pl.col("underlying_period").fill_null("")).otherwise("period"),
        option_period=pl.when(is_option).then("period").otherwise(pl.lit("")),
        is_option=is_option,
        contract_value_factor=pl.when(pl.col("is_premium"))
        .then(pl.col("contract_value_factor").fill_null(_NO_FACTOR))
        .otherwise("contract_value_factor"),
    )
    _refuse_names(subject, frame)
    linked = frame.select((~is_option & below.is_not_null()).sum()).item()
    if linked:
        subject.limits.leave_out("underlyings of contracts that are no options", int(linked))
    return frame


def _stated_underlyings(subject: Subject) -> list[str | None]:
    """Code of the family that each family names as its first underlying, `None` without one that is there."""
    codes = {(product.exchange, product.product_id): product.code for product in subject.parameters.products}
    return [codes.get(product.underlying[0]) if product.underlying else None for product in subject.parameters.products]


def _refuse_names(subject: Subject, frame: pl.DataFrame) -> None:
    key = ["exchange", "code", "type", "futures_period", "option_period", "right", "strike"]
    rules: Mapping[str, tuple[pl.Expr, str, str, str]] = {
        "pe": (
            pl.any_horizontal(
                (pl.col(name) != "") & ~pl.col(name).str.contains(f"^{PERIOD}$")
                for name in ("period", "futures_period")
            )
            | (pl.col("type").is_in(_EXPIRING) & (pl.col("period") == "")),
            "period",
            "a period is a month and a code of two characters, such as 202606 or 202606W1",
            "take the contract out",
        ),
        "undC": (
            (pl.col("type") == "OOF") & (pl.col("futures_period") == ""),
            "period",
            "an option on a future names the month of its future, and none is known",
            "state the underlying contract",
        ),
        "undC/exch": (
            pl.col("is_option") & (pl.col("underlying_exchange") != pl.col("exchange")),
            "underlying_exchange",
            "an option and its underlying are on one exchange",
            "take the contract out",
        ),
        "cId": (
            ~pl.struct(key).is_first_distinct(),
            "contract_id",
            "contracts are told apart by product, periods, right and strike, and two share theirs",
            "take one of them out",
        ),
    }
    for element, (condition, column, why, hint) in rules.items():
        found = frame.filter(condition.fill_null(value=False))
        if found.height:
            first = found.row(0, named=True)
            subject.limits.refuse(
                f"{element} of {first['exchange']} {first['code']} {first['type']} {first['period']}",
                str(first[column]), why, f"{hint}, {OTHER_FORMAT}", line=first["line"], number=found.height,
            )  # fmt: skip


def keys_of(frame: pl.DataFrame) -> ContractKeys:
    """The bytes that name each contract of a frame that `named_contracts` gave."""
    return ContractKeys(
        exchange=encoded(frame["exchange"], 3),
        product=encoded(frame["code"], 10),
        underlying=encoded(frame["underlying_product"], 10),
        type=encoded(frame["type"], 3),
        right=encoded(frame["right"], 1),
        futures_period=encoded(frame["futures_period"], _PERIOD_LETTERS),
        option_period=encoded(frame["option_period"], _PERIOD_LETTERS),
    )


@dataclass(frozen=True)
class ContractRecords:
    """All contracts, ready to be written.

    Attributes:
        keys: Their names.
        figures: Their digits.
        product: Product row of each.
        flag: Kind of the current delta: ``C`` of a settlement, ``I`` intraday.
        frame: Columns of the contract frame.
        has_own_factors: Whether contracts of a product state contract value factors of their own, by product row.
    """

    keys: ContractKeys
    figures: Figures
    product: IntArray
    flag: str
    frame: pl.DataFrame
    has_own_factors: BoolArray

    def lines(self) -> Iterator[bytes]:
        """The records, in the order of the contracts, a piece at a time."""
        for start in range(0, len(self.product), ROWS_AT_ONCE):
            yield self._piece(np.arange(start, min(start + ROWS_AT_ONCE, len(self.product))))

    def _piece(self, rows: IntArray) -> bytes:
        is_long = self.figures.is_long[self.product[rows]]
        parts = [
            (which, self._halves(rows[which], *records))
            for which, records in ((~is_long, ("81", "82")), (is_long, ("83", "84")))
            if which.any()
        ]
        width = max(half.matrix.shape[1] for _, halves in parts for half in halves)
        matrix = np.full((2 * len(rows), width), BLANK, dtype=np.uint8)
        for which, halves in parts:
            for offset, half in enumerate(halves):
                matrix[2 * np.flatnonzero(which) + offset, : half.matrix.shape[1]] = half.matrix
        return trimmed(matrix)[0].tobytes()

    def _halves(self, rows: IntArray, first_record: str, second_record: str) -> tuple[Block, Block]:
        """Both records of some contracts of one number of digits."""
        figures = self.figures
        first, second = Block(first_record, len(rows)), Block(second_record, len(rows))
        for block in (first, second):
            self.keys.put(block, rows)
            block.number("strike", np.abs(figures.strike[rows]))
        for scenario in range(figures.losses.shape[1]):
            block = first if scenario < _FIRST_HALF else second
            block.number(f"loss_{scenario + 1}", figures.losses[rows, scenario], figures.has_array[rows])
        self._put_prices(first, second, rows)
        second.number("composite_delta", figures.composite_delta[rows], figures.has_array[rows])
        second.sign("strike_sign", figures.strike[rows] < 0)
        self._put_greeks(second, rows)
        self._put_factors(second, rows)
        return first, second

    def _put_prices(self, first: Block, second: Block, rows: IntArray) -> None:
        """The price in both fields where seven digits hold it, else in the long one alone; cabinet values in seven."""
        price, given = self.figures.price.digits[rows], self.figures.price.given[rows]
        limit = np.where(self.keys.right[rows, 0] == BLANK, 10**PRICE_DIGITS, FIRST_CABINET_PRICE)
        is_cabinet = self.figures.is_cabinet[rows]
        is_short = (np.abs(price) < limit) | is_cabinet
        first.number("settlement_price_long", np.abs(price), given & ~is_cabinet)
        flag = np.where(is_short, np.uint8(ord("N")), np.uint8(ord("Y")))
        first.text("settlement_price_flag", np.where(given, flag, np.uint8(BLANK))[:, None])
        second.number("settlement_price", np.where(is_short, np.abs(price), 0), given & is_short)
        second.sign("settlement_price_sign", price < 0, given)

    def _put_greeks(self, second: Block, rows: IntArray) -> None:
        """Implied volatility and current delta, which no margin figure follows from."""
        figures = self.figures
        second.number("implied_volatility", figures.volatility.digits[rows], figures.volatility.given[rows])
        second.number("current_delta", figures.current_delta.digits[rows], figures.current_delta.given[rows])
        second.letters("current_delta_flag", self.flag)

    def _put_factors(self, second: Block, rows: IntArray) -> None:
        own = self.has_own_factors[self.product[rows]]
        if not own.any():
            return
        for column, name, exponent_name in (
            ("contract_value_factor", "contract_value_factor", "value_factor_exponent"),
            ("strike_value_factor", "strike_value_factor", "strike_value_factor_exponent"),
        ):
            values = self.frame[column][rows].fill_null(np.nan).to_numpy()
            given = own & ~np.isnan(values)
            digits, exponent, _ = scaled_factors(np.where(given, values, 0.0))
            second.number(name, digits, given)
            second.number(exponent_name, exponent, given)
