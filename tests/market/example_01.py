"""The first example's files: a small NSE-like parameter file and twelve books with a story each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tests.market.generate import generate_market, nse_spec, write_spn
from tests.market.model import Family, Market
from tests.market.position_files import write_csv, write_pos
from tests.market.positions import POSITION_COLUMNS

FOLDER = Path(__file__).parents[2] / "examples" / "01-nse-end-of-day"
INDEX, BANKS, SOFTWARE, TRADING, POWER, TEA = range(6)
ALL = range(6)
STOCKS = range(2, 6)


@dataclass
class Book:
    """One account's positions as they are written down: lots of a future, or of an option by strike step."""

    market: Market
    rows: list[dict[str, object]] = field(default_factory=list)

    def future(self, commodity: int, month: int, lots: int) -> None:
        """Add lots of the future of the given month, 0 the nearest."""
        family = self._family(commodity, "FUT")
        self._add(commodity, "FUT", family.contracts.period[month], None, None, lots)

    def option(self, commodity: int, expiry: int, right: str, step: int, lots: int) -> None:
        """Add lots of the option `step` strikes above the one nearest to the spot, expiry 0 the nearest."""
        family = self._family(commodity, "OOP")
        series = family.series[expiry]
        strikes = sorted(set(family.contracts.strike[series.start : series.stop].tolist()))
        spot = float(self._family(commodity, "PHY").contracts.price[0])
        nearest = min(range(len(strikes)), key=lambda i: abs(strikes[i] - spot))
        self._add(commodity, "OOP", series.period, right, strikes[nearest + step], lots)

    def _family(self, commodity: int, type_: str) -> Family:
        links = self.market.commodities[commodity].links
        return next(f for f in (self.market.family(link.family) for link in links) if f.type == type_)

    def _add(self, commodity: int, type_: str, expiry: str, right: str | None, strike: float | None, lots: int) -> None:
        family = self._family(commodity, type_)
        self.rows.append(
            {
                "exchange": family.exchange,
                "product": family.code,
                "type": type_,
                "expiry": expiry,
                "right": right,
                "strike": strike,
                "quantity": lots * family.lot_size,
            }
        )


def protected_futures(book: Book) -> None:
    """Long futures, each insured with puts; short bank futures, which the file sets off against nothing."""
    for commodity, expiry, lots in ((INDEX, 3, 12), (SOFTWARE, 1, 8), (TRADING, 1, 5), (POWER, 1, 6), (TEA, 1, 4)):
        book.future(commodity, 0, lots)
        book.option(commodity, expiry, "P", -1, lots)
    book.future(BANKS, 0, -6)


def calendar_spreads(book: Book) -> None:
    """Short one month and long another of the same future, the other way round in some."""
    for commodity in ALL:
        sign = -1 if commodity % 2 else 1
        book.future(commodity, 0, -10 * sign)
        book.future(commodity, 1, 10 * sign)
    book.future(INDEX, 2, 6)


def short_strangles(book: Book) -> None:
    """Calls sold above and puts sold below the market."""
    for commodity, width, lots in ((INDEX, 3, 10), (BANKS, 3, 8), (SOFTWARE, 2, 5), (TRADING, 2, 4), (TEA, 2, 6)):
        book.option(commodity, 0, "C", width, -lots)
        book.option(commodity, 0, "P", -width, -lots)


def covered_calls(book: Book) -> None:
    """Long futures, calls sold against them."""
    for commodity in (INDEX, *STOCKS):
        book.future(commodity, 0, 5)
        book.option(commodity, 0, "C", 1, -5)


def iron_condors(book: Book) -> None:
    """A strangle sold and a wider one bought: the loss is limited on both sides."""
    for commodity, expiry, lots in ((INDEX, 1, 12), (BANKS, 2, 6), (SOFTWARE, 0, 4)):
        for right, step, side in (("P", -4, 1), ("P", -2, -1), ("C", 2, -1), ("C", 4, 1)):
            book.option(commodity, expiry, right, step, side * lots)


def long_options(book: Book) -> None:
    """Nothing but options bought: no more than their value can be lost."""
    for commodity, right, step, lots in (
        (INDEX, "C", 2, 20), (INDEX, "P", -2, 20), (BANKS, "C", 1, 10), (SOFTWARE, "C", 1, 6), (POWER, "P", -1, 5),
    ):  # fmt: skip
        book.option(commodity, 0, right, step, lots)


def vertical_spreads(book: Book) -> None:
    """An option bought and one further out sold."""
    for commodity in ALL:
        right, step = ("C", 1) if commodity % 2 == 0 else ("P", -1)
        book.option(commodity, 1, right, 0, 6)
        book.option(commodity, 1, right, 2 * step, -6)


def outright_futures(book: Book) -> None:
    """Directional positions without a hedge."""
    for commodity, month, lots in ((INDEX, 0, 15), (BANKS, 0, -10), (SOFTWARE, 1, 5), (TRADING, 0, -4), (POWER, 0, 7)):
        book.future(commodity, month, lots)


def hedged_straddles(book: Book) -> None:
    """Straddles sold at the money, the delta taken out with futures."""
    for commodity, hedge in ((INDEX, 1), (BANKS, -1), (POWER, 1)):
        book.option(commodity, 0, "C", 0, -8)
        book.option(commodity, 0, "P", 0, -8)
        book.future(commodity, 0, hedge)


def butterflies(book: Book) -> None:
    """One call bought, two sold, one bought."""
    for commodity, expiry in ((INDEX, 0), (INDEX, 2), (BANKS, 2), (TEA, 0)):
        for step, lots in ((-2, 5), (0, -10), (2, 5)):
            book.option(commodity, expiry, "C", step, lots)


def conversions(book: Book) -> None:
    """A future against its replica in options: short call, long put, at one strike and expiry."""
    for commodity, expiry in ((INDEX, 1), (BANKS, 1), (SOFTWARE, 0), (TRADING, 0), (TEA, 0)):
        book.future(commodity, 0, 6)
        book.option(commodity, expiry, "C", 0, -6)
        book.option(commodity, expiry, "P", 0, 6)


def time_spreads(book: Book) -> None:
    """An option of a near expiry sold against a later one."""
    for commodity, near, far in ((INDEX, 0, 3), (INDEX, 1, 4), (BANKS, 0, 3), (SOFTWARE, 0, 2), (POWER, 0, 1)):
        book.option(commodity, near, "C", 1, -8)
        book.option(commodity, far, "C", 1, 8)


ACCOUNTS: tuple[tuple[str, str, str, Callable[[Book], None]], ...] = (
    ("NORTH", "ARBITRAGE", "S", conversions),
    ("NORTH", "BUTTERFLIES", "S", butterflies),
    ("NORTH", "CALENDARS", "S", calendar_spreads),
    ("NORTH", "CONDORS", "S", iron_condors),
    ("NORTH", "COVERED-CALLS", "H", covered_calls),
    ("NORTH", "HEDGED", "H", protected_futures),
    ("SOUTH", "DIRECTIONAL", "S", outright_futures),
    ("SOUTH", "LONG-OPTIONS", "S", long_options),
    ("SOUTH", "STRADDLES", "S", hedged_straddles),
    ("SOUTH", "STRANGLES", "S", short_strangles),
    ("SOUTH", "TIME-SPREADS", "S", time_spreads),
    ("SOUTH", "VERTICALS", "S", vertical_spreads),
)
"""Firm, account, account type and book."""


def example_market() -> Market:
    """The example's market: two indices and four stocks."""
    return generate_market(nse_spec(seed=1))


def example_positions(market: Market) -> pl.DataFrame:
    """The twelve books as one frame with the columns of a position file."""
    rows: list[dict[str, object]] = []
    for firm, account, kind, fill in ACCOUNTS:
        book = Book(market)
        fill(book)
        holder = {"firm": firm, "account": account, "account_type": kind, "segregation": "CUST", "currency": "INR"}
        rows += [holder | row for row in book.rows]
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.lit(None, pl.String).alias("underlying_expiry")
    )
    return frame.select(POSITION_COLUMNS)


def write_example(folder: Path = FOLDER) -> list[Path]:
    """Write the example's generated files and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    market = example_market()
    positions = example_positions(market)
    return [
        write_spn(market, folder / "parameters.spn", indent=True),
        write_csv(positions.drop("underlying_expiry"), folder / "positions.csv"),
        write_pos(positions, market, folder / "positions.pos"),
    ]
